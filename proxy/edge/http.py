"""Calls to one upstream host: bounded in number, in time and in size; its faults become ours."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpx2

from proxy import __version__
from proxy.errors import (
    UpstreamBroken,
    UpstreamBusy,
    UpstreamError,
    UpstreamRefused,
    UpstreamTimeout,
)

BODY_MAX_BYTES = 32 * 1024 * 1024

OnCall = Callable[[str, str, float], None]
"""Told of each call: the upstream's name, its status or our error's code, seconds."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer: header names in lower case, the body decoded from its content coding."""

    status: int
    headers: Mapping[str, str]
    body: bytes


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
    )


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
        self._client = client
        self._name = name
        self._url = url
        self._limit_s = limit_s
        self._in_flight = in_flight
        self._under_way = 0
        self._on_call = on_call

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
            UpstreamError: no answer, none within the limit, or too many calls are under way.
        """
        if self._under_way >= self._in_flight:
            raise UpstreamBusy(f"{self._in_flight} calls to {self._name} are under way")
        self._under_way += 1
        started = time.perf_counter()
        outcome = "cancelled"
        try:
            with _mapped(self._name, self._limit_s):
                async with asyncio.timeout(self._limit_s):
                    answer = await self._exchange(method, target, headers, content)
            outcome = str(answer.status)
        except UpstreamError as exc:
            outcome = exc.code
            raise
        finally:
            self._under_way -= 1
            self._on_call(self._name, outcome, time.perf_counter() - started)
        return answer

    async def _exchange(
        self, method: str, target: str, headers: Mapping[str, str], content: bytes | None
    ) -> Answer:
        url = f"{self._url}{target}"
        async with self._client.stream(method, url, headers=headers, content=content) as response:
            chunks = []
            left = BODY_MAX_BYTES
            async for chunk in response.aiter_bytes():
                left -= len(chunk)
                if left < 0:
                    raise UpstreamBroken(f"{self._name} answered with more than we can hold")
                chunks.append(chunk)
            return Answer(response.status_code, dict(response.headers), b"".join(chunks))


@contextlib.contextmanager
def _mapped(name: str, limit_s: float) -> Iterator[None]:
    try:
        yield
    except (TimeoutError, httpx2.TimeoutException) as exc:
        raise UpstreamTimeout(f"{name} did not answer within {limit_s:g} s") from exc
    except httpx2.DecodingError as exc:
        raise UpstreamBroken(f"{name} sent a body that cannot be decoded") from exc
    except httpx2.TransportError as exc:
        raise UpstreamRefused(f"{name} cannot be reached: {type(exc).__name__}") from exc
