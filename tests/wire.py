"""The wire itself: a raw client, and an upstream that keeps every byte that it is sent."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from tests.servers import free_socket, url_of

PATIENCE_S = 10.0
_END = b"\r\n\r\n"


@dataclass(slots=True)
class Wire:
    """One connection: what is written goes out as it is."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def say(self, text: bytes) -> None:
        """Write *text*."""
        self.writer.write(text)
        await self.writer.drain()

    async def hear(self, until: bytes = b"\r\n\r\n") -> bytes:
        """Read up to and with *until*."""
        return await asyncio.wait_for(self.reader.readuntil(until), PATIENCE_S)

    async def hear_all(self) -> bytes:
        """Read until the other side closes the connection."""
        return await asyncio.wait_for(self.reader.read(), PATIENCE_S)

    async def leave(self) -> None:
        """Break the connection off."""
        self.writer.transport.abort()


@contextlib.asynccontextmanager
async def connected(url: str) -> AsyncIterator[Wire]:
    """Give a connection to *url*'s host for the block."""
    at = urlsplit(url)
    reader, writer = await asyncio.open_connection(at.hostname, at.port)
    try:
        yield Wire(reader, writer)
    finally:
        writer.transport.abort()


@dataclass(slots=True)
class Upstream:
    """Says *answer* to every request, and keeps what it hears: per connection, all of it."""

    answer: bytes
    then_closes: bool = False
    tls: ssl.SSLContext | None = None
    url: str = ""
    heard: list[bytes] = field(default_factory=list)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    _wires: list[asyncio.StreamWriter] = field(default_factory=list)

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncIterator["Upstream"]:
        """Answer on a free port for the block."""
        async with await asyncio.start_server(
            self._serve, sock=free_socket(), ssl=self.tls
        ) as server:
            self.url = url_of(server.sockets[0])
            yield self
            self.hang_up()

    async def sounds(self) -> bytes:
        """Return all that was heard."""
        return b"".join(self.heard)

    def say(self, text: bytes) -> None:
        """Say *text* unasked, on every connection."""
        for wire in self._wires:
            wire.write(text)

    def hang_up(self) -> None:
        """Break every connection off."""
        for wire in self._wires:
            wire.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._wires.append(writer)
        number = len(self.heard)
        self.heard.append(b"")
        with contextlib.suppress(ConnectionError):
            while chunk := await reader.read(65536):
                asked = self.heard[number].count(_END)
                self.heard[number] += chunk
                asked = self.heard[number].count(_END) - asked
                writer.write(self.answer * asked)
                if asked and self.then_closes:
                    break
        self.ended.set()
        writer.close()
