"""The connections to one upstream host: opened when needed, kept for the next call.

How many there are at once is for `proxy.edge.http.Upstream` to bound.
"""

import asyncio
import functools
import math
import ssl
import time
from collections.abc import Callable
from urllib.parse import urlsplit

from proxy.edge.connection import Connection

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
        self._idle: list[tuple[Connection, float]] = []
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
        async with asyncio.timeout_at(until):
            return await self._open()

    def give_back(self, connection: Connection) -> None:
        """Keep a connection for others, or end it: within an exchange, it is of no more use."""
        if connection.is_kept_alive:
            self._idle.append((connection, self._clock()))
        else:
            connection.close()

    def close(self) -> None:
        """End the connections that nobody has."""
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
