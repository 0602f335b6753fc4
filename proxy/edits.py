"""Where edits of rules files go, and what the files have said before."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from proxy import folder as folders
from proxy.errors import RulesReadOnly
from proxy.revisions import Revision, Revisions


class Edits(Protocol):
    """Keeps edits, so that the rules' source gives them from then on; and former texts."""

    async def put(self, path: Path, before: str | None, after: str | None) -> None:
        """Let the file at *path* say *after*; None: let it go. *before* is what it has said.

        Raises:
            EditConflict: it does not say that any more.
            RulesReadOnly: nothing can be kept here.
            RedisAway: nor there, for now.
        """

    async def revisions(self, path: Path) -> list[Revision]:
        """Return what the file has said, the newest first."""

    async def revision(self, path: Path, revision_id: str) -> str:
        """Return one of those texts, or raise UnknownRevision."""


class FolderEdits:
    """Writes edits into the rules folder."""

    async def put(self, path: Path, before: str | None, after: str | None) -> None:
        """Replace the file, and keep both texts.

        Raises:
            RulesReadOnly: the folder cannot be written; the file is as it was.
        """
        try:
            await asyncio.to_thread(_replace, path, before, after)
        except OSError as exc:
            what = f"{path.name} cannot be written: {exc.strerror}"
            raise RulesReadOnly(f"{what}; edit it where the rules folder comes from") from exc

    async def revisions(self, path: Path) -> list[Revision]:
        """Return what the file has said, the newest first."""
        return await asyncio.to_thread(Revisions(path).listed)

    async def revision(self, path: Path, revision_id: str) -> str:
        """Return one of those texts.

        Raises:
            UnknownRevision: it is not kept.
        """
        return await asyncio.to_thread(Revisions(path).text, revision_id)


def _replace(path: Path, before: str | None, after: str | None) -> None:
    kept = Revisions(path)
    if before is not None:
        kept.keep(before, datetime.fromtimestamp(path.stat().st_mtime, UTC))
    if after is None:
        path.unlink()
        return
    folders.write(path, after)
    kept.keep(after, datetime.now(UTC))
