"""The rules folder: its files as texts, what tells that one has changed, and how one is replaced.

Marketers' editors, git, Kubernetes and the admin port all write here; nobody locks anything.
"""

import contextlib
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from proxy import document
from proxy.errors import Problem

RULES, BESIDE = ".yaml", ".json"
_MISNAMED = ".yml"
_NEW_NS = 1_000_000_000

Files: TypeAlias = dict[str, str | Problem]
"""The text of each file by its path, or why it cannot be read."""


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder of rules. Its methods block: on another machine's disk, for long."""

    path: Path

    def read(self) -> Files | None:
        """Read the rules, and the lists beside them as far as they are texts; None: all is gone."""
        if not self.path.is_dir():
            return None
        texts = {str(path): _text(path) for path in _files(self.path)}
        return {name: text for name, text in texts.items() if text is not None}

    def look(self) -> tuple[object, ...] | None:
        """Return what differs once a file does; None where one is so new that it may yet change.

        Two writes within a tick of the file system's clock may look the same.
        """
        stats = [(path.name, _stat(path)) for path in _files(self.path)]
        newest_ns = max((stat.st_mtime_ns for _, stat in stats if stat), default=0)
        if abs(time.time_ns() - newest_ns) < _NEW_NS:
            return None
        return (_stat(self.path) is not None, *((name, _told(stat)) for name, stat in stats))


def write(path: Path, text: str) -> None:
    """Replace a file, or make it: whoever reads it gets all of the old or all of the new text.

    Raises:
        OSError: it cannot be written; it is as it was.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with draft.open("w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _files(folder: Path) -> list[Path]:
    """Return the files that count, but hidden ones: those are editors' own."""
    wanted = {RULES, BESIDE, _MISNAMED}
    found = (path for path in folder.glob("*") if path.suffix in wanted)
    return sorted(path for path in found if not path.name.startswith("."))


def _text(path: Path) -> str | Problem | None:
    if path.suffix == _MISNAMED:
        what = "this file is not read, since its name does not end in .yaml"
        return Problem(str(path), 1, 1, what, "rename it")
    try:
        if path.suffix == BESIDE and path.stat().st_size > document.MAX_BYTES:
            return None
        return path.read_bytes().decode()
    except (OSError, UnicodeDecodeError) as exc:
        if path.suffix == BESIDE:
            return None
        return Problem(str(path), 1, 1, f"cannot be read as text: {exc}", "save it as UTF-8")


def _told(stat: os.stat_result | None) -> tuple[int, ...]:
    return (stat.st_ino, stat.st_size, stat.st_mtime_ns) if stat else ()


def _stat(path: Path) -> os.stat_result | None:
    with contextlib.suppress(OSError):
        return path.stat()
    return None
