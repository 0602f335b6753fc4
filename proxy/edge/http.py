"""Calls to one upstream host: bounded in number, time and size; its faults become ours.

A call passes the bulkhead (so many under way at most), then the circuit breaker, and is tried a
second time only where the first try cannot have had an effect.
"""

import asyncio
import contextlib
import random
import time
import zlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass

from proxy import __version__
from proxy.core.hops import Header
from proxy.edge.breaker import Breaker, Call, OnCall
from proxy.edge.connection import Connection, request_head
from proxy.edge.pool import Pool, Unconnected
from proxy.errors import (
    UpstreamBroken,
    UpstreamBusy,
    UpstreamError,
    UpstreamRefused,
    UpstreamTimeout,
)

BODY_MAX_BYTES = 32 * 1024 * 1024

_SERVER_ERROR = 500
_UNAVAILABLE = 503
_RETRY_AFTER_S = (0.01, 0.05)
_DEFAULTS = {"accept-encoding": "gzip", "user-agent": f"decision-proxy/{__version__}"}
_GZIP = 16 + zlib.MAX_WBITS


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer: header names in lower case, the body decoded from its content coding."""

    status: int
    raw_headers: Sequence[Header]
    body: bytes

    @property
    def headers(self) -> Mapping[str, str]:
        """Return the headers as text; of several of a name the last one."""
        return {name.decode("ascii"): value.decode("latin-1") for name, value in self.raw_headers}


@dataclass(slots=True)
class _Request:
    """A request as bytes; all tries together may take *until* then, of the loop's clock."""

    method: str
    sent: bytes
    until: float


