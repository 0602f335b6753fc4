"""What replicas share, without Redis: for tests in which time passes only when they say so."""

from collections.abc import Callable
from dataclasses import replace
from typing import Generic, TypeVar

from proxy.core import positions
from proxy.core.entry import ALONE, Entry, Found
from proxy.core.keys import Key

T = TypeVar("T")

LEASE_S = 3.0


class SharedMemory(Generic[T]):
    """Stands in for Redis; what it does is held to the same tests (contract/test_shared.py)."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._kept: dict[Key, tuple[Entry[T], bytes]] = {}
        self._leases: dict[Key, tuple[bytes, float]] = {}
        self._count = 0
        self.is_away = False

    async def get(self, key: Key) -> Found[T]:
        """Return what is kept, as a copy: each replica has its own."""
        if self.is_away:
            return Found(None, b"", ALONE)
        entry, mark = self._kept.get(key, (None, b""))
        if entry is None or entry.until <= self._clock():
            return Found(None, b"")
        born = positions.known_to_all(entry.born)
        return Found(replace(entry, born=born, seen=born, uses=0), mark)

    async def lead(self, key: Key, found: Found[T]) -> Found[T]:
        """Return a lease, or what else is there, or *found* while another leads."""
        now_found = await self.get(key)
        if now_found.lease is not None or now_found.mark != found.mark:
            return now_found
        lease, until = self._leases.get(key, (ALONE, 0.0))
        if lease != ALONE and until > self._clock():
            return found
        lease = self._next()
        self._leases[key] = lease, self._clock() + LEASE_S
        return replace(found, lease=lease)

    async def settle(self, key: Key, lease: bytes, entry: Entry[T] | None) -> None:
        """Keep *entry*, or nothing any more, and give the lease back."""
        if self.is_away:
            return
        await self.release(key, lease)
        if entry is None:
            self._kept.pop(key, None)
        else:
            self._kept[key] = entry, self._next()

    async def release(self, key: Key, lease: bytes) -> None:
        """Give the lease back."""
        if self._leases.get(key, (ALONE, 0.0))[0] == lease:
            self._leases.pop(key, None)

    def _next(self) -> bytes:
        self._count += 1
        return self._count.to_bytes(8, "big")
