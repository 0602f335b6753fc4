"""Calls to one upstream host: bounded in number, time and size; its faults become ours.

A call passes the bulkhead (so many under way at most), then the circuit breaker, and is tried a
second time only where the first try cannot have had an effect.
"""

import asyncio
import contextlib
import random
import time
import zlib
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
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
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    target: str
    headers: Mapping[str, str]
    content: bytes | None


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
        with self.observed(limit_s=self._limit_s) as answered:
            async with asyncio.timeout(self._limit_s):
                answer = await self._attempts(_Request(method, target, headers, content))
            answered(answer.status)
        return answer

    @contextlib.contextmanager
    def observed(self, *, limit_s: float) -> Iterator[Callable[[int], None]]:
        """Give a place among the calls under way, and what to tell the status of the answer to.

        Breaker and metrics hear once how the call went. What goes wrong in the block becomes ours;
        *limit_s* is what the block itself allows the upstream.

        Raises:
            UpstreamError: too many calls are under way, the upstream rests, or it did not answer.
        """
        if self._under_way >= self._in_flight:
            raise UpstreamBusy(f"{self._in_flight} calls to {self._name} are under way")
        call = Call(self.breaker, self._on_call, self._name)
        self._under_way += 1
        try:
            with _mapped(self._name, limit_s):
                yield lambda status: call.end(str(status), failed=status >= _SERVER_ERROR)
        except UpstreamError as exc:
            call.end(exc.code, failed=True)
            raise
        finally:
            call.end("cancelled", failed=None)
            self._under_way -= 1

    async def _attempts(self, request: _Request) -> Answer:
        answer = await self._first_try(request)
        if answer is not None:
            return answer
        await asyncio.sleep(random.uniform(*_RETRY_AFTER_S))  # noqa: S311 - guards nothing
        return await self._exchange(request)

    async def _first_try(self, request: _Request) -> Answer | None:
        """Return the answer, or None where a second try may help and can do no harm.

        That is: nothing was read of the first, or the method changes nothing. CDP's 503 asks for
        an immediate second try. Source: docs/sources.md#cdp-status.
        """
        try:
            answer = await self._exchange(request)
        except UpstreamRefused as exc:
            if exc.unsent or request.method == "GET":
                return None
            raise
        return None if answer.status == _UNAVAILABLE else answer

    async def _exchange(self, request: _Request) -> Answer:
        target = self.pool.path + request.target.encode("ascii")
        head = request_head(request.method, target, self._headers(request))
        with _mapped(self._name, self._limit_s):
            connection = await self.pool.take()
            try:
                connection.begin(request.method)
                await connection.write(head + (request.content or b""))
                return await self._whole(connection)
            finally:
                self.pool.give_back(connection)

    def _headers(self, request: _Request) -> Iterator[Header]:
        """Give the headers: values as they came, in latin-1, as ASGI has them."""
        yield b"host", self.pool.host
        for name, value in (_DEFAULTS | dict(request.headers)).items():
            yield name.encode("ascii"), value.encode("latin-1")
        if request.content is not None:
            yield b"content-length", b"%d" % len(request.content)

    async def _whole(self, connection: Connection) -> Answer:
        answered = await connection.head()
        parts = []
        left = BODY_MAX_BYTES
        while part := await connection.read():
            left -= len(part)
            if left < 0:
                raise UpstreamBroken(f"{self._name} answered with more than we can hold")
            parts.append(part)
        headers = {
            name.decode("ascii"): value.decode("latin-1") for name, value in answered.headers
        }
        body = self._decoded(b"".join(parts), headers.get("content-encoding", "identity"))
        return Answer(answered.status, headers, body)

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


@contextlib.asynccontextmanager
async def connected(
    *, name: str, url: str, limit_s: float, in_flight: int, on_call: OnCall = lambda *_: None
) -> AsyncIterator[Upstream]:
    """Give an upstream whose connections are closed at the end of the block."""
    pool = Pool(url)
    try:
        yield Upstream(pool, name=name, limit_s=limit_s, in_flight=in_flight, on_call=on_call)
    finally:
        pool.close()


@contextlib.contextmanager
def _mapped(name: str, limit_s: float) -> Iterator[None]:
    try:
        yield
    except Unconnected as exc:
        raise UpstreamRefused(f"{name} cannot be reached: {exc}", unsent=True) from exc
    except TimeoutError as exc:
        raise UpstreamTimeout(f"{name} did not answer within {limit_s:g} s") from exc
    except ConnectionError as exc:
        raise UpstreamRefused(f"{name} cannot be reached: {exc}") from exc