class Upstream:
    """One upstream host. *limit_s* bounds a call in all; beyond *in_flight* calls are refused."""

    def __init__(
        self,
        pool: Pool,
        *,
        name: str,
        limit_s: float,
        in_flight: int,
        on_call: OnCall,
    ) -> None:
        self.pool = pool
        self._name = name
        self._limit_s = limit_s
        self._in_flight = in_flight
        self._under_way = 0
        self._on_call = on_call
        self.breaker = Breaker(name=name, clock=time.monotonic)

    async def request(
        self,
        method: str,
        target: str,
        *,
        headers: Mapping[str, str],
        content: bytes | None = None,
    ) -> Answer:
        """Send one request to *target*, a path and query on this host; return the whole answer.

        Raises:
            UpstreamError: no answer, none within the limit, too many calls are under way, or the
                upstream keeps failing.
        """
        until = asyncio.get_running_loop().time() + self._limit_s
        with self.observed(limit_s=self._limit_s) as answered:
            request = _Request(method, self._written(method, target, headers, content), until)
            answer = await self._attempts(request)
            answered(answer.status)
        return answer

    def observed(self, *, limit_s: float) -> "Observed":
        """Take a place among the calls under way, for a block.

        What goes wrong in the block becomes ours; *limit_s* is what the block itself allows the
        upstream.

        Raises:
            UpstreamError: too many calls are under way, the upstream rests, or it did not answer.
        """
        if self._under_way >= self._in_flight:
            raise UpstreamBusy(f"{self._in_flight} calls to {self._name} are under way")
        return Observed(self, Call(self.breaker, self._on_call, self._name), limit_s)

    def enter(self) -> None:
        """Count a call that begins."""
        self._under_way += 1

    def leave(self) -> None:
        """Count a call that has ended."""
        self._under_way -= 1

    def ours(self, exc: BaseException, limit_s: float) -> UpstreamError | None:
        """Return what went wrong with the upstream as an error of ours; None: something else."""
        match exc:
            case UpstreamError():
                return exc
            case Unconnected():
                return UpstreamRefused(f"{self._name} cannot be reached: {exc}", unsent=True)
            case TimeoutError():
                return UpstreamTimeout(f"{self._name} did not answer within {limit_s:g} s")
            case ConnectionError():
                return UpstreamRefused(f"{self._name} cannot be reached: {exc}")
            case _:
                return None

    async def _attempts(self, request: _Request) -> Answer:
        answer = await self._first_try(request)
        if answer is not None:
            return answer
        async with asyncio.timeout_at(request.until):
            await asyncio.sleep(random.uniform(*_RETRY_AFTER_S))  # noqa: S311 - guards nothing
        return await self._exchange(request)

    async def _first_try(self, request: _Request) -> Answer | None:
        """Return the answer, or None where a second try may help and can do no harm.

        That is: nothing was read of the first, or the method changes nothing. CDP's 503 asks for
        an immediate second try. Source: docs/sources.md#cdp-status.
        """
        try:
            answer = await self._exchange(request)
        except Unconnected:
            return None
        except ConnectionError:
            if request.method == "GET":
                return None
            raise
        return None if answer.status == _UNAVAILABLE else answer

    async def _exchange(self, request: _Request) -> Answer:
        connection = await self.pool.take(until=request.until)
        try:
            connection.begin(request.method, until=request.until)
            await connection.write(request.sent)
            return await self._whole(connection)
        finally:
            self.pool.give_back(connection)

    def _written(
        self, method: str, target: str, headers: Mapping[str, str], content: bytes | None
    ) -> bytes:
        """Write a request: header values as they came, in latin-1, as ASGI has them."""
        whole = self.pool.path + target.encode("ascii")
        every = {**_DEFAULTS, **headers}
        named = [f"{name}: {value}".encode("latin-1") for name, value in every.items()]
        fields = [b"host: " + self.pool.host, *named]
        if content is None:
            return request_head(method, whole, fields)
        fields.append(b"content-length: %d" % len(content))
        return request_head(method, whole, fields) + content

    async def _whole(self, connection: Connection) -> Answer:
        answered = await connection.head()
        parts = [await connection.read()]
        left = BODY_MAX_BYTES - len(parts[0])
        while not connection.is_read:
            parts.append(await connection.read())
            left -= len(parts[-1])
            if left < 0:
                raise UpstreamBroken(f"{self._name} answered with more than we can hold")
        coding = dict(answered.headers).get(b"content-encoding", b"identity").decode("latin-1")
        return Answer(answered.status, answered.headers, self._decoded(b"".join(parts), coding))

    def _decoded(self, body: bytes, coding: str) -> bytes:
        if coding == "identity" or not body:
            return body
        if coding.lower() != "gzip":
            raise UpstreamBroken(f"{self._name} sent a body in a coding that was not asked for")
        gzip = zlib.decompressobj(_GZIP)
        try:
            plain = gzip.decompress(body, BODY_MAX_BYTES)
        except zlib.error as exc:
            raise UpstreamBroken(f"{self._name} sent a body that cannot be decoded") from exc
        if gzip.unconsumed_tail:
            raise UpstreamBroken(f"{self._name} answered with more than we can hold")
        if not gzip.eof:
            raise UpstreamBroken(f"{self._name} sent a body that cannot be decoded")
        return plain


class Observed:
    """A block that makes one call: gives what to tell the status of the answer to.

    Breaker and metrics hear once how the call went.
    """

    __slots__ = ("_call", "_limit_s", "_upstream")

    def __init__(self, upstream: Upstream, call: Call, limit_s: float) -> None:
        self._upstream = upstream
        self._call = call
        self._limit_s = limit_s

    def __enter__(self) -> Callable[[int], None]:
        """Begin."""
        self._upstream.enter()
        return self._answered

    def _answered(self, status: int) -> None:
        self._call.end(str(status), failed=status >= _SERVER_ERROR)

    def __exit__(
        self, _kind: type[BaseException] | None, exc: BaseException | None, _at: object
    ) -> None:
        """End, and raise what is ours for what went wrong."""
        self._upstream.leave()
        ours = None if exc is None else self._upstream.ours(exc, self._limit_s)
        if ours is None:
            self._call.end("cancelled", failed=None)
            return
        self._call.end(ours.code, failed=True)
        if ours is not exc:
            raise ours from exc


@contextlib.asynccontextmanager
async def connected(
    *, name: str, url: str, limit_s: float, in_flight: int, on_call: OnCall = lambda *_: None
) -> AsyncIterator[Upstream]:
    """Give an upstream whose connections are closed at the end of the block."""
    pool = Pool(url)
    try:
        yield Upstream(pool, name=name, limit_s=limit_s, in_flight=in_flight, on_call=on_call)
    finally:
        await pool.close()
