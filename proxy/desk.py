"""The marketers' desk: rules files are read, tried out, and put into service.

Nothing goes into service that could not be served; the rest is told, and theirs to decide.
"""

import asyncio
import json
import logging
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeAlias

from proxy.core import examples, lint
from proxy.core.diff import Change, compare, touched_ratio
from proxy.core.examples import Outcome
from proxy.core.placement import Placement
from proxy.core.traffic import Traffic
from proxy.edits import Edits
from proxy.errors import (
    DocumentError,
    EditConflict,
    Problem,
    RequestError,
    UnknownPlacement,
)
from proxy.folder import BESIDE, RULES
from proxy.reload import RuleBook
from proxy.revisions import Revision, etag_of
from proxy.ruleset import RuleSet

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")

Expects: TypeAlias = Callable[[str | None], bool]
"""Says whether a file's entity tag (None: there is no file) is as its editor takes it to be."""

_log = logging.getLogger(__name__)


def _anything(_: str | None) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Edit:
    """What a file is to say from now on; None if it is to go."""

    name: str
    text: str | None


@dataclass(frozen=True, slots=True)
class Review:
    """What is to be known of an edit: notes, examples that fail, and who gets another list.

    `version` is that of all rules together with the edit.
    """

    file: str
    version: str
    notes: tuple[Problem, ...]
    example_count: int
    failed: tuple[Outcome, ...]
    changes: Sequence[Change]
    traffic: Traffic
    is_new: bool

    def as_json(self) -> dict[str, Any]:
        """Return it for machines."""
        answers = self.traffic.answers
        return {
            "file": self.file,
            "version": self.version,
            "new": self.is_new,
            "notes": [asdict(note) for note in self.notes],
            "examples": self.example_count,
            "failed": [asdict(one) for one in self.failed],
            "changes": [change.as_json() for change in self.changes],
            "answers": answers,
            "touched": touched_ratio(self.changes, self.traffic) if answers else None,
        }


