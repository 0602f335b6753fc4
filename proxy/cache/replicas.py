"""One fetch among all replicas: who finds nothing where they all keep answers leads, or waits."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, Protocol, TypeVar

from proxy.core.entry import ALONE, Entry, Found
from proxy.core.keys import Key
from proxy.errors import ProxyError
from proxy.tasks import Tasks

T = TypeVar("T")

_PAUSE_S = 0.01
_PAUSE_MAX_S = 0.1
_PAUSE_GROWTH = 1.5
_PATIENCE_S = 5.0
"""Longer than a lease lasts, so that one of those who wait takes over from a leader who died."""


class Shared(Protocol[T]):
    """Keeps entries for all replicas, within a bound of time; never fails, but may be away."""

    async def get(self, key: Key) -> Found[T]:
        """Look up what is kept under *key*."""

    async def lead(self, key: Key, found: Found[T]) -> Found[T]:
        """Return a lease to fetch *key*, or what else than was *found* is kept there by now.

        While another replica has the lease, and nothing has come, it is *found* itself.
        """

    async def settle(self, key: Key, lease: bytes, entry: Entry[T] | None) -> None:
        """Keep *entry*, or nothing any more, and give the lease back."""

    async def release(self, key: Key, lease: bytes) -> None:
        """Give the lease back, and leave what is kept as it is."""


class Replicas(Generic[T]):
    """What this replica has to do with the others to get an answer."""

    def __init__(self, shared: Shared[T], *, tasks: Tasks) -> None:
        self._shared = shared
        self._tasks = tasks

    async def find(self, key: Key, is_usable: Callable[[Entry[T]], bool]) -> Found[T]:
        """Return an entry that *is_usable*; or a lease to fetch one, with what there was."""
        found = await self._shared.get(key)
        waited_s, pause_s = 0.0, _PAUSE_S
        while found.lease is None and not (found.entry and is_usable(found.entry)):
            if waited_s >= _PATIENCE_S:
                return Found(found.entry, found.mark, ALONE)
            before, found = found, await self._shared.lead(key, found)
            if found is before:
                await asyncio.sleep(pause_s)
                waited_s += pause_s
                pause_s = min(pause_s * _PAUSE_GROWTH, _PAUSE_MAX_S)
        return found

    async def fetch(
        self, key: Key, found: Found[T], fetch: Callable[[], Awaitable[Entry[T]]]
    ) -> Entry[T]:
        """Fetch an answer for all with the lease that was *found*, and then give it back.

        Raises:
            ProxyError: what *fetch* raised. Where it tells that there is no answer for anybody,
                none is kept any more.
        """
        lease = found.lease or ALONE
        try:
            entry = await fetch()
        except ProxyError as exc:
            self._give_back(key, lease, exc)
            raise
        self._tasks.spawn(self._shared.settle(key, lease, entry), name="answer for all replicas")
        return entry

    def _give_back(self, key: Key, lease: bytes, exc: ProxyError) -> None:
        if exc.is_outage or exc.is_personal:
            end = self._shared.release(key, lease)
        else:
            end = self._shared.settle(key, lease, None)
        self._tasks.spawn(end, name="lease given back")
