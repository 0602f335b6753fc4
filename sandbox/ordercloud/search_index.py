"""OrderCloud's search index: product lists read it, and it may trail behind the writes."""

from collections import deque
from typing import NamedTuple

from sandbox.control import Clock
from sandbox.ordercloud.store import Store
from sandbox.ordercloud.visibility import Visibility


class _Update(NamedTuple):
    """What the index is going to hold from a moment on."""

    due_at: float
    catalog: Visibility


class SearchIndex:
    """The catalog as product lists see it. Without lag that is the catalog itself."""

    def __init__(self, store: Store, live: Visibility, clock: Clock) -> None:
        self._store = store
        self._live = live
        self._clock = clock
        self._lag_s = 0.0
        self._noted = store.catalog.number
        self._updates: deque[_Update] = deque()

    def set_lag(self, lag_s: float) -> None:
        """Let writes take *lag_s* seconds from now on; 0 shows all of them at once."""
        self._updates.clear()
        self._lag_s = lag_s
        self._noted = -1
        if lag_s:
            self._add(due_at=self._clock.now())

    def note(self) -> None:
        """Plan to take in what was written since the last time."""
        if self._lag_s and self._noted != self._store.catalog.number:
            self._add(due_at=self._clock.now() + self._lag_s)

    def catalog(self) -> Visibility:
        """Return what product lists see now."""
        if not self._updates:
            return self._live
        while len(self._updates) > 1 and self._updates[1].due_at <= self._clock.now():
            self._updates.popleft()
        return self._updates[0].catalog

    def _add(self, *, due_at: float) -> None:
        self._noted = self._store.catalog.number
        self._updates.append(_Update(due_at, Visibility(self._store.snapshot())))
