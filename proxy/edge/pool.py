"""The connections to one upstream host: opened when needed, kept for the next call.

How many there are at once is for `proxy.edge.http.Upstream` to bound. Who finds none has one
opened, and takes what comes first: that one, or one that another call is done with.
"""

import asyncio
import functools
import math
import ssl
import time
from collections import deque
from collections.abc import Callable
from urllib.parse import urlsplit

from proxy.edge.connection import Connection
from proxy.tasks import Tasks

_IDLE_S = 30.0
"""Kept no longer unused: what stands between may have forgotten it without a word."""

_PORTS = {"http": 80, "https": 443}


class Unconnected(ConnectionError):
    """No connection came about, so that nothing was sent."""


class Pool:
    """Connections to the host of *url*, plain or TLS, as its scheme says."""

    def __init__(self, url: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        at = urlsplit(url)
        self.host = at.netloc.encode("ascii")
        self.path = at.path.rstrip("/").encode("ascii")
        self._address = at.hostname or "", at.port or _PORTS[at.scheme]
        self._is_secure = at.scheme == "https"
        self._idle: deque[tuple[Connection, float]] = deque()
        self._waiters: dict[asyncio.Future[Connection], None] = {}
        self._openings = Tasks()
        self._clock = clock

    async def take(self, *, until: float = math.inf) -> Connection:
        """Return a connection that nobody else has: the one used last, or a new one.

        Raises:
            Unconnected: none came about.
            TimeoutError: not *until* then, of the loop's clock.
        """
        while self._idle:
            connection, since = self._idle.pop()
            if self._clock() - since < _IDLE_S and connection.is_usable():
                return connection
            connection.close()
        return await self._first(until)

    async def _first(self, until: float) -> Connection:
        """Return what comes first: a new connection, or one that is given back."""
        waiter: asyncio.Future[Connection] = asyncio.get_running_loop().create_future()
        self._waiters[waiter] = None
        opening = self._openings.spawn(self._open_for(waiter, until), name="connection")
        try:
            async with asyncio.timeout_at(until):
                return await waiter
        except BaseException:
            opening.cancel()
            if waiter.done() and not waiter.cancelled() and waiter.exception() is None:
                self.give_back(waiter.result())  # it came as its taker left
            raise
        finally:
            self._waiters.pop(waiter, None)

    async def _open_for(self, waiter: asyncio.Future[Connection], until: float) -> None:
        """Open a connection; where *waiter* has got another meanwhile, it is for the next call."""
        try:
            async with asyncio.timeout_at(until):
                connection = await self._open()
        except (Unconnected, TimeoutError) as exc:
            if not waiter.done():
                waiter.set_exception(exc)
            return
        if waiter.done():
            self.give_back(connection)
        else:
            waiter.set_result(connection)

    def give_back(self, connection: Connection) -> None:
        """Keep a connection for others, or end it: within an exchange, it is of no more use."""
        if not connection.is_kept_alive:
            connection.close()
            return
        waiter = next((one for one in self._waiters if not one.done()), None)
        if waiter is not None:
            waiter.set_result(connection)
            return
        now = self._clock()
        self._idle.append((connection, now))
        while now - self._idle[0][1] >= _IDLE_S:
            self._idle.popleft()[0].close()

    async def close(self) -> None:
        """End the connections that nobody has, and those on the way."""
        await self._openings.close()
        for connection, _ in self._idle:
            connection.close()
        self._idle.clear()

    async def _open(self) -> Connection:
        host, port = self._address
        try:
            _, connection = await asyncio.get_running_loop().create_connection(
                Connection, host, port, ssl=_trusted() if self._is_secure else None
            )
        except OSError as exc:
            raise Unconnected(str(exc)) from exc
        return connection


@functools.cache
def _trusted() -> ssl.SSLContext:
    """Return the certificates that this machine trusts; reading them takes longer than a start."""
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    return context
