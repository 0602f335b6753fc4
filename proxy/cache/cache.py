"""One kind of answers: freshness, purges, single flight, and stale answers in an outage.

`Cache` decides; a `Store` keeps, and `Replicas` ask each other before anything is fetched.
"""

import asyncio
import contextlib
import math
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Generic, Protocol, TypeAlias, TypeVar

import msgspec
from msgspec.structs import replace

from proxy.cache.hold import Hold, hold_on_to
from proxy.cache.journal import Journal
from proxy.cache.replicas import Replicas
from proxy.core.entry import Entry
from proxy.core.freshness import ENDLESS, RESTORED, Lifetime, State, Terms, shared, useful_s
from proxy.core.keys import Key
from proxy.errors import ProxyError, UpstreamBusy
from proxy.model import Freshness
from proxy.tasks import Flights, Tasks, outcome

T = TypeVar("T")

_PACES = tuple(1 + 0.1 * part / 256 for part in range(256))
"""How much faster than time an answer may age: a few numbers that all answers share."""

_LAST_PART = 0.1
"""In the last tenth of its time a hot answer is fetched anew, while it is served on."""

_APART_S = 0.1
"""Two copies of one answer may differ so much in when it was asked for: clocks are set."""

_HOT_USES = 10
"""Used so often, an answer will likely be asked for again within the last tenth of its time."""


class Fetched(msgspec.Struct, Generic[T], frozen=True):
    """An answer from upstream, how long it lives at most, and what it depends on (`core.tags`)."""

    value: T
    lifetime: Lifetime = ENDLESS
    tags: bytes = b""


Fetch: TypeAlias = Callable[[], Awaitable[Fetched[T]]]
"""Gets an answer from upstream."""


class Served(msgspec.Struct, Generic[T], frozen=True):
    """An answer, how it came about, and how old and how long fresh it is (seconds).

    *stands_in_for* is the outage in which an answer this old is better than none; *hold* what a
    fresh one that was kept is held on to by. One that *is_restored* is from before a restart.
    """

    value: T
    freshness: Freshness
    age_s: float
    ttl_s: float
    stands_in_for: ProxyError | None = None
    hold: Hold[T] | None = None
    is_restored: bool = False


