"""The rules folder, loaded and kept loaded: an edit is live within a second.

A file that is broken leaves its last good version serving. The whole set is swapped at once.
"""

import asyncio
import hashlib
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from watchfiles import awatch

from proxy.core.placement import Placement
from proxy.core.rules import load
from proxy.errors import DocumentError, Problem, UnknownPlacement

_SETTLE_MS = 50
_DEBOUNCE_MS = 400

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _File:
    """One file as last read: its digest, its last good placement, and what is wrong with it."""

    digest: str
    placement: Placement | None
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class RuleSet:
    """All rules files at one moment. `version` changes when any content does."""

    placements: Mapping[str, Placement]
    problems: tuple[Problem, ...]
    version: str
    loaded_at: float
    files: Mapping[str, _File] = field(repr=False)

    def placement(self, name: str) -> Placement:
        """Return the placement called *name*.

        Raises:
            UnknownPlacement: there is none.
        """
        try:
            return self.placements[name]
        except KeyError:
            known = ", ".join(sorted(self.placements)) or "none"
            raise UnknownPlacement(f"no placement is called {name!r}; known are: {known}") from None


EMPTY = RuleSet({}, (), "", 0.0, {})


def load_folder(folder: Path, before: RuleSet = EMPTY) -> RuleSet:
    """Read every `*.yaml` of *folder*; unchanged files are taken over from *before*."""
    files = {
        str(path): _load_file(path, before.files.get(str(path)))
        for path in sorted(folder.glob("*.yaml"))
    }
    placements: dict[str, Placement] = {}
    problems = [problem for file in files.values() for problem in file.problems]
    for file in files.values():
        if file.placement is not None:
            first = placements.setdefault(file.placement.name, file.placement)
            if first is not file.placement:
                problems.append(_taken(file.placement, first))
    digests = "".join(file.digest for file in files.values())
    version = hashlib.blake2b(digests.encode(), digest_size=6).hexdigest()
    return RuleSet(placements, tuple(problems), version, time.time(), files)


def _load_file(path: Path, before: _File | None) -> _File:
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        problem = Problem(str(path), 1, 1, f"cannot be read as text: {exc}", "save it as UTF-8")
        return _File("", before.placement if before else None, (problem,))
    digest = hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
    if before is not None and before.digest == digest:
        return before
    try:
        return _File(digest, load(text, str(path)), ())
    except DocumentError as exc:
        return _File(digest, before.placement if before else None, exc.problems)


def _taken(second: Placement, first: Placement) -> Problem:
    what = f"the placement '{second.name}' is already defined in {first.file}"
    return Problem(second.file, 1, 1, what, "give it another name, or remove one of the two")


class RuleBook:
    """The rules that serve now.

    Raises:
        DocumentError: *folder* is not a folder.
    """

    def __init__(self, folder: Path, *, on_load: Callable[[RuleSet], None]) -> None:
        if not folder.is_dir():
            what, mend = f"{folder} is not a folder", "set rules.folder"
            raise DocumentError((Problem("rules", 0, 0, what, mend),))
        self._folder = folder
        self._on_load = on_load
        self._current = EMPTY
        self._swap(load_folder(folder))

    @property
    def current(self) -> RuleSet:
        """Return the set that serves; it never changes, it is replaced."""
        return self._current

    async def watch(self) -> None:
        """Follow the folder until cancelled; reading and checking happen off the event loop.

        The folder is watched rather than its files, so that a Kubernetes ConfigMap's swap of
        links is seen too.
        """
        changes = awatch(
            self._folder, watch_filter=None, debounce=_DEBOUNCE_MS, step=_SETTLE_MS, recursive=False
        )
        async for _ in changes:
            self._swap(await asyncio.to_thread(load_folder, self._folder, self._current))

    def _swap(self, rules: RuleSet) -> None:
        if rules.version == self._current.version:
            return
        self._current = rules
        self._on_load(rules)
        _log.info(
            "rules loaded", extra={"version": rules.version, "placements": len(rules.placements)}
        )
        for problem in rules.problems:
            _log.error("rules problem", extra={"problem": str(problem)})
