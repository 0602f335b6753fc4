"""The rules that serve, kept as their source has them: an edit is live within a second.

The whole set is swapped at once.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from proxy.core.placement import Rule
from proxy.errors import DocumentError, Problem
from proxy.folder import Files
from proxy.ruleset import EMPTY, RuleSet, assemble
from proxy.stalls import free, in_background

_LOOK_EVERY_S = 0.25

_log = logging.getLogger(__name__)


class Source(Protocol):
    """Where rules come from: a folder, perhaps with edits laid over it. Its methods may block."""

    @property
    def path(self) -> Path:
        """Return the folder."""

    def read(self) -> Files | None:
        """Read all files; None: the folder is gone."""

    def look(self) -> object | None:
        """Return what differs once a file does; None where that cannot be told yet."""


class RuleBook:
    """The rules that serve now.

    Raises:
        DocumentError: the folder of *source* is none.
    """

    def __init__(self, source: Source, *, on_load: Callable[[RuleSet], None]) -> None:
        if not source.path.is_dir():
            what, mend = f"{source.path} is not a folder", "set rules.folder"
            raise DocumentError((Problem("rules", 0, 0, what, mend),))
        self._source = source
        self._on_load = on_load
        self._reading = asyncio.Lock()
        self._current = self._last = EMPTY
        self._swap(_reload(source, EMPTY))

    @property
    def folder(self) -> Path:
        """Return where the files stand."""
        return self._source.path

    @property
    def current(self) -> RuleSet:
        """Return the set that serves; it never changes, it is replaced."""
        return self._current

    async def watch(self) -> None:
        """Follow the source until cancelled; looking, reading and checking are off the event loop.

        It is looked at, again and again: that sees a Kubernetes ConfigMap's swap of links, a
        folder replaced as a whole, and changes on mounts that notify of none.
        """
        before = None
        while True:
            now = await asyncio.to_thread(self._source.look)
            if now is None or now != before:
                await self.reload()
            before = now
            await asyncio.sleep(_LOOK_EVERY_S)

    async def reload(self) -> None:
        """Let serve what the source holds now."""
        async with self._reading:  # who began to read earlier must not bring an older set later
            unused = self._swap(await asyncio.to_thread(_reload, self._source, self._current))
        await asyncio.to_thread(free, unused)

    async def text(self, path: Path) -> str | Problem | None:
        """Return what the file at *path* says, or why it cannot be read; None: there is none."""
        return (await asyncio.to_thread(self._source.read) or {}).get(str(path))

    async def draft(self, path: Path, text: str | None) -> RuleSet:
        """Return what would serve if the file at *path* had that text; None: if it were gone."""
        async with self._reading:
            return await asyncio.to_thread(_drafted, self._source, path, text, self._current)

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


def _drafted(source: Source, path: Path, text: str | None, current: RuleSet) -> RuleSet:
    texts = source.read() or {}
    texts.pop(str(path), None)
    written = {} if text is None else {str(path): text}
    with in_background(for_good=False):
        return assemble(dict(sorted((texts | written).items())), current)


def _reload(source: Source, current: RuleSet) -> RuleSet:
    """Return the rules of *source*, for long; those that serve, if it is gone."""
    with in_background(for_good=True):
        if (texts := source.read()) is not None:
            return assemble(texts, current)
    what = "the folder is gone; its last rules serve"
    problem = Problem(str(source.path), 0, 0, what, "put it back")
    return replace(current, problems=(problem,), version="folder-gone")
