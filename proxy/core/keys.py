"""What a cached answer is kept under: a digest of all that it depends on."""

import hashlib
from typing import NewType

import msgspec

Key = NewType("Key", bytes)
"""16 bytes, the same in every replica."""

_framed = msgspec.msgpack.Encoder(order="deterministic").encode


def key_of(kind: str, *parts: object) -> Key:
    """Return the key of the answer of *kind* that depends on *parts*: values msgspec can write.

    MessagePack writes the length of each part before it, so no two lists of parts are one text;
    and 128 bits of BLAKE2b leave nobody a way to make two lists of parts meet.
    """
    return Key(hashlib.blake2b(_framed((kind, parts)), digest_size=16).digest())
