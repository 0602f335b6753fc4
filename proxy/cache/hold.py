"""A kept answer that was fresh, held on to: to be had again at once, for as long as it is."""

import weakref
from typing import Generic, TypeVar

import msgspec

from proxy.cache.journal import Journal
from proxy.core.entry import Entry
from proxy.core.freshness import State

T = TypeVar("T")


class Hold(msgspec.Struct, Generic[T], gc=False, eq=False):
    """Gives the answer while the store keeps it and no purge concerns it; it does not keep it.

    *until* is when it is no longer fresh, *due* when the cache wants to be asked, since it may
    have something to do. Whoever holds it looks at the clock, once for all that is held.
    *seen* is the journal's position up to which no purge concerned it.
    """

    entry: weakref.ref[Entry[T]]
    journal: Journal
    tag: int
    seen: int
    asked_at: float
    until: float
    due: float

    def value(self) -> T | None:
        """Return the answer, or None where it has to be asked for."""
        entry = self.entry()
        if entry is None:
            return None
        if self.seen != self.journal.position:
            if self.journal.check(entry, self.tag) is not State.FRESH:
                return None
            self.seen = self.journal.position
        entry.uses += 1
        return entry.value


def hold_on_to(entry: Entry[T], journal: Journal, *, tag: int, until: float, due: float) -> Hold[T]:
    """Hold on to *entry* for who takes it for what has that *tag*."""
    return Hold(weakref.ref(entry), journal, tag, journal.position, entry.at, until, due)
