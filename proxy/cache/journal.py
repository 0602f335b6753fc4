"""What was purged, and when: asked by the cache about each answer that it is about to serve.

A purge writes here, and touches no entry: it costs the same whether it concerns one answer or all,
in memory or in Redis. An entry remembers up to where nothing concerned it, so that one comparison
of numbers tells that nothing was purged since.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from proxy.core import tags
from proxy.core.entry import Entry
from proxy.core.freshness import State

TAGS_MAX = 65_536


class _Marks:
    """The last position at which each tag was purged.

    Of more than *most* tags the one purged longest ago is forgotten: from then on, what was last
    compared before (below `floor`) counts as purged.
    """

    def __init__(self, most: int, floor: int) -> None:
        self._most = most
        self._at: dict[int, int] = {}
        self.floor = floor

    def add(self, tag: int, position: int) -> None:
        """Note that *tag* was purged."""
        self._at.pop(tag, None)
        self._at[tag] = position
        if len(self._at) > self._most:
            forgotten = next(iter(self._at))
            self.floor = max(self.floor, self._at.pop(forgotten))

    def add_all(self, position: int) -> None:
        """Note that everything was purged."""
        self._at.clear()
        self.floor = position

    def concerns(self, packed: bytes, since: int) -> bool:
        """Say whether any of these tags was purged after *since*."""
        if since < self.floor:
            return True
        at = self._at
        return bool(at) and any(at.get(one, 0) > since for one in tags.hashes(packed))

    def concerns_use(self, tag: int, since: int) -> bool:
        """Say whether *tag* was purged after *since*, or may have been."""
        return self._at.get(tag, self.floor) > since


class Journal:
    """The purges of one kind of answers. A hard purge ends them; a soft one leaves them *outdated*.

    *start* is where it begins, *floor* up to where nothing is known: what was asked for before
    counts as purged.
    """

    def __init__(
        self,
        *,
        start: int = 0,
        floor: int = 0,
        most: int = TAGS_MAX,
        outdated: State = State.REVALIDATE,
    ) -> None:
        self.position = start
        self.heard = start
        """Up to where purges of any kind were heard of."""
        self._outdated = outdated
        self._soft = _Marks(most, floor)
        self._hard = _Marks(most, floor)

    def note(self, purged: Iterable[str], position: int, *, hard: bool) -> None:
        """Note that what has any of these tags was purged at *position*.

        Positions rise: one that has passed already is known, and changes nothing.
        """
        if position <= self.position:
            return
        self.position = position
        self.heard = max(self.heard, position)
        marks = self._hard if hard else self._soft
        for one in purged:
            if one == tags.ALL:
                marks.add_all(position)
            else:
                marks.add(tags.hash_of(one), position)

    def has_ended(self, entry: Entry[Any]) -> bool:
        """Say whether a hard purge concerns *entry*, and note nothing; any thread may ask."""
        return entry.seen < self.position and self._hard.concerns(entry.tags, entry.seen)

    def check(self, entry: Entry[Any], tag: int = 0) -> State:
        """Return the least state that purges leave *entry* in, for who takes it for *tag*."""
        is_outdated = False
        if entry.seen < self.position:
            if self._hard.concerns(entry.tags, entry.seen):
                return State.EXPIRED
            is_outdated = self._soft.concerns(entry.tags, entry.seen)
            if not is_outdated:
                entry.seen = self.position
        if tag and self._hard.concerns_use(tag, entry.born):
            return State.EXPIRED
        if is_outdated or (tag and self._soft.concerns_use(tag, entry.born)):
            return self._outdated
        return State.FRESH


@dataclass(frozen=True, slots=True)
class Journals:
    """A journal for each kind of cache, so that what one guest does makes no page look it up."""

    pages: Journal
    decisions: Journal
    shoppers: Journal

    @property
    def position(self) -> int:
        """Return the position of the last purge."""
        return max(one.position for one in self._every)

    def note(self, purged: Iterable[str], position: int, *, hard: bool) -> None:
        """Note a purge where it can concern something."""
        by_tag = [(one, self._concerned(one)) for one in purged]
        for journal in self._every:
            journal.heard = max(journal.heard, position)
            ours = [one for one, concerned in by_tag if journal in concerned]
            if ours:
                journal.note(ours, position, hard=hard)

    @property
    def _every(self) -> tuple[Journal, ...]:
        return self.pages, self.decisions, self.shoppers

    def _concerned(self, one: str) -> tuple[Journal, ...]:
        match one.partition(":")[0]:
            case "product" | "category" | "promotion" | "catalog" | "priceschedule" | "scope":
                return (self.pages,)
            case "placement":
                return self.pages, self.decisions
            case "resource":
                return self.pages, self.shoppers
            case "guest" | "shopper":
                return self.decisions, self.shoppers
            case "flow":
                return (self.decisions,)
            case _:
                return self._every