class _Landed(msgspec.Struct, Generic[T], frozen=True):
    """What a flight brought: an answer of its own, or one that another replica had fetched."""

    entry: Entry[T]
    freshness: Freshness


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
    fetch nor the others who wait for it, and its answer is kept for the next. With *replicas*
    the one who fetches is one of all of theirs.
    """

    def __init__(
        self,
        store: Store[T],
        *,
        journal: Journal,
        tasks: Tasks,
        clock: Callable[[], float],
        random: Callable[[], float],
        fetches_max: int,
        replicas: Replicas[T] | None = None,
    ) -> None:
        self._store = store
        self._journal = journal
        self._clock = clock
        self._random = random
        self._fetches_max = fetches_max
        self._replicas = replicas
        self._flights: Flights[_Landed[T]] = Flights(tasks, name="cache fetch")

    def __contains__(self, key: Key) -> bool:
        """Say whether anything is kept under *key*, whatever it is worth."""
        return self._store.get(key) is not None

    async def get(
        self, key: Key, fetch: Fetch[T], terms: Terms, *, until: float = math.inf
    ) -> Served[T]:
        """Return the answer under *key*: kept, or fetched now.

        Raises:
            ProxyError: what *fetch* raised, where nothing kept may stand in.
            TimeoutError: it is not there *until* then, of the loop's clock.
        """
        entry = self._store.get(key)
        state = self._state(entry, terms) if entry else State.EXPIRED
        if entry and state is State.FRESH:
            entry.uses += 1
            if entry.uses >= _HOT_USES and self._is_ending(entry, terms):
                entry.is_renewing = True
                self._renew_behind(key, fetch, terms)
            return self._held(entry, terms)
        if entry and state is State.REVALIDATE:
            self._renew_behind(key, fetch, terms)
            return self._served(entry, terms, Freshness.STALE)
        try:
            return await self._fetched(key, fetch, terms, until)
        except ProxyError as exc:
            if exc.is_outage and (served := self.last_good(key, terms)):
                return replace(served, stands_in_for=exc)
            raise

    async def renew(self, key: Key, fetch: Fetch[T], terms: Terms) -> T:
        """Fetch the answer now, whatever is kept or already on its way, and keep it.

        Raises:
            ProxyError: what *fetch* raised.
        """
        return (await self._fetch(key, fetch, terms)).value

    def last_good(self, key: Key, terms: Terms) -> Served[T] | None:
        """Return what is kept under *key*, if it may stand in for one that cannot be had."""
        entry = self._store.get(key)
        if entry is None or self._state(entry, terms) is State.EXPIRED:
            return None
        return self._served(entry, terms, Freshness.STALE)

    def _state(self, entry: Entry[T], terms: Terms) -> State:
        purged = self._journal.check(entry, terms.tag)
        return max(purged, entry.state(self._clock(), terms.lifetime))

    def _is_ending(self, entry: Entry[T], terms: Terms) -> bool:
        """Say whether the last part of its time has begun, and nobody has asked for a successor."""
        left_s = entry.ttl_s(self._clock(), terms.lifetime)
        return not entry.is_renewing and left_s < _LAST_PART * terms.lifetime.fresh_s

    def _renew_behind(self, key: Key, fetch: Fetch[T], terms: Terms) -> None:
        with contextlib.suppress(UpstreamBusy):
            self._join(key, fetch, terms)

    async def _fetched(self, key: Key, fetch: Fetch[T], terms: Terms, until: float) -> Served[T]:
        asked = self._journal.position
        while True:
            flight, leads = self._join(key, fetch, terms)
            try:
                landed = await outcome(flight, until=until)
            except ProxyError as exc:
                # Where the leader's own token was refused, another has to lead: perhaps ours.
                if leads or not exc.is_personal:
                    raise
            except asyncio.CancelledError:
                # Where it is the leader who was cancelled, another has to lead as well.
                if not flight.cancelled() or _is_leaving():
                    raise
            else:
                if self._answers(landed, terms, asked):
                    return self._served(landed.entry, terms, landed.freshness)

    def _answers(self, landed: _Landed[T], terms: Terms, asked: int) -> bool:
        """Say whether what others waited for is an answer also to who *asked* at that position.

        What was asked for before a purge is none, nor what another replica fetched too long ago.
        """
        if landed.freshness is Freshness.CACHED:
            return self._state(landed.entry, terms) is State.FRESH
        entry = landed.entry
        return entry.born >= asked or self._journal.check(entry, terms.tag) is State.FRESH

    def _join(
        self, key: Key, fetch: Fetch[T], terms: Terms
    ) -> tuple[asyncio.Task[_Landed[T]], bool]:
        if len(self._flights) >= self._fetches_max and key not in self._flights:
            raise UpstreamBusy(f"{self._fetches_max} answers are being fetched already")
        return self._flights.join(key, lambda: self._land(key, fetch, terms))

    async def _land(self, key: Key, fetch: Fetch[T], terms: Terms) -> _Landed[T]:
        """Take what another replica has fetched, or fetch it for all of them."""
        if self._replicas is None:
            return _Landed(await self._fetch(key, fetch, terms), Freshness.FRESH)
        before = self._store.get(key)
        found = await self._replicas.find(
            key, lambda entry: self._worth(entry, before, terms) is State.FRESH
        )
        if found.entry and self._worth(found.entry, before, terms) is not State.EXPIRED:
            self._keep(key, found.entry)
        if found.entry and found.lease is None:
            return _Landed(found.entry, Freshness.CACHED)
        ask = partial(self._fetch, key, fetch, terms)
        return _Landed(await self._replicas.fetch(key, found, ask), Freshness.FRESH)

    def _worth(self, theirs: Entry[T], ours: Entry[T] | None, terms: Terms) -> State:
        """Return what may be done with what another replica fetched.

        Nothing if ours is as new; nor if that replica has heard of purges that this one has not,
        for which of ours came before those nobody can tell.
        """
        if theirs.born > self._journal.heard:
            return State.EXPIRED
        if ours and theirs.at <= ours.at + _APART_S:
            return State.EXPIRED
        return self._state(theirs, terms)

    async def _fetch(self, key: Key, fetch: Fetch[T], terms: Terms) -> Entry[T]:
        asked_at, born = self._clock(), self._journal.position
        try:
            fetched = await fetch()
        except ProxyError as exc:
            if not (exc.is_outage or exc.is_personal):
                self._store.remove(key)
            raise
        entry = Entry(
            fetched.value,
            asked_at,
            shared(fetched.lifetime),
            _PACES[int(self._random() * len(_PACES))],
            fetched.tags,
            useful_s(fetched.lifetime, terms.lifetime),
            born=born,
            seen=born,
        )
        self._keep(key, entry)
        return entry

    def _keep(self, key: Key, entry: Entry[T]) -> None:
        """Keep *entry*, unless one is kept that was asked for later and overtook it."""
        before = self._store.get(key)
        if before and before.at > entry.at:
            return
        entry.uses = before.uses // 2 if before else 0
        self._store.put(key, entry)

    def _held(self, entry: Entry[T], terms: Terms) -> Served[T]:
        served = self._served(entry, terms, Freshness.CACHED)
        due = until = self._clock() + served.ttl_s
        if not entry.is_renewing:
            due -= _LAST_PART * terms.lifetime.fresh_s
        hold = hold_on_to(entry, self._journal, tag=terms.tag, until=until, due=due)
        return replace(served, hold=hold)

    def _served(self, entry: Entry[T], terms: Terms, freshness: Freshness) -> Served[T]:
        now = self._clock()
        ttl_s = entry.ttl_s(now, terms.lifetime)
        if freshness is Freshness.STALE:
            ttl_s = min(ttl_s, 0.0)
        is_restored = entry.lifetime is RESTORED
        return Served(entry.value, freshness, entry.age_s(now), ttl_s, is_restored=is_restored)


def _is_leaving() -> bool:
    """Say whether it is this very task that was cancelled."""
    task = asyncio.current_task()
    return task is None or task.cancelling() > 0
