"""Raw exchanges with an upstream: bytes in, bytes out, as they come, nothing read or decoded.

Time is bounded by silence instead of in all: an exchange may last, but not stand still.
"""

import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

import httpx2

from proxy.core import hops
from proxy.core.hops import Header
from proxy.edge.http import Upstream
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
    """An answer whose body is still to come; header names in lower case."""

    status: int
    headers: Sequence[Header]
    body: AsyncIterator[bytes]


class Streams:
    """Exchanges with one upstream, among its other calls.

    Connecting takes *connect_s* at most; then nobody may keep silent for longer than *silence_s*:
    neither before the answer nor within a body.
    """

    def __init__(self, upstream: Upstream, *, connect_s: float, silence_s: float) -> None:
        self._upstream = upstream
        self._silence_s = silence_s
        self._origin = httpx2.URL(upstream.url)
        self._timeout = httpx2.Timeout(silence_s, connect=connect_s).as_dict()

    @contextlib.asynccontextmanager
    async def exchange(self, sent: Sent) -> AsyncIterator[Received]:
        """Send the request and give the answer; leaving the block ends the exchange.

        Raises:
            UpstreamError: no answer; or, from within the block, its body broke off or stopped.
            RequestError: the caller's body is not what its headers say.
        """
        with self._upstream.observed(limit_s=self._silence_s) as answered:
            async with contextlib.aclosing(await self._answer(sent)) as response:
                answered(response.status_code)
                headers = [(name.lower(), value) for name, value in response.headers.raw]
                yield Received(response.status_code, headers, response.aiter_raw())

    async def _answer(self, sent: Sent) -> httpx2.Response:
        """Return the answer; of a second try where the first can have had no effect.

        A connection kept alive may have been closed by the other side just now.
        """
        try:
            return await self._send(sent)
        except httpx2.ConnectError:
            return await self._send(sent)
        except (httpx2.NetworkError, httpx2.RemoteProtocolError):
            if not sent.is_repeatable:
                raise
            return await self._send(sent)

    async def _send(self, sent: Sent) -> httpx2.Response:
        request = httpx2.Request(
            sent.method,
            self._origin,
            headers=list(sent.headers),
            content=sent.body and _measured(sent.body, hops.body_length(sent.headers)),
            extensions={
                "target": self._origin.raw_path.rstrip(b"/") + sent.target,
                "timeout": self._timeout,
            },
        )
        return await self._upstream.client.send(request, stream=True, auth=None)


async def _measured(body: AsyncIterator[bytes], length: int | None) -> AsyncIterator[bytes]:
    """Give *body*, which has to be as long as was said; None: that was left open.

    A server may hand out a body cut short, as ours does behind a refused upgrade.
    """
    given = 0
    async for part in body:
        given += len(part)
        if length is not None and given > length:
            break
        yield part
    if length not in {None, given}:
        raise RequestError("the body is not as long as Content-Length says")
