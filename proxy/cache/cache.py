"""One kind of answers: freshness, purges, single flight, and stale answers in an outage.

`Cache` decides; a `Store` keeps.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Generic, Protocol, TypeAlias, TypeVar

from proxy.cache.hold import Hold
from proxy.cache.journal import Journal
from proxy.core.entry import Entry
from proxy.core.freshness import ENDLESS, Lifetime, Stamp, State, Terms
from proxy.core.keys import Key
from proxy.errors import ProxyError
from proxy.model import Freshness
from proxy.tasks import Flights, Tasks

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Fetched(Generic[T]):
    """An answer from upstream, how long it lives at most, and what it depends on (`core.tags`)."""

    value: T
    lifetime: Lifetime = ENDLESS
    tags: bytes = b""


Fetch: TypeAlias = Callable[[], Awaitable[Fetched[T]]]
"""Gets an answer from upstream."""


@dataclass(frozen=True, slots=True)
class Served(Generic[T]):
    """An answer, how it came about, and how old and how long fresh it is (seconds).

    *stands_in_for* is the outage in which an answer this old is better than none; *hold* what a
    fresh one that was kept is held on to by.
    """

    value: T
    freshness: Freshness
    age_s: float
    ttl_s: float
    stands_in_for: ProxyError | None = None
    hold: Hold[T] | None = None


class Store(Protocol[T]):
    """Keeps entries within a bound; may forget any of them at any time."""

    def get(self, key: Key) -> Entry[T] | None:
        """Return what is kept under *key*."""

    def put(self, key: Key, entry: Entry[T]) -> None:
        """Keep *entry*, if it fits."""

    def remove(self, key: Key) -> None:
        """Forget what is kept under *key*."""


class Cache(Generic[T]):
    """Answers by key, each fetched once however many ask.

    A fetch runs in a task of its own: a caller who leaves or runs out of time cancels neither the
    fetch nor the others who wait for it, and its answer is kept for the next.
    """

    def __init__(
        self, store: Store[T], *, journal: Journal, tasks: Tasks, clock: Callable[[], float]
    ) -> None:
        self._store = store
        self._journal = journal
        self._clock = clock
        self._flights: Flights[Entry[T]] = Flights(tasks, name="cache fetch")

    def peek(self, key: Key, terms: Terms) -> Entry[T] | None:
        """Return what is kept under *key*, where it is fresh and nothing is left to do for it."""
        entry = self._store.get(key)
        if entry is None or self._state(entry, terms) is not State.FRESH:
            return None
        entry.uses += 1
        return entry

    async def get(self, key: Key, fetch: Fetch[T], terms: Terms) -> Served[T]:
        """Return the answer under *key*: kept, or fetched now.

        Raises:
            ProxyError: what *fetch* raised, where nothing kept may stand in.
        """
        entry = self._store.get(key)
        state = self._state(entry, terms) if entry else State.EXPIRED
        if entry and state is State.FRESH:
            entry.uses += 1
            return self._held(entry, terms)
        if entry and state is State.REVALIDATE:
            self._flights.join(key, lambda: self._fetch(key, fetch))
            return self._served(entry, terms, Freshness.STALE)
        try:
            return await self._fetched(key, fetch, terms)
        except ProxyError as exc:
            if entry and state is State.ON_ERROR and exc.is_outage:
                return replace(self._served(entry, terms, Freshness.STALE), stands_in_for=exc)
            raise

    def last_good(self, key: Key, terms: Terms) -> Served[T] | None:
        """Return what is kept under *key*, if it may stand in for one that cannot be had."""
        entry = self._store.get(key)
        if entry is None or self._state(entry, terms) is State.EXPIRED:
            return None
        return self._served(entry, terms, Freshness.STALE)

    def _state(self, entry: Entry[T], terms: Terms) -> State:
        purged = self._journal.check(entry, terms.tag)
        return max(purged, entry.stamp.state(self._clock(), terms.lifetime))

    async def _fetched(self, key: Key, fetch: Fetch[T], terms: Terms) -> Served[T]:
        asked = self._journal.position
        while True:
            flight, leads = self._flights.join(key, lambda: self._fetch(key, fetch))
            try:
                entry = await asyncio.shield(flight)
            except ProxyError as exc:
                # Where the leader's own token was refused, another has to lead: perhaps ours.
                if leads or not exc.is_personal:
                    raise
                continue
            if entry.born >= asked or self._journal.check(entry, terms.tag) is State.FRESH:
                return self._served(entry, terms, Freshness.FRESH)

    async def _fetch(self, key: Key, fetch: Fetch[T]) -> Entry[T]:
        asked_at, born = self._clock(), self._journal.position
        try:
            fetched = await fetch()
        except ProxyError as exc:
            if not (exc.is_outage or exc.is_personal):
                self._store.remove(key)
            raise
        stamp = Stamp(asked_at, fetched.lifetime)
        entry = Entry(fetched.value, stamp, fetched.tags, born=born, seen=born)
        self._store.put(key, entry)
        return entry

    def _held(self, entry: Entry[T], terms: Terms) -> Served[T]:
        served = self._served(entry, terms, Freshness.CACHED)
        until = self._clock() + served.ttl_s
        return replace(served, hold=Hold(entry, self._journal, tag=terms.tag, until=until))

    def _served(self, entry: Entry[T], terms: Terms, freshness: Freshness) -> Served[T]:
        now = self._clock()
        ttl_s = entry.stamp.ttl_s(now, terms.lifetime)
        if freshness is Freshness.STALE:
            ttl_s = min(ttl_s, 0.0)
        return Served(entry.value, freshness, entry.stamp.age_s(now), ttl_s)
