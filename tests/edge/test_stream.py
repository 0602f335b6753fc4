"""One raw exchange: what goes out, what comes back, and how it ends."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from proxy.edge.http import Upstream as Bounded
from proxy.edge.stream import Sent, Streams
from proxy.errors import RequestError, UpstreamBusy, UpstreamRefused, UpstreamTimeout
from tests.edge.conftest import Connect
from tests.servers import Servers, free_socket, url_of
from tests.wire import Upstream

_OK = b"HTTP/1.1 200 OK\r\nX-A: 1\r\nx-a: 2\r\ncontent-length: 2\r\n\r\nok"


def _streams(upstream: Bounded, *, silence_s: float = 10.0) -> Streams:
    return Streams(upstream, connect_s=1.0, silence_s=silence_s)


def _sent(method: str = "GET", *parts: bytes, length: int | None = None) -> Sent:
    async def body() -> AsyncIterator[bytes]:
        for part in parts:
            yield part

    headers = [] if length is None else [(b"content-length", str(length).encode())]
    return Sent(method, b"/v1/a?b=|", headers, body() if parts else None)


async def _exchange(streams: Streams, sent: Sent) -> tuple[int, bytes]:
    async with streams.exchange(sent) as received:
        return received.status, b"".join([part async for part in received.body])


async def test_nothing_is_added_but_the_host_and_the_framing(
    connect: Connect, servers: Servers
) -> None:
    upstream = await servers.start(Upstream(_OK).listening())
    streams = _streams(await connect(upstream.url))
    host = upstream.url.removeprefix("http://").encode()
    assert await _exchange(streams, _sent()) == (200, b"ok")
    assert upstream.heard == [b"GET /v1/a?b=| HTTP/1.1\r\nhost: " + host + b"\r\n\r\n"]


async def test_repeated_headers_come_back_repeated_in_lower_case(
    connect: Connect, servers: Servers
) -> None:
    upstream = await servers.start(Upstream(_OK).listening())
    async with _streams(await connect(upstream.url)).exchange(_sent()) as received:
        assert received.headers == [(b"x-a", b"1"), (b"x-a", b"2"), (b"content-length", b"2")]


@pytest.mark.parametrize("length", [4, 2])
async def test_a_body_that_is_not_as_long_as_it_says_is_the_callers_mistake(
    connect: Connect, servers: Servers, length: int
) -> None:
    upstream = await servers.start(Upstream(b"").listening())
    bounded = await connect(upstream.url)
    for _ in range(10):
        with pytest.raises(RequestError):
            await _exchange(_streams(bounded), _sent("POST", b"abc", length=length))
    assert not bounded.breaker.is_open


async def test_silence_before_the_answer_or_within_it_is_no_answer(
    connect: Connect, servers: Servers
) -> None:
    for answer in (b"", b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf"):
        upstream = await servers.start(Upstream(answer).listening())
        streams = _streams(await connect(upstream.url), silence_s=0.05)
        with pytest.raises(UpstreamTimeout, match=r"within 0\.05 s"):
            await _exchange(streams, _sent("POST", b"x", length=1))
        await asyncio.wait_for(upstream.ended.wait(), 10)


async def test_metrics_hear_once_of_each_exchange_and_of_the_answer_it_got(
    connect: Connect, servers: Servers
) -> None:
    outcomes: list[str] = []
    upstream = await servers.start(Upstream(_OK).listening())
    bounded = await connect(upstream.url, on_call=lambda _, outcome, __: outcomes.append(outcome))
    await _exchange(_streams(bounded), _sent())
    upstream.answer = b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf"
    upstream.then_closes = True
    with pytest.raises(UpstreamRefused):
        await _exchange(_streams(bounded), _sent())
    upstream.answer = b""
    with pytest.raises(UpstreamRefused):
        await _exchange(_streams(bounded), _sent("POST", b"x"))
    assert outcomes == ["200", "200", "upstream-unreachable"]


async def test_an_exchange_takes_a_place_until_its_block_is_left(
    connect: Connect, servers: Servers
) -> None:
    upstream = await servers.start(Upstream(_OK).listening())
    streams = _streams(await connect(upstream.url, in_flight=1))
    async with streams.exchange(_sent()):
        with pytest.raises(UpstreamBusy):
            await _exchange(streams, _sent())
    assert await _exchange(streams, _sent()) == (200, b"ok")


async def test_where_nobody_listens_there_is_no_answer(connect: Connect) -> None:
    with free_socket() as nobody:
        streams = _streams(await connect(url_of(nobody)))
        with pytest.raises(UpstreamRefused):
            await _exchange(streams, _sent("POST", b"x"))


async def test_what_came_while_nobody_read_is_given_though_the_answer_is_over(
    connect: Connect, servers: Servers
) -> None:
    upstream = await servers.start(Upstream(_OK).listening())
    upstream.answer = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n"
    async with _streams(await connect(upstream.url)).exchange(_sent()) as received:
        assert await anext(received.body) == b"a"
        assert not received.is_over()
        upstream.say(b"1\r\nb\r\n0\r\n\r\n")
        await asyncio.sleep(0.05)  # for the rest to come in; were it late, less would be shown
        assert [part async for part in received.body] == [b"b"]
        assert received.is_over()
