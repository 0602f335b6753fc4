"""What the caches hold, in a file: for a restart while OrderCloud or CDP is out.

The file is its owner's alone, holds no token, and is replaced as a whole. What is read back stands
in for what cannot be had, and no more.
"""

import contextlib
import hashlib
import logging
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TypeVar

import msgspec

from proxy.core.entry import Entry
from proxy.core.freshness import ENDLESS, RESTORED
from proxy.core.keys import Key
from proxy.edge.codec import Codec
from proxy.edge.memory import Memory
from proxy.errors import UNREADABLE, UpstreamFailed

T = TypeVar("T")

_MAGIC = b"decision-proxy snapshot 1\n"
_KEYS = "keys"
_KEYS_MAX_AGE_S = 86_400.0
_LENGTH_BYTES = 4
_CHECKSUM_BYTES = 16
_TURN = 64
"""After so many records the event loop gets its turn."""

_log = logging.getLogger(__name__)


class Record(msgspec.Struct, array_like=True, frozen=True):
    """Something that is kept, as it is written; *at* is when it was asked for: wall clock."""

    part: str
    key: bytes
    value: bytes
    at: float
    tags: bytes = b""
    born: int = 0


@dataclass(frozen=True, slots=True)
class Part:
    """One kind of what is kept: what there is of it, the best first, and how it is put back.

    `records` is called in a thread of its own.
    """

    name: str
    records: Callable[[], Iterable[Record]]
    restore: Callable[[Record], None]


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Record).decode


class Snapshot:
    """The file at *path*, of up to *max_bytes*, and the parts that are written to it.

    A part may take half of the room that those before it have left; the last one, all of it.
    """

    def __init__(self, path: Path, *, max_bytes: int) -> None:
        self._path = path
        self._max_bytes = max_bytes
        self._parts: list[Part] = []
        self._writing = threading.Lock()
        self._found = self._read()

    def add(self, part: Part) -> None:
        """Let *part* be written from now on, and put back what of it was found in the file."""
        self._parts.append(part)
        for record in self._found.pop(part.name, []):
            part.restore(record)

    def write(self) -> bool:
        """Write all parts to the file; say whether that was possible."""
        self._found.clear()  # nobody has asked for what is left
        try:
            with self._writing:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                self._replace(self._path.with_name(f".{self._path.name}.new"))
        except OSError as exc:
            _log.warning("the snapshot cannot be written", extra={"error": str(exc)})
            return False
        return True

    def _replace(self, new: Path) -> None:
        new.unlink(missing_ok=True)
        digest = hashlib.blake2b(digest_size=_CHECKSUM_BYTES)
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            for block in self._blocks():
                digest.update(block)
                file.write(block)
            file.write(digest.digest())
            file.flush()
            os.fsync(file.fileno())
        new.replace(self._path)

    def _blocks(self) -> Iterator[bytes]:
        yield _MAGIC
        left = self._max_bytes
        for number, part in enumerate(self._parts, 1):
            room = left if number == len(self._parts) else left // 2
            for block in _fitting(part.records(), room):
                left -= len(block)
                yield block

    def _read(self) -> dict[str, list[Record]]:
        """Return what the file holds, by part; nothing where there is none, or it is damaged."""
        found: dict[str, list[Record]] = {}
        try:
            for record in _records(self._path.read_bytes()):
                found.setdefault(record.part, []).append(record)
        except FileNotFoundError:
            return {}
        except (OSError, *UNREADABLE) as exc:
            _log.warning("the snapshot cannot be used", extra={"error": str(exc)})
            return {}
        return found


def of_memory(
    name: str,
    memory: Memory[T],
    codec: Codec[T],
    *,
    is_ended: Callable[[Entry[T]], bool],
    max_age_s: float,
    clock: Callable[[], float],
) -> Part:
    """Return the entries of *memory* as a part, the newest first, but those that a purge has ended.

    None is put back that is older than *max_age_s*. *clock* is the memory's own.
    """
    part = f"{name}:{codec.version}"

    def records() -> Iterator[Record]:
        past_s = time.time() - clock()
        newest_first = sorted(memory.entries(), key=lambda kept: -kept[1].at)
        for key, entry in newest_first:
            if entry.lifetime in (ENDLESS, RESTORED) and not is_ended(entry):
                value, at = codec.encode(entry.value), entry.at + past_s
                yield Record(part, key, value, at, entry.tags, entry.born)

    def restore(record: Record) -> None:
        now, age_s = clock(), max(0.0, time.time() - record.at)
        if age_s > max_age_s:
            return
        with contextlib.suppress(*UNREADABLE):
            entry = Entry(
                codec.decode(record.value),
                now - age_s,
                RESTORED,
                tags=record.tags,
                useful_s=max_age_s,
                born=record.born,
                seen=record.born,
            )
            memory.put(Key(record.key), entry)

    return Part(part, records, restore)


def of_keys(keys: Callable[[], dict[str, bytes]], restore: Callable[[str, bytes], None]) -> Part:
    """Return the public keys of tokens (JWKs by key ID) as a part; none is put back after a day."""

    def records() -> Iterator[Record]:
        for kid, jwk in keys().items():
            yield Record(_KEYS, kid.encode(), jwk, time.time())

    def put_back(record: Record) -> None:
        if time.time() - record.at < _KEYS_MAX_AGE_S:
            with contextlib.suppress(UnicodeDecodeError, UpstreamFailed):
                restore(record.key.decode(), record.value)

    return Part(_KEYS, records, put_back)


def _fitting(records: Iterable[Record], room: int) -> Iterator[bytes]:
    """Give *records* as they are written, until *room* bytes are full."""
    encoded = map(_encode, records)
    while turn := list(islice(encoded, _TURN)):
        for text in turn:
            block = len(text).to_bytes(_LENGTH_BYTES, "big") + text
            room -= len(block)
            if room < 0:
                return
            yield block
        time.sleep(0)


def _records(content: bytes) -> Iterator[Record]:
    """Give the records of a file.

    Raises:
        msgspec.DecodeError: it is not one that `Snapshot` wrote in full.
    """
    end = len(content) - _CHECKSUM_BYTES
    body = memoryview(content)[:end]
    digest = hashlib.blake2b(body, digest_size=_CHECKSUM_BYTES).digest()
    if not content.startswith(_MAGIC) or content[end:] != digest:
        raise msgspec.DecodeError("it is damaged, or of another release")
    at = len(_MAGIC)
    while at < end:
        length = int.from_bytes(body[at : at + _LENGTH_BYTES], "big")
        at += _LENGTH_BYTES + length
        yield _decode(body[at - length : at])
