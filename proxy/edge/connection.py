"""One HTTP/1.1 connection to an upstream: a request goes out, its answer comes in.

Octet by octet: nothing is added, decoded or followed here. llhttp, by httptools, reads; what is not
plainly HTTP to it is none. `proxy.edge.pool` says whose turn it is. Source: RFC 9112.
"""

import asyncio
import math
import re
import select
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import cast

import httptools

from proxy import tasks
from proxy.core.hops import Header
from proxy.errors import RequestError

_HEAD_MAX_BYTES = 128 * 1024
_HELD_MAX_BYTES = 256 * 1024
"""So much of a body is read ahead of whoever takes it."""

_INTERIM = range(100, 200)
_FRAMING = frozenset({b"content-length", b"transfer-encoding"})
_SENDABLE_TARGET = re.compile(rb"[\x21-\x7e]+")


class BrokenOff(ConnectionError):
    """The connection ended, or made no sense, before the answer was over."""


@dataclass(slots=True)
class Answered:
    """The beginning of an answer; header names in lower case."""

    status: int = 0
    headers: list[Header] = field(default_factory=list)


def request_head(method: str, target: bytes, fields: Iterable[bytes]) -> bytes:
    """Write a request up to its body; *fields* are header lines without their ends.

    Raises:
        RequestError: it would not be one request.
    """
    if not _SENDABLE_TARGET.fullmatch(target):
        raise RequestError("the request target is not one that can be sent as HTTP")
    start = b"%b %b HTTP/1.1" % (method.encode("ascii"), target)
    lines = [start, *fields, b"", b""]
    head = b"\r\n".join(lines)
    ends = len(lines) - 1
    if head.count(b"\r") != ends or head.count(b"\n") != ends or b"\x00" in head:
        raise RequestError("a header is not one that can be sent as HTTP")
    return head


