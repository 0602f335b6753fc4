"""A kept answer that was fresh, held on to: to be had again at once, for as long as it is."""

import weakref
from typing import Generic, TypeVar

from proxy.cache.journal import Journal
from proxy.core.entry import Entry
from proxy.core.freshness import State

T = TypeVar("T")


class Hold(Generic[T]):
    """Gives the answer while the store keeps it and no purge concerns it; it does not keep it.

    *until* is when it is no longer fresh, *due* when the cache wants to be asked, since it may
    have something to do. Whoever holds it looks at the clock, once for all that is held.
    """

    __slots__ = ("_entry", "_journal", "_seen", "_tag", "asked_at", "due", "until")

    def __init__(
        self, entry: Entry[T], journal: Journal, *, tag: int, until: float, due: float
    ) -> None:
        self._entry = weakref.ref(entry)
        self._journal = journal
        self._tag = tag
        self._seen = journal.position
        self.asked_at = entry.at
        self.until = until
        self.due = due

    def value(self) -> T | None:
        """Return the answer, or None where it has to be asked for."""
        entry = self._entry()
        if entry is None:
            return None
        if self._seen != self._journal.position:
            if self._journal.check(entry, self._tag) is not State.FRESH:
                return None
            self._seen = self._journal.position
        entry.uses += 1
        return entry.value
