"""A connection: uvicorn's HTTP protocol, and the limits that it lacks.

What goes wrong before there is a request to route is answered here, as a problem like any other.
Deadlines are no timers: the server calls `check` now and then, so that a connection that only waits
costs nothing.
"""

import asyncio
import math
import select
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httptools
import uvicorn
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.server import ServerState

from proxy.errors import CallerLeft, HeadTooLarge, ProxyError, RequestError, TooManyConnections
from proxy.web import problems

_LINGER_S = 1.0
"""How long a caller who is refused may go on sending, to have time to read why."""

_LINE_BYTES = 4
"""Of each header: the colon, a space, and the end of the line."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a caller may take: bytes of request line and headers, seconds, and connections.

    `head_s` is for a whole head from its first byte on, and for the first one of a connection;
    `keep_alive_s` for a connection between two requests, or with an answer that nobody reads.
    """

    head_bytes: int
    head_s: float
    keep_alive_s: float
    connections: int


class Connection(HttpToolsProtocol):
    """One connection. *on_refused* is told what was not even routed."""

    def __init__(
        self,
        config: uvicorn.Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        limits: Limits,
        on_refused: Callable[[ProxyError], None],
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._limits = limits
        self._on_refused = on_refused
        self._deadline = math.inf
        self._in_head = False
        self._in_message = False
        self._message_count = 0
        self._head_bytes = 0
        self._may_be_long = False
        self._is_refused = False
        self._is_last = False

    @property
    def is_answered(self) -> bool:
        """Say whether no request waits for its answer."""
        return self.cycle is None or self.cycle.response_complete  # type: ignore[redundant-expr]  # uvicorn begins with None

    def check(self, now: float) -> None:
        """End the connection if its time is over: politely at first, then in any case.

        *now* is of `time.monotonic`.
        """
        if now < self._deadline:
            return
        if self.transport.is_closing():
            self.transport.abort()
        elif self._in_head and not self._is_refused:
            self._refuse(CallerLeft(f"the headers took longer than {self._limits.head_s:g} s"))
        else:
            self.transport.close()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Take the connection, unless there are too many."""
        super().connection_made(transport)
        self._expect_within(self._limits.head_s)
        if len(self.connections) > self._limits.connections:
            self._refuse(TooManyConnections("too many connections are open; try again later"))

    def data_received(self, data: bytes) -> None:
        """Parse what came in; answer what cannot be parsed."""
        if self._is_refused:
            return
        was_in_head = self._in_head
        self._may_be_long = was_in_head or len(data) > self._limits.head_bytes
        try:
            self.parser.feed_data(data)
            if was_in_head and self._in_head:
                self._take(len(data))
        except httptools.HttpParserUpgrade:
            # Answered without the upgrade, as RFC 9110 section 7.8 allows; the parser has stopped.
            if not self.is_answered:
                self.cycle.keep_alive = False
        except (httptools.HttpParserError, HeadTooLarge) as exc:
            self._refuse(_fault(exc))

    def on_message_begin(self) -> None:
        """Expect the head, whole and soon."""
        super().on_message_begin()
        self._in_head = self._in_message = True
        self._message_count += 1
        self._head_bytes = 0
        if self.is_answered:
            self._expect_within(self._limits.head_s)

    def on_headers_complete(self) -> None:
        """Start to answer; from here on, deadlines are the app's."""
        self._head_bytes = 0
        if self._may_be_long:
            self._take(len(self.url) + sum(_LINE_BYTES + len(n) + len(v) for n, v in self.headers))
        self._in_head = False
        self._deadline = math.inf
        super().on_headers_complete()
        if self._is_last:
            self.cycle.keep_alive = False

    def on_message_complete(self) -> None:
        """Wait for the next request where this one's answer is already out."""
        self._in_message = False
        super().on_message_complete()
        if self.is_answered:
            self._await_next()

    def on_response_complete(self) -> None:
        """Wait for the next request, or soon for the rest of a body that nobody needed."""
        super().on_response_complete()
        self._unset_keepalive_if_required()
        if not self.is_answered:
            return
        if self._in_message:
            self._expect_within(self._limits.head_s)
        else:
            self._await_next()

    def shutdown(self) -> None:
        """End the connection, once what has been asked is answered: also if it is not read yet."""
        self._is_last = True
        is_asking = self._in_head or (not self._in_message and self._has_unread())
        if not (is_asking and self.is_answered) or self._is_refused:
            super().shutdown()

    def pause_writing(self) -> None:
        """Expect the caller to read on."""
        super().pause_writing()
        self._expect_within(self._limits.keep_alive_s)

    def resume_writing(self) -> None:
        """Wait for the next request, or leave deadlines to the app."""
        super().resume_writing()
        self._deadline = math.inf
        if self.is_answered:
            self._expect_within(self._limits.keep_alive_s)

    def _has_unread(self) -> bool:
        """Say whether anything has come in that the loop has not told of: words, or the end."""
        poll = select.poll()
        poll.register(self.transport.get_extra_info("socket").fileno(), select.POLLIN)
        return bool(poll.poll(0))

    def _await_next(self) -> None:
        """Keep nothing of the last request: with thousands of connections it would add up."""
        self._expect_within(self._limits.keep_alive_s)
        self.cycle = self.scope = self.headers = None  # type: ignore[assignment]  # as they begin

    def _expect_within(self, seconds: float) -> None:
        self._deadline = time.monotonic() + seconds

    def _take(self, size: int) -> None:
        """Count *size* bytes of a head.

        Raises:
            HeadTooLarge: that is too much.
        """
        self._head_bytes += size
        if self._head_bytes > self._limits.head_bytes:
            raise HeadTooLarge(
                f"request line and headers have more than {self._limits.head_bytes} bytes"
            )

    def _refuse(self, fault: ProxyError) -> None:
        """Say why, if nothing else is being said, and take nothing more."""
        self._is_refused = True
        self._on_refused(fault)
        if self.is_answered or self._is_called_off():
            self.transport.write(self._answer(fault))
            self.transport.write_eof()
            self._expect_within(_LINGER_S)
        else:
            self.transport.close()

    def _is_called_off(self) -> bool:
        """End the request under way, its body being none; say no where its answer is on its way."""
        if self.pipeline or self.cycle.response_started:
            return False
        self.cycle.disconnected = True
        self.cycle.message_event.set()
        return True

    def _answer(self, fault: ProxyError) -> bytes:
        path = self.url.decode("latin-1") if self._in_message else ""
        kind, body = problems.written(fault, path=path, request_id=uuid.uuid4().hex)
        headers = [
            *self.server_state.default_headers,
            (b"content-type", kind.encode()),
            (b"content-length", b"%d" % len(body)),
            (b"cache-control", b"private, no-store"),
            (b"connection", b"close"),
        ]
        lines = (b"%b: %b\r\n" % header for header in headers)
        return b"".join((STATUS_LINE[fault.status], *lines, b"\r\n", body))


def _fault(error: httptools.HttpParserError | HeadTooLarge) -> ProxyError:
    """Return what is wrong: a limit of ours, perhaps inside a callback, or no HTTP at all."""
    for cause in (error, error.__context__):
        if isinstance(cause, HeadTooLarge):
            return cause
    return RequestError("this is not HTTP/1.1")
