"""Each request of a file sent once, so that a server has every page before it is timed."""

import asyncio
import re
from collections.abc import Iterable
from pathlib import Path

import uvloop

from benchmarks.peers.catalogue import Peer

_CONNECTIONS = 8
_LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)
_CHUNKED = re.compile(rb"transfer-encoding: chunked", re.IGNORECASE)


def warm(peer: Peer, file: Path) -> list[bytes]:
    """Send each request of *file* to *peer*; return the answers' heads in their order."""
    return fill(peer, file.read_bytes().split(b"\0"))


def fill(peer: Peer, requests: Iterable[bytes]) -> list[bytes]:
    """Send each of *requests* to *peer*; return the answers' heads in their order."""
    return uvloop.run(send_all(peer.port, requests))


async def send_all(port: int, requests: Iterable[bytes]) -> list[bytes]:
    """Send each of *requests* to *port*, a few at once; return the answers' heads.

    Raises:
        ExceptionGroup: of RuntimeError, where one is not answered with success.
    """
    heads: list[bytes] = []
    left = iter(requests)

    async def work() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for request in left:
            number = len(heads)
            heads.append(b"")
            writer.write(request)
            heads[number] = await _read(reader)
        writer.close()

    async with asyncio.TaskGroup() as group:
        for _ in range(_CONNECTIONS):
            group.create_task(work())
    return heads


async def _read(reader: asyncio.StreamReader) -> bytes:
    """Read an answer to its end; return its head."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = _LENGTH.search(head)
    if not head.startswith((b"HTTP/1.1 2", b"HTTP/1.1 304")):
        raise RuntimeError(f"not warm yet: {head.decode('latin-1')}")
    if length is not None and not head.startswith(b"HTTP/1.1 304"):
        await reader.readexactly(int(length[1]))
    elif _CHUNKED.search(head):
        await reader.readuntil(b"0\r\n\r\n")
    return head
