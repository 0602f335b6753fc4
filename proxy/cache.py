"""The cache in front of an upstream: freshness, single flight, and stale answers in an outage.

It decides; a `Store` keeps. What a key means, and so who may share an answer, is the caller's.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, replace
from typing import Generic, Protocol, TypeAlias, TypeVar

from proxy.core.freshness import Entry, Lifetime, Stamp, State
from proxy.errors import ProxyError
from proxy.model import Freshness
from proxy.tasks import Flights, Tasks

T = TypeVar("T")

Fetch: TypeAlias = Callable[[], Awaitable[tuple[T, Lifetime]]]
"""Gets an answer from upstream, and says how long it lives."""


@dataclass(frozen=True, slots=True)
class Served(Generic[T]):
    """An answer, how it came about, and how old and how long fresh it is (seconds).

    *stands_in_for* is the outage in which an answer this old is better than none.
    """

    value: T
    freshness: Freshness
    age_s: float
    ttl_s: float
    stands_in_for: ProxyError | None = None


class Store(Protocol[T]):
    """Keeps entries within a bound; may forget any of them at any time."""

    def get(self, key: Hashable) -> Entry[T] | None:
        """Return what is kept under *key*."""

    def put(self, key: Hashable, entry: Entry[T]) -> None:
        """Keep *entry*, if it fits."""

    def remove(self, key: Hashable) -> None:
        """Forget what is kept under *key*."""


class Cache(Generic[T]):
    """Answers by key, each fetched once however many ask.

    A fetch runs in a task of its own: a caller who leaves or runs out of time cancels neither the
    fetch nor the others who wait for it, and its answer is kept for the next.
    """

    def __init__(self, store: Store[T], *, tasks: Tasks, clock: Callable[[], float]) -> None:
        self._store = store
        self._clock = clock
        self._flights: Flights[Entry[T]] = Flights(tasks, name="cache fetch")

    async def get(self, key: Hashable, fetch: Fetch[T]) -> Served[T]:
        """Return the answer under *key*: kept, or fetched now.

        Raises:
            ProxyError: what *fetch* raised, where nothing kept may stand in.
        """
        entry = self._store.get(key)
        state = entry.stamp.state(self._clock()) if entry else State.EXPIRED
        if entry and state is State.FRESH:
            return self._served(entry, Freshness.CACHED)
        if entry and state is State.REVALIDATE:
            self._flights.join(key, lambda: self._fetch(key, fetch))
            return self._served(entry, Freshness.STALE)
        try:
            return await self._fetched(key, fetch)
        except ProxyError as exc:
            if entry and state is State.ON_ERROR and exc.is_outage:
                return replace(self._served(entry, Freshness.STALE), stands_in_for=exc)
            raise

    def last_good(self, key: Hashable) -> Served[T] | None:
        """Return what is kept under *key*, if it may stand in for one that cannot be had."""
        entry = self._store.get(key)
        if entry is None or entry.stamp.state(self._clock()) is State.EXPIRED:
            return None
        return self._served(entry, Freshness.STALE)

    async def _fetched(self, key: Hashable, fetch: Fetch[T]) -> Served[T]:
        while True:
            flight, leads = self._flights.join(key, lambda: self._fetch(key, fetch))
            try:
                return self._served(await asyncio.shield(flight), Freshness.FRESH)
            except ProxyError as exc:
                # Where the leader's own token was refused, another has to lead: perhaps ours.
                if leads or not exc.is_personal:
                    raise

    async def _fetch(self, key: Hashable, fetch: Fetch[T]) -> Entry[T]:
        asked_at = self._clock()
        try:
            value, lifetime = await fetch()
        except ProxyError as exc:
            if not exc.is_outage:
                self._store.remove(key)
            raise
        entry = Entry(value, Stamp(asked_at, lifetime))
        self._store.put(key, entry)
        return entry

    def _served(self, entry: Entry[T], freshness: Freshness) -> Served[T]:
        now = self._clock()
        return Served(entry.value, freshness, entry.stamp.age_s(now), entry.stamp.ttl_s(now))