class Desk:
    """Edits the rules of *book*; *traffic* tells what was shown of late."""

    def __init__(self, book: RuleBook, edits: Edits, *, traffic: Callable[[], Traffic]) -> None:
        self._book = book
        self._edits = edits
        self._traffic = traffic
        self._publishing = asyncio.Lock()

    @property
    def rules(self) -> RuleSet:
        """Return the rules that serve."""
        return self._book.current

    def placement(self, name: str) -> Placement:
        """Return the placement called *name*, or of the file so called.

        Raises:
            RequestError: nothing can be called so.
            UnknownPlacement: there is none.
        """
        return self.rules.of_file(self._path(name))

    async def text(self, name: str) -> tuple[str, str]:
        """Return the name and the text of the file called *name*, or after its placement.

        Raises:
            RequestError: no file can be called so.
            UnknownPlacement: there is none.
            DocumentError: it is no text.
        """
        path = self._path(name)
        match await self._book.text(path):
            case None:
                raise _unknown(path)
            case str(text):
                return path.name, text
            case problem:
                raise DocumentError((problem,))

    async def revisions(self, name: str) -> list[Revision]:
        """Return what is kept of the file's former texts, the newest first.

        Raises:
            RequestError: no file can be called so.
        """
        return await self._edits.revisions(self._path(name))

    async def revision(self, name: str, revision_id: str) -> str:
        """Return one of the file's former texts.

        Raises:
            RequestError: no file can be called so.
            UnknownRevision: it is not kept.
        """
        return await self._edits.revision(self._path(name), revision_id)

    async def draft(self, edit: Edit) -> tuple[Path, RuleSet]:
        """Return the edit's file, and all rules as they would be with it.

        Raises:
            RequestError: no file can be called so.
            DocumentError: with every mistake in it, and every one that it makes elsewhere.
        """
        path = self._path(edit.name)
        if path.suffix == BESIDE and edit.text is not None:
            _check_json(path, edit.text)
        drafted = await self._book.draft(path, edit.text)
        known = frozenset(self.rules.problems)
        wrong = [one for one in drafted.problems if one.file == str(path) or one not in known]
        if wrong:
            raise DocumentError(tuple(wrong))
        return path, drafted

    async def review(self, edit: Edit, *, expects: Expects = _anything) -> Review:
        """Say what *edit* would do.

        Raises:
            RequestError, DocumentError: as `draft` does.
            EditConflict: the file is not as one *expects*.
            UnknownPlacement: there is no file to be removed.
        """
        _, review = await self._reviewed(edit, expects)
        return review

    async def publish(self, edit: Edit, *, expects: Expects) -> Review:
        """Put *edit* into service; it serves once this returns, and is kept where rules come from.

        Raises:
            RequestError, DocumentError, EditConflict, UnknownPlacement: as `review` does.
            RulesReadOnly, RedisAway: the edit cannot be kept.
        """
        async with self._publishing:
            before, review = await self._reviewed(edit, expects)
            await self._edits.put(self._path(edit.name), before, edit.text)
            await self._book.reload()
        _log.info("rules published", extra={"file": review.file, "version": review.version})
        return review

    async def _reviewed(self, edit: Edit, expects: Expects) -> tuple[str | None, Review]:
        """Return what the file says before the edit, and what is to be known of that."""
        path = self._path(edit.name)
        found = await self._book.text(path)
        before = "" if isinstance(found, Problem) else found
        if not expects(None if before is None else etag_of(before)):
            raise EditConflict(f"{path.name} is not as it was when this edit began; read it")
        if before is None and edit.text is None:
            raise _unknown(path)
        _, drafted = await self.draft(edit)
        rules, traffic, is_new = self.rules, self._traffic(), before is None
        return before, await asyncio.to_thread(
            _review, path, rules, drafted, traffic, is_new=is_new
        )

    def _path(self, name: str) -> Path:
        """Return the file called *name*, with or without its ending, or that of the placement."""
        if not _NAME.fullmatch(name):
            raise RequestError(f"no rules file can be called {name!r}")
        folder = self._book.folder
        if name.endswith((RULES, BESIDE)):
            return folder / name
        written = folder / f"{name}{RULES}"
        placement = self.rules.placements.get(name)
        is_there = str(written) in self.rules.files
        return written if placement is None or is_there else Path(placement.file)


def _unknown(path: Path) -> UnknownPlacement:
    return UnknownPlacement(f"there is no rules file {path.name}")


def _check_json(path: Path, text: str) -> None:
    try:
        json.loads(text)
    except json.JSONDecodeError as exc:
        what = f"this is not JSON: {exc.msg}"
        raise DocumentError((Problem(str(path), exc.lineno, exc.colno, what, "mend it"),)) from exc
    except RecursionError as exc:
        what = "this is nested too deeply"
        raise DocumentError((Problem(str(path), 1, 1, what, "mend it"),)) from exc


def _review(
    path: Path, before: RuleSet, after: RuleSet, traffic: Traffic, *, is_new: bool
) -> Review:
    now = datetime.now(UTC)
    old, new = before.placements, after.placements
    touched = {name for name in old.keys() | new.keys() if old.get(name) is not new.get(name)}
    edited = [new[name] for name in sorted(touched & new.keys())]
    found = [outcome for one in edited for outcome in examples.run(one, now=now)]
    return Review(
        file=path.name,
        version=after.version,
        notes=tuple(_notes(edited, now)),
        example_count=len(found),
        failed=tuple(one for one in found if one.wrong is not None),
        changes=compare(
            {name: old[name] for name in touched & old.keys()},
            {name: new[name] for name in touched & new.keys()},
            now,
            traffic,
        ),
        traffic=traffic,
        is_new=is_new,
    )


def _notes(placements: Iterable[Placement], now: datetime) -> Iterable[Problem]:
    for placement in placements:
        found = lint.examine(placement, now)
        yield from (*found.problems, *found.notes)
