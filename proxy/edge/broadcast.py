"""Purges told to all replicas through one Redis stream, and caught up on after being cut off.

The stream keeps the last purges in their order, so a replica that lost its connection, or has just
started, reads on from where it was. What cannot be known counts as purged.

Until a purge of its own comes back, a replica notes it anew after all that comes before: answers of
those who have heard that much, but not yet of this, must not pass for answers since.
"""

import asyncio
import contextlib
import random
import secrets
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from functools import partial
from itertools import chain
from typing import Any, Protocol, TypeAlias

import msgspec

from proxy.core import positions, tags
from proxy.edge.redis import Client, Redis
from proxy.errors import UNREADABLE, RedisAway


class Note(Protocol):
    """Takes note of a purge."""

    def __call__(self, purged: Iterable[str], position: int, *, hard: bool) -> None:
        """Note the tags of a purge, and where among all purges it stands."""


KEPT = 10_000
"""Purges that the stream keeps: so many may pass while a replica is cut off."""

_BLOCK_S = 5.0
_TOGETHER = 500
_REST_S = (0.2, 0.6)
_PURGE = b"purge"
_BEGIN = b"begin"
"""The first record of a stream: what was purged before it, nobody can tell."""

_Record: TypeAlias = tuple[bytes, dict[bytes, bytes]]


class _Purge(msgspec.Struct, array_like=True):
    tags: list[str]
    hard: bool
    mark: bytes = b""
    """Tells it from every other."""


class _Own(msgspec.Struct):
    """A purge of this replica's own that has not come back; told *at* that position, or not yet."""

    purge: _Purge
    at: int = 0


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Purge).decode


class Broadcast:
    """Tells the other replicas, and hears from them. *note* hears of every purge, ours too."""

    def __init__(self, redis: Redis, *, prefix: str, note: Note) -> None:
        self._redis = redis
        self._stream = f"{prefix}:purges"
        self._note = note
        self._position = 0
        self._to_tell: deque[_Own] = deque()
        self._unheard: dict[bytes, _Own] = {}
        self._begin_mark: bytes | None = None
        self._has_to_tell = asyncio.Event()
        self.is_listening = False

    def tell(self, purged: Collection[str], *, hard: bool) -> None:
        """Tell all replicas of a purge, as soon as Redis can be reached."""
        if len(self._unheard) >= KEPT:
            self._to_tell.clear()
            self._unheard.clear()
            purged, hard = [tags.ALL], True
        own = _Own(_Purge([*purged], hard, secrets.token_bytes(8)))
        self._unheard[own.purge.mark] = own
        self._to_tell.append(own)
        self._has_to_tell.set()

    async def run(self) -> None:
        """Tell and hear until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._retried(self._tell_all))
            group.create_task(self._retried(self._hear_all))

    async def catch_up(self) -> None:
        """Hear of what was purged before now.

        Raises:
            RedisAway: it cannot be reached.
        """
        await self._attach()
        while records := await self._redis.call(self._read):
            self._hear(records)

    async def _retried(self, work: Callable[[], Awaitable[None]]) -> None:
        while True:
            with contextlib.suppress(RedisAway):
                await work()
            await asyncio.sleep(random.uniform(*_REST_S))  # noqa: S311 - spreads retries

    async def _tell_all(self) -> None:
        while True:
            while self._to_tell:
                await self._tell_next()
            self._has_to_tell.clear()
            await self._has_to_tell.wait()

    async def _tell_next(self) -> None:
        own = self._to_tell[0]
        id_ = await self._redis.call(partial(self._add, own.purge))
        if id_ is None:
            await self._attach()
            id_ = await self._redis.call(partial(self._add, own.purge))
        own.at = positions.of_record(id_.decode()) if id_ else 0
        if own.at and self._to_tell and self._to_tell[0] is own:
            self._to_tell.popleft()

    async def _hear_all(self) -> None:
        try:
            await self._attach()
            self.is_listening = True
            read = partial(self._read, block_ms=int(_BLOCK_S * 1000))
            while True:
                self._hear(await self._redis.wait(read, blocks_s=_BLOCK_S))
        finally:
            self.is_listening = False

    async def _attach(self) -> None:
        """Make sure that there is a stream, and that it still holds all we have not heard of."""
        first = await self._redis.call(self._first)
        if first is None:
            await self._redis.call(self._begin)
            first = await self._redis.call(self._first)
        if first is None:
            return
        id_, fields = first
        position = positions.of_record(id_.decode())
        self._tell_lost(position, fields.get(_BEGIN))
        if position > self._position and _BEGIN not in fields:
            self._note([tags.ALL], position, hard=True)
            self._position = position

    def _tell_lost(self, first: int, begin: bytes | None) -> None:
        """Tell again what the stream no longer has: its *begin* is new, or *first* is later."""
        is_new = begin is not None and self._begin_mark not in (None, begin)
        self._begin_mark = begin or self._begin_mark
        for own in self._unheard.values():
            if own.at and (is_new or own.at < first):
                own.at = 0
                self._to_tell.append(own)
                self._has_to_tell.set()

    def _hear(self, records: Sequence[_Record]) -> None:
        for id_, fields in records:
            self._position = positions.of_record(id_.decode())
            if _BEGIN in fields:
                self._note([tags.ALL], self._position, hard=False)
                continue
            purge = _read_purge(fields)
            self._unheard.pop(purge.mark, None)
            self._note(purge.tags, self._position, hard=purge.hard)
        self._note_unheard()

    def _note_unheard(self) -> None:
        """Note what has not come back yet behind all that has."""
        for place, hard in enumerate((True, False), start=1):
            every = (one.purge.tags for one in self._unheard.values() if one.purge.hard is hard)
            if own := [*chain.from_iterable(every)]:
                self._note(own, self._position + place, hard=hard)

    async def _first(self, client: Client) -> _Record | None:
        records: Any = await client.xrange(self._stream, count=1)  # typed for every protocol
        return records[0] if records else None

    async def _begin(self, client: Client) -> None:
        """Begin the stream after all we have heard of, so that its numbers go on rising."""
        id_ = positions.record_after(self._position)
        await client.xadd(self._stream, {_BEGIN: secrets.token_bytes(8)}, id=id_)

    async def _add(self, purge: _Purge, client: Client) -> bytes | None:
        """Add a purge to the stream, and return the record's id; None where there is no stream."""
        fields: dict[Any, Any] = {_PURGE: _encode(purge)}
        id_: Any = await client.xadd(self._stream, fields, maxlen=KEPT, nomkstream=True)
        return None if id_ is None else bytes(id_)

    async def _read(self, client: Client, block_ms: int | None = None) -> Sequence[_Record]:
        since: dict[Any, Any] = {self._stream: positions.record_at(self._position)}
        streams: Any = await client.xread(since, _TOGETHER, block_ms)  # typed as xrange is
        return streams[0][1] if streams else ()


def _read_purge(fields: Mapping[bytes, bytes]) -> _Purge:
    """Return the purge of a record; one that cannot be read may be of anything."""
    try:
        return _decode(fields.get(_PURGE, b""))
    except UNREADABLE:
        return _Purge([tags.ALL], hard=True)
