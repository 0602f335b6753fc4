"""What rules files have said: each text that was published, and what it took the place of."""

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from proxy import folder as folders
from proxy.errors import UnknownRevision

_FOLDER = ".revisions"
KEPT_MAX = 100
"""So many texts of a file are kept."""

_NAME = re.compile(r"\d{8}T\d{6}\.\d{6}Z-[0-9a-f]{16}")
_MOMENT = "%Y%m%dT%H%M%S.%fZ"


def etag_of(text: str) -> str:
    """Return the strong entity tag of a text: 16 hexadecimal digits in quotes."""
    return f'"{_digest(text)}"'


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


@dataclass(frozen=True, slots=True)
class Revision:
    """A text that a file had since a moment; *id* names it among those of the file."""

    id: str
    at: datetime
    etag: str


def write_id(text: str, at: datetime) -> str:
    """Return the id of the revision with that *text*."""
    return f"{at.astimezone(UTC).strftime(_MOMENT)}-{_digest(text)}"


def read_id(revision_id: str) -> Revision:
    """Return the revision with that id, as `write_id` has written it."""
    moment, _, digest = revision_id.partition("-")
    at = datetime.strptime(moment, _MOMENT).replace(tzinfo=UTC)
    return Revision(revision_id, at, f'"{digest}"')


class Revisions:
    """The texts of one rules file, in a hidden folder beside it, the last hundred."""

    def __init__(self, file: Path) -> None:
        self._folder = file.parent / _FOLDER / file.name

    def keep(self, text: str, at: datetime) -> None:
        """Keep *text*, which the file has since then, unless it is the last one kept.

        Raises:
            OSError: it cannot be kept.
        """
        kept = self.listed()
        if kept and kept[0].etag == etag_of(text):
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        folders.write(self._folder / write_id(text, at), text)
        for revision in kept[KEPT_MAX - 1 :]:
            (self._folder / revision.id).unlink(missing_ok=True)

    def listed(self) -> list[Revision]:
        """Return what is kept, the newest first."""
        names = (path.name for path in self._folder.glob("*"))
        return [read_id(name) for name in sorted(filter(_NAME.fullmatch, names), reverse=True)]

    def text(self, revision_id: str) -> str:
        """Return one text.

        Raises:
            UnknownRevision: it is not kept.
        """
        if _NAME.fullmatch(revision_id):
            try:
                return (self._folder / revision_id).read_bytes().decode()
            except FileNotFoundError:
                pass
        raise UnknownRevision(f"no revision is called {revision_id!r}")