class Connection(asyncio.Protocol):
    """A connection, and the exchange that has its turn on it.

    An exchange is `begin`, `write` as often as needed, `head`, then `read` until it `is_read`.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._waiter: asyncio.Future[None] | None = None
        self._may_write = asyncio.Event()
        self._may_write.set()
        self._fault = ""
        self.is_over = True
        self._is_kept = True
        self._ends_with_connection = False
        self._parser: httptools.HttpResponseParser | None = None

    # The exchange, as its owner drives it

    def begin(self, method: str, *, silence_s: float = math.inf, until: float = math.inf) -> None:
        """Start an exchange; *method* decides whether its answer has a body.

        The other side may keep silent for *silence_s*, and has time *until* then (of the loop's
        clock). After that, whatever waits for it raises TimeoutError.
        """
        self._method = method
        self._silence_s = silence_s
        self._until = until
        self._answered = Answered()
        self._has_head = self.is_over = self._is_kept = False
        self._head_bytes = 0
        self._parts: list[bytes] = []
        self._held_bytes = 0
        self._ends_with_connection = False
        if self._parser is None:
            self._parser = httptools.HttpResponseParser(self)

    async def write(self, part: bytes) -> None:
        """Send *part* of the request, once there is room for it."""
        self._transport.write(part)
        if not self._may_write.is_set():
            async with asyncio.timeout_at(self._waits_until()):
                await self._may_write.wait()

    @property
    def reads_on(self) -> bool:
        """Say whether the rest of the request is of any use: not where the other side will close.

        Source: RFC 9112 section 9.6.
        """
        return not self._fault and (self._is_kept or not self._has_head)

    async def head(self) -> Answered:
        """Return the answer's beginning.

        Raises:
            BrokenOff: there is none.
        """
        while not self._has_head:
            await self._progress()
        return self._answered

    async def read(self) -> bytes:
        """Return the next part of the body as it came; nothing only when it is over.

        Raises:
            BrokenOff: before it was over.
        """
        while not self._parts and not self.is_over:
            await self._progress()
        part = b"".join(self._parts)
        self._parts.clear()
        if self._held_bytes > _HELD_MAX_BYTES and not self._transport.is_closing():
            self._transport.resume_reading()
        self._held_bytes = 0
        return part

    @property
    def is_read(self) -> bool:
        """Say whether the answer is over, and all of it was given."""
        return self.is_over and not self._parts

    @property
    def is_kept_alive(self) -> bool:
        """Say whether the exchange is over, and another one may begin."""
        return self.is_over and self._is_kept and not self._transport.is_closing()

    def is_usable(self) -> bool:
        """Say whether it is kept alive, and nothing has come unasked: neither words nor the end."""
        return self.is_kept_alive and not self._unread.poll(0)

    def close(self) -> None:
        """End the connection, whatever is under way."""
        self._transport.abort()

    # What the event loop tells

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one by shape only
        self._unread = select.poll()
        self._unread.register(transport.get_extra_info("socket").fileno(), select.POLLIN)

    def data_received(self, data: bytes) -> None:
        """Read on in the answer; what nobody asked for ends the connection."""
        if self.is_over:
            self._break("it spoke out of turn")
            return
        assert self._parser is not None
        if not self._has_head:
            self._head_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._break("its answer is not plainly HTTP")
        if not self._has_head and self._head_bytes > _HEAD_MAX_BYTES:
            self._break("its answer begins with too many headers")
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        """End the exchange under way, if it does not end just so."""
        if self._ends_with_connection and exc is None:
            self.is_over = True
        elif not self.is_over:
            self._fault = self._fault or "it closed the connection"
        self._may_write.set()
        self._wake()

    def pause_writing(self) -> None:
        """Let `write` wait."""
        self._may_write.clear()

    def resume_writing(self) -> None:
        """Let `write` go on."""
        self._may_write.set()

    # What llhttp tells

    def on_message_begin(self) -> None:
        """Refuse what follows an answer."""
        if self.is_over:
            raise BrokenOff("it spoke out of turn")

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header; after the body they are trailers, which nobody reads."""
        if not self._has_head:
            self._answered.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """Show the head, unless it is an interim one."""
        assert self._parser is not None
        status = self._parser.get_status_code()
        if status in _INTERIM:
            self._answered.headers.clear()
            return
        headers = self._answered.headers
        if self._head_bytes > _HEAD_MAX_BYTES and _length(headers) > _HEAD_MAX_BYTES:
            raise BrokenOff("its answer begins with too many headers")
        self._answered.status = status
        self._has_head = True
        self._is_kept = self._parser.should_keep_alive()
        self._ends_with_connection = _FRAMING.isdisjoint([name for name, _ in headers])
        if self._method == "HEAD":
            self.is_over = True
            self._parser = None  # it waits for the body

    def on_body(self, body: bytes) -> None:
        """Hold a part of the body, and no more than a few."""
        if self.is_over:
            raise BrokenOff("it spoke out of turn")
        self._parts.append(body)
        before, self._held_bytes = self._held_bytes, self._held_bytes + len(body)
        if before <= _HELD_MAX_BYTES < self._held_bytes:
            self._transport.pause_reading()

    def on_message_complete(self) -> None:
        """End the exchange, unless that was an interim answer."""
        if self._has_head:
            self.is_over = True

    # How the two meet

    async def _progress(self) -> None:
        """Wait until something has come in."""
        if self._fault:
            raise BrokenOff(self._fault)
        self._waiter = self._loop.create_future()
        await tasks.wait(self._waiter, until=self._waits_until())

    def _waits_until(self) -> float:
        return min(self._loop.time() + self._silence_s, self._until)

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _break(self, fault: str) -> None:
        """End the connection, and the exchange under way with it."""
        self._is_kept = False
        if not self.is_over:
            self._fault = self._fault or fault
        self._transport.abort()


def _length(headers: Iterable[Header]) -> int:
    """Return the bytes of *headers*, which a body may have come along with."""
    return sum(len(name) + len(value) for name, value in headers)
