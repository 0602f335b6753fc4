"""What rules files have said: each text that was published, and what it took the place of."""

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from proxy import folder as folders
from proxy.errors import UnknownRevision

_FOLDER = ".revisions"
_KEPT_MAX = 100
_NAME = re.compile(r"(\d{8}T\d{6}\.\d{6}Z)-([0-9a-f]{16})")
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
        name = f"{at.astimezone(UTC).strftime(_MOMENT)}-{_digest(text)}"
        folders.write(self._folder / name, text)
        for revision in kept[_KEPT_MAX - 1 :]:
            (self._folder / revision.id).unlink(missing_ok=True)

    def listed(self) -> list[Revision]:
        """Return what is kept, the newest first."""
        names = (path.name for path in self._folder.glob("*"))
        found = [match for name in names if (match := _NAME.fullmatch(name))]
        return [
            Revision(
                match[0], datetime.strptime(match[1], _MOMENT).replace(tzinfo=UTC), f'"{match[2]}"'
            )
            for match in sorted(found, key=lambda match: match[0], reverse=True)
        ]

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
