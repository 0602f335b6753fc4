"""All rules files together: what serves of them, and what is wrong with them."""

import hashlib
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from proxy.core.placement import Placement
from proxy.core.rules import load
from proxy.errors import DocumentError, Problem, UnknownPlacement
from proxy.folder import BESIDE, RULES, Files, Folder


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

    def of_file(self, path: Path) -> Placement:
        """Return the placement that the file at *path* defines.

        Raises:
            UnknownPlacement: there is none.
        """
        file = self.files.get(str(path))
        if file is None or file.placement is None:
            raise UnknownPlacement(f"{path.name} defines no placement")
        return file.placement


EMPTY = RuleSet({}, (), "", 0.0, {})


def load_folder(folder: Path, before: RuleSet = EMPTY) -> RuleSet:
    """Read the rules of *folder*; see `assemble`."""
    return assemble(Folder(folder).read() or {}, before)


def assemble(texts: Files, before: RuleSet = EMPTY) -> RuleSet:
    """Make one set of all files; unchanged ones are taken over from *before*.

    A broken file leaves its last good version there.
    """
    beside = {
        Path(name).name: text
        for name, text in texts.items()
        if name.endswith(BESIDE) and isinstance(text, str)
    }
    files = {
        name: _load_file(name, text, before.files.get(name), beside)
        for name, text in texts.items()
        if name.endswith(RULES)
    }
    good = [file.placement for file in files.values() if file.placement is not None]
    placements, taken = _indexed(((one.name, one) for one in good), _taken)
    routed = ((one.route, one) for one in placements.values() if one.route is not None)
    bound, bound_twice = _indexed(routed, _bound_twice)
    problems = [problem for file in files.values() for problem in file.problems]
    problems += [
        problem
        for name, problem in texts.items()
        if isinstance(problem, Problem) and name not in files
    ]
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


def _load_file(
    name: str, text: str | Problem, before: _File | None, beside: Mapping[str, str]
) -> _File:
    last = before.placement if before else None
    if isinstance(text, Problem):
        return _File("unreadable", last, (text,))
    named = [written for one, written in beside.items() if one in text]
    digest = hashlib.blake2b(repr((text, named)).encode(), digest_size=16).hexdigest()
    if before is not None and before.digest == digest:
        return before
    try:
        return _File(digest, load(text, name, beside), ())
    except DocumentError as exc:
        return _File(digest, last, exc.problems)


def _taken(second: Placement, first: Placement) -> Problem:
    what = f"the placement '{second.name}' is already defined in {first.file}"
    return Problem(second.file, 1, 1, what, "give it another name, or remove one of the two")


def _bound_twice(second: Placement, first: Placement) -> Problem:
    what = f"GET {second.route} already shows '{first.name}', by {first.file}"
    return Problem(second.file, 1, 1, what, "remove `route` from one of the two")
