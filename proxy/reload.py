"""The rules folder, loaded and kept loaded: an edit is live within a second.

A file that is broken leaves its last good version serving. The whole set is swapped at once.
"""

import asyncio
import contextlib
import hashlib
import logging
import os
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from proxy import document
from proxy.core.placement import Placement, Rule
from proxy.core.rules import load
from proxy.errors import DocumentError, Problem, UnknownPlacement
from proxy.stalls import free, in_background

_LOOK_EVERY_S = 0.25
_NEW_NS = 1_000_000_000

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _File:
    """One file as last read: its digest, its last good placement, and what is wrong with it."""

    digest: str
    placement: Placement | None
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class RuleSet:
    """All rules files at one moment. `version` changes when any content does.

    `bound` are the placements that OrderCloud calls show, by the path of the call.
    """

    placements: Mapping[str, Placement]
    problems: tuple[Problem, ...]
    version: str
    loaded_at: float
    files: Mapping[str, _File] = field(repr=False)
    bound: Mapping[str, Placement] = field(default_factory=dict, repr=False)

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
    beside = _read_beside(folder)
    files = {
        str(path): _load_file(path, before.files.get(str(path)), beside)
        for path in _files(folder, "*.yaml")
    }
    good = [file.placement for file in files.values() if file.placement is not None]
    placements, taken = _indexed(((one.name, one) for one in good), _taken)
    routed = ((one.route, one) for one in placements.values() if one.route is not None)
    bound, bound_twice = _indexed(routed, _bound_twice)
    problems = [problem for file in files.values() for problem in file.problems]
    problems += map(_misnamed, _files(folder, "*.yml"))
    problems += [*taken, *bound_twice]
    contents = [(Path(name).name, file.digest) for name, file in files.items()]
    version = hashlib.blake2b(repr((contents, problems)).encode(), digest_size=6).hexdigest()
    return RuleSet(placements, tuple(problems), version, time.time(), files, bound)


def _indexed(
    named: Iterable[tuple[str, Placement]], clash: Callable[[Placement, Placement], Problem]
) -> tuple[dict[str, Placement], list[Problem]]:
    """Return the first placement of each name, and a problem for every other."""
    firsts: dict[str, Placement] = {}
    problems = [
        clash(placement, first)
        for name, placement in named
        if (first := firsts.setdefault(name, placement)) is not placement
    ]
    return firsts, problems


def _files(folder: Path, pattern: str) -> list[Path]:
    """Return the files that *pattern* names, but hidden ones: those are editors' own."""
    return sorted(path for path in folder.glob(pattern) if not path.name.startswith("."))


def _read_beside(folder: Path) -> Mapping[str, str]:
    """Return the texts of the JSON files beside the rules, by name, as far as they are texts."""
    texts: dict[str, str] = {}
    for path in _files(folder, "*.json"):
        with contextlib.suppress(OSError, UnicodeDecodeError):
            if path.stat().st_size <= document.MAX_BYTES:
                texts[path.name] = path.read_text("utf-8")
    return texts


def _load_file(path: Path, before: _File | None, beside: Mapping[str, str]) -> _File:
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        problem = Problem(str(path), 1, 1, f"cannot be read as text: {exc}", "save it as UTF-8")
        return _File("unreadable", before.placement if before else None, (problem,))
    named = [written for name, written in beside.items() if name in text]
    digest = hashlib.blake2b(repr((text, named)).encode(), digest_size=16).hexdigest()
    if before is not None and before.digest == digest:
        return before
    try:
        return _File(digest, load(text, str(path), beside), ())
    except DocumentError as exc:
        return _File(digest, before.placement if before else None, exc.problems)


def _taken(second: Placement, first: Placement) -> Problem:
    what = f"the placement '{second.name}' is already defined in {first.file}"
    return Problem(second.file, 1, 1, what, "give it another name, or remove one of the two")


def _misnamed(path: Path) -> Problem:
    what = "this file is not read, since its name does not end in .yaml"
    return Problem(str(path), 1, 1, what, "rename it")


def _bound_twice(second: Placement, first: Placement) -> Problem:
    what = f"GET {second.route} already shows '{first.name}', by {first.file}"
    return Problem(second.file, 1, 1, what, "remove `route` from one of the two")


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
        self._current = self._last = EMPTY
        self._swap(_reload(folder, EMPTY))

    @property
    def current(self) -> RuleSet:
        """Return the set that serves; it never changes, it is replaced."""
        return self._current

    async def watch(self) -> None:
        """Follow the folder until cancelled; looking, reading and checking are off the event loop.

        It is looked at, again and again: that sees a Kubernetes ConfigMap's swap of links, a
        folder replaced as a whole, and changes on mounts that notify of none.
        """
        before = None
        while True:
            now = await asyncio.to_thread(_look, self._folder)
            if now is None or now != before:
                unused = self._swap(await asyncio.to_thread(_reload, self._folder, self._current))
                await asyncio.to_thread(free, unused)
            before = now
            await asyncio.sleep(_LOOK_EVERY_S)

    def _swap(self, rules: RuleSet) -> list[Rule]:
        """Let *rules* serve; return the rules before the last ones, which nobody uses any more.

        Requests under way may still use the last ones.
        """
        if rules.version == self._current.version:
            return []
        unused = [rule for one in self._last.placements.values() for rule in one.rules]
        self._last, self._current = self._current, rules
        self._on_load(rules)
        _log.info(
            "rules loaded", extra={"version": rules.version, "placements": len(rules.placements)}
        )
        for problem in rules.problems:
            _log.error("rules problem", extra={"problem": str(problem)})
        return unused


def _look(folder: Path) -> tuple[object, ...] | None:
    """Return what differs once a file does; None where one is so new that it may yet change.

    Two writes within a tick of the file system's clock may look the same.
    """
    paths = (*_files(folder, "*.y*ml"), *_files(folder, "*.json"))
    stats = [(path.name, _stat(path)) for path in paths]
    newest_ns = max((stat.st_mtime_ns for _, stat in stats if stat), default=0)
    if abs(time.time_ns() - newest_ns) < _NEW_NS:
        return None
    return (
        _stat(folder) is not None,
        *((name, stat and (stat.st_ino, stat.st_size, stat.st_mtime_ns)) for name, stat in stats),
    )


def _stat(path: Path) -> os.stat_result | None:
    with contextlib.suppress(OSError):
        return path.stat()
    return None


def _reload(folder: Path, current: RuleSet) -> RuleSet:
    """Return the rules of *folder*, for long; those that serve, if it is gone."""
    if folder.is_dir():
        with in_background():
            return load_folder(folder, current)
    problem = Problem(str(folder), 0, 0, "the folder is gone; its last rules serve", "put it back")
    return replace(current, problems=(problem,), version="folder-gone")
