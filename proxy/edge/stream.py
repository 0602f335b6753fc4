"""Raw exchanges with an upstream: bytes in, bytes out, as they come, nothing read or decoded.

Time is bounded by silence instead of in all: an exchange may last, but not stand still.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass

from proxy.core import hops
from proxy.core.hops import Header
from proxy.edge.connection import BrokenOff, Connection, request_head
from proxy.edge.http import Upstream
from proxy.edge.pool import Unconnected
from proxy.errors import RequestError

_REPEATABLE = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Sent:
    """A request as it goes out: the target's bytes verbatim, the body as it comes, or None."""

    method: str
    target: bytes
    headers: Sequence[Header]
    body: AsyncIterator[bytes] | None

    @property
    def is_repeatable(self) -> bool:
        """Say whether sending it twice does no harm. Source: RFC 9110 section 9.2.2."""
        return self.body is None and self.method in _REPEATABLE


@dataclass(frozen=True, slots=True)
class Received:
    """An answer whose body is still to come, in one part at least; header names in lower case.

    *is_over* says whether the part given last was the last.
    """

    status: int
    headers: Sequence[Header]
    body: AsyncIterator[bytes]
    is_over: Callable[[], bool]


class Streams:
    """Exchanges with one upstream, among its other calls.

    Connecting takes *connect_s* at most; then nobody may keep silent for longer than *silence_s*:
    neither before the answer nor within a body.
    """

    def __init__(self, upstream: Upstream, *, connect_s: float, silence_s: float) -> None:
        self._upstream = upstream
        self._connect_s = connect_s
        self._silence_s = silence_s

    @contextlib.asynccontextmanager
    async def exchange(self, sent: Sent) -> AsyncIterator[Received]:
        """Send the request and give the answer; leaving the block ends the exchange.

        Raises:
            UpstreamError: no answer; or, from within the block, its body broke off or stopped.
            RequestError: the caller's body is not what its headers say.
        """
        with self._upstream.observed(limit_s=self._silence_s) as answered:
            connection = await self._answering(sent)
            try:
                begun = await connection.head()
                answered(begun.status)
                body = _parts(connection)
                yield Received(begun.status, begun.headers, body, lambda: connection.is_read)
            finally:
                self._upstream.pool.give_back(connection)

    async def _answering(self, sent: Sent) -> Connection:
        """Return a connection on which the answer has begun.

        It comes from a second try where the first can have had no effect: a connection kept alive
        may have been closed by the other side just now.
        """
        try:
            return await self._send(sent)
        except Unconnected:
            return await self._send(sent)
        except BrokenOff:
            if not sent.is_repeatable:
                raise
            return await self._send(sent)

    async def _send(self, sent: Sent) -> Connection:
        pool = self._upstream.pool
        fields = map(b"%b: %b".__mod__, self._headers(sent))
        head = request_head(sent.method, pool.path + sent.target, fields)
        until = asyncio.get_running_loop().time() + self._connect_s
        connection = await pool.take(until=until)
        try:
            connection.begin(sent.method, silence_s=self._silence_s)
            await connection.write(head)
            if sent.body is not None:
                await _upload(connection, sent.body, hops.body_length(sent.headers))
            await connection.head()
        except BaseException:
            connection.close()
            raise
        return connection

    def _headers(self, sent: Sent) -> list[Header]:
        framing = []
        if sent.body is not None and hops.body_length(sent.headers) is None:
            framing = [(b"transfer-encoding", b"chunked")]
        return [(b"host", self._upstream.pool.host), *sent.headers, *framing]


async def _upload(connection: Connection, body: AsyncIterator[bytes], length: int | None) -> None:
    """Send the body, as far as the other side reads it."""
    async for part in _framed(body, length):
        if not connection.reads_on:
            return
        await connection.write(part)


async def _parts(connection: Connection) -> AsyncIterator[bytes]:
    yield await connection.read()
    while not connection.is_read:
        yield await connection.read()


async def _framed(body: AsyncIterator[bytes], length: int | None) -> AsyncIterator[bytes]:
    """Give *body* as it goes out: as long as was said or, where that was left open, in chunks.

    A server may hand out a body cut short, as ours does behind a refused upgrade.
    """
    given = 0
    async for part in body:
        given += len(part)
        if length is None:
            if part:
                yield b"%x\r\n%b\r\n" % (len(part), part)
        elif given <= length:
            yield part
        else:
            break
    if length is None:
        yield b"0\r\n\r\n"
    elif given != length:
        raise RequestError("the body is not as long as Content-Length says")
