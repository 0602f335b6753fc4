"""Calls to one upstream host: bounded in number, time and size; its faults become ours.

A call passes the bulkhead (so many under way at most), then the circuit breaker, and is tried a
second time only where the first try cannot have had an effect.
"""

import asyncio
import contextlib
import functools
import random
import ssl
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpx2

from proxy import __version__
from proxy.edge.breaker import Breaker, Call, OnCall
from proxy.errors import (
    RequestError,
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


def make_client(*, in_flight: int) -> httpx2.AsyncClient:
    """Make the HTTP client of one upstream.

    It keeps no cookies, since they would carry from one shopper to the next; follows no redirects;
    reads no proxy or credentials from the environment. Time is bounded by `Upstream`.
    """
    return httpx2.AsyncClient(
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
        follow_redirects=False,
        headers={"user-agent": f"decision-proxy/{__version__}"},
        limits=httpx2.Limits(max_connections=in_flight, max_keepalive_connections=in_flight),
        timeout=None,
        trust_env=False,
        verify=_trusted(),
    )


@functools.cache
def _trusted() -> ssl.SSLContext:
    """Return the certificates that this machine trusts; reading them takes longer than a start."""
    return httpx2.create_ssl_context(trust_env=False)


class Upstream:
    """One upstream host. *limit_s* bounds a call in all; beyond *in_flight* calls are refused."""

    def __init__(
        self,
        client: httpx2.AsyncClient,
        *,
        name: str,
        url: str,
        limit_s: float,
        in_flight: int,
        on_call: OnCall,
    ) -> None:
        self.client = client
        self.url = url
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
        url = f"{self.url}{request.target}"
        # As they came: ASGI gives header values as latin-1, and a browser's need not be ASCII.
        headers = [(n.encode(), value.encode("latin-1")) for n, value in request.headers.items()]
        with _mapped(self._name, self._limit_s):
            async with self.client.stream(
                request.method, url, headers=headers, content=request.content
            ) as response:
                chunks = []
                left = BODY_MAX_BYTES
                async for chunk in response.aiter_bytes():
                    left -= len(chunk)
                    if left < 0:
                        raise UpstreamBroken(f"{self._name} answered with more than we can hold")
                    chunks.append(chunk)
                return Answer(response.status_code, dict(response.headers), b"".join(chunks))


@contextlib.asynccontextmanager
async def connected(
    *, name: str, url: str, limit_s: float, in_flight: int, on_call: OnCall = lambda *_: None
) -> AsyncIterator[Upstream]:
    """Give an upstream with a client of its own, closed at the end of the block."""
    async with make_client(in_flight=in_flight) as client:
        yield Upstream(
            client, name=name, url=url, limit_s=limit_s, in_flight=in_flight, on_call=on_call
        )


@contextlib.contextmanager
def _mapped(name: str, limit_s: float) -> Iterator[None]:
    try:
        yield
    except (TimeoutError, httpx2.TimeoutException) as exc:
        raise UpstreamTimeout(f"{name} did not answer within {limit_s:g} s") from exc
    except httpx2.DecodingError as exc:
        raise UpstreamBroken(f"{name} sent a body that cannot be decoded") from exc
    except httpx2.LocalProtocolError as exc:
        raise RequestError("the request is not one that can be sent as HTTP") from exc
    except httpx2.TransportError as exc:
        unsent = isinstance(exc, httpx2.ConnectError)
        raise UpstreamRefused(
            f"{name} cannot be reached: {type(exc).__name__}", unsent=unsent
        ) from exc
