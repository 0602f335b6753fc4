"""How answers are written where another process reads them: in Redis, and in a snapshot on disk."""

import hashlib
from collections.abc import Callable
from typing import Any, Generic, TypeVar

import msgspec

from proxy.model import Execution, Page, Profile

T = TypeVar("T")

_FORMAT = 1
"""Raised where what is written means something else, though it looks the same."""


class Codec(Generic[T]):
    """Writes and reads answers of one kind: as *wire*, of types that msgspec knows."""

    def __init__(
        self, wire: object, *, pack: Callable[[T], object], unpack: Callable[[Any], T]
    ) -> None:
        self._pack = pack
        self._unpack = unpack
        self._encode = msgspec.msgpack.Encoder().encode
        self._decode: Callable[[bytes], Any] = msgspec.msgpack.Decoder(wire).decode
        shape = msgspec.json.encode((_FORMAT, msgspec.json.schema(wire)), order="sorted")
        self.version = hashlib.blake2b(shape, digest_size=4).hexdigest()
        """Of what is written: another wherever the types differ."""

    def encode(self, value: T) -> bytes:
        """Write *value*."""
        return self._encode(self._pack(value))

    def decode(self, written: bytes) -> T:
        """Read what `encode` wrote.

        Raises:
            msgspec.DecodeError: it did not.
        """
        return self._unpack(self._decode(written))


def _readable(done: Execution) -> Execution:
    """Return *done*, whose JSON is read only when a shopper waits for it.

    Raises:
        msgspec.DecodeError: it is none.
    """
    if done.json is not None:
        msgspec.json.decode(done.json)
    return done


PAGES = Codec(Page, pack=lambda page: page, unpack=lambda page: page)
PROFILES = Codec(Profile, pack=lambda profile: profile, unpack=lambda profile: profile)
GROUPS = Codec(frozenset[str], pack=sorted, unpack=frozenset)
EXECUTIONS = Codec(Execution, pack=lambda done: done, unpack=_readable)
