"""Level 2 of the cache: entries in Redis, for all replicas, and who of them fetches one.

What a value looks like is part of its key, so releases that differ in it never read each other's.
Each value carries a checksum over itself and its key: one that was damaged, or stands under
another's key, is none. Where Redis is away there is nothing, and everybody fetches for themselves.
"""

import contextlib
import hashlib
import secrets
from collections.abc import Callable
from typing import Generic, TypeVar

import msgspec
import zstandard

from proxy.core import positions
from proxy.core.entry import ALONE, Entry, Found
from proxy.core.freshness import Lifetime, shared
from proxy.core.keys import Key
from proxy.edge.codec import Codec
from proxy.edge.redis import Redis
from proxy.errors import UNREADABLE, RedisAway

T = TypeVar("T")

LEASE_S = 3.0
"""How long a replica may fetch before another does too: it may have died."""

_VALUE_MAX_BYTES = 1024**2
_KEEP_MAX_S = 86_400.0
_COMPRESSES_FROM_BYTES = 512
_CHECKSUM_BYTES = 8
_PLAIN, _ZSTD = b"p", b"z"

_LEAD = """
if redis.call("GETRANGE", KEYS[1], 0, 7) ~= ARGV[2] then return redis.call("GET", KEYS[1]) end
return redis.call("SET", KEYS[2], ARGV[1], "NX", "PX", ARGV[3]) and 1 or 0
"""
_RELEASE = """
if redis.call("GET", KEYS[2]) == ARGV[1] then redis.call("DEL", KEYS[2]) end
"""
_SETTLE = f"""{_RELEASE}
if ARGV[2] == "" then return redis.call("DEL", KEYS[1]) end
redis.call("SET", KEYS[1], ARGV[2], "PX", ARGV[3])
"""
"""KEYS: the answer's and the lease's, in one slot of a Cluster. ARGV: the lease, then see there."""

OnLook = Callable[[str], None]
"""Told how each look-up ended: `hit`, `miss`, `broken` or `away`."""


class _Kept(msgspec.Struct, array_like=True):
    """An entry as it travels; times are of the wall clock."""

    value: bytes
    at: float
    lifetime: tuple[float, float, float]
    pace: float
    tags: bytes
    until: float
    born: int


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Kept).decode


class Shared(Generic[T]):
    """What replicas keep together of the cache called *name*.

    *clock* is the cache's own, *wall_clock* what replicas have in common.
    """

    def __init__(
        self,
        redis: Redis,
        *,
        name: str,
        codec: Codec[T],
        prefix: str,
        clock: Callable[[], float],
        wall_clock: Callable[[], float],
        on_look: OnLook,
    ) -> None:
        self._redis = redis
        self._codec = codec
        self._squeezer = _Squeezer()
        self._prefix = f"{prefix}:{name}:{codec.version}:"
        self._clock = clock
        self._wall_clock = wall_clock
        self._on_look = on_look

    async def get(self, key: Key) -> Found[T]:
        """Look up what is kept under *key*."""
        try:
            value = await self._redis.get(self._name(key))
        except RedisAway:
            self._on_look("away")
            return Found(None, b"", ALONE)
        found = self._found(key, value)
        self._on_look("hit" if found.entry else "broken" if value else "miss")
        return found

    async def lead(self, key: Key, found: Found[T]) -> Found[T]:
        """Return a lease to fetch *key*, or what else than was *found* is kept there by now.

        While another replica has the lease, and nothing has come, it is *found* itself.
        """
        lease = secrets.token_bytes(8)
        try:
            answer = await self._run(_LEAD, key, lease, found.mark, _ms(LEASE_S))
        except RedisAway:
            return Found(found.entry, found.mark, ALONE)
        if isinstance(answer, bytes):
            return self._found(key, answer)
        return Found(found.entry, found.mark, lease) if answer else found

    async def settle(self, key: Key, lease: bytes, entry: Entry[T] | None) -> None:
        """Keep *entry* while it is of use, or nothing any more, and give the lease back."""
        keep_s = min(entry.until - self._clock(), _KEEP_MAX_S) if entry else 0.0
        value = self._write(key, entry) if entry and keep_s > 0 else b""
        if len(value) > _VALUE_MAX_BYTES:
            value = b""
        with contextlib.suppress(RedisAway):
            await self._run(_SETTLE, key, lease, value, _ms(keep_s))

    async def release(self, key: Key, lease: bytes) -> None:
        """Give the lease back, and leave what is kept as it is."""
        with contextlib.suppress(RedisAway):
            await self._run(_RELEASE, key, lease)

    async def _run(self, script: str, key: Key, *arguments: bytes | int) -> object:
        name = self._name(key)
        return await self._redis.send("EVAL", script, 2, name, name + b":lead", *arguments)

    def _name(self, key: Key) -> bytes:
        return f"{self._prefix}{{{key.hex()}}}".encode()

    def _found(self, key: Key, value: bytes | None) -> Found[T]:
        if value is None:
            return Found(None, b"")
        return Found(self._read(key, value), value[:_CHECKSUM_BYTES])

    def _write(self, key: Key, entry: Entry[T]) -> bytes:
        past_s, lifetime = self._wall_clock() - self._clock(), entry.lifetime
        kept = _Kept(
            value=self._codec.encode(entry.value),
            at=entry.at + past_s,
            lifetime=(lifetime.fresh_s, lifetime.revalidate_s, lifetime.error_s),
            pace=entry.pace,
            tags=entry.tags,
            until=entry.until + past_s,
            born=positions.known_to_all(entry.born),
        )
        body = self._squeezer.squeeze(_encode(kept))
        return _checksum(key, body) + body

    def _read(self, key: Key, value: bytes) -> Entry[T] | None:
        """Return the entry that *value* holds; its age is never negative, whatever the clocks."""
        body = value[_CHECKSUM_BYTES:]
        if value[:_CHECKSUM_BYTES] != _checksum(key, body):
            return None
        try:
            kept = _decode(self._squeezer.restore(body))
            answer = self._codec.decode(kept.value)
        except (*UNREADABLE, zstandard.ZstdError):
            return None
        now, past_s = self._clock(), self._wall_clock() - self._clock()
        return Entry(
            answer,
            min(now, kept.at - past_s),
            shared(Lifetime(*kept.lifetime)),
            kept.pace,
            kept.tags,
            (kept.until - kept.at) * kept.pace,
            born=kept.born,
            seen=kept.born,
        )


def _checksum(key: Key, body: bytes) -> bytes:
    return hashlib.blake2b(body, key=key, digest_size=_CHECKSUM_BYTES).digest()


class _Squeezer:
    """Compresses where that pays; its contexts are kept, as making one costs more than its use."""

    def __init__(self) -> None:
        self._compress = zstandard.ZstdCompressor().compress
        self._decompress = zstandard.ZstdDecompressor().decompress

    def squeeze(self, plain: bytes) -> bytes:
        """Return *plain* as it travels."""
        if len(plain) >= _COMPRESSES_FROM_BYTES:
            squeezed = self._compress(plain)
            if len(squeezed) < len(plain):
                return _ZSTD + squeezed
        return _PLAIN + plain

    def restore(self, body: bytes) -> bytes:
        """Return what was squeezed."""
        return self._decompress(body[1:]) if body[:1] == _ZSTD else body[1:]


def _ms(seconds: float) -> int:
    return max(1, int(seconds * 1000))
