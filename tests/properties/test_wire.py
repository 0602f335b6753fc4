"""Requests damaged at random: whatever comes in, what goes out is a call of OrderCloud's API."""

import asyncio
import contextlib
import random
from collections.abc import Iterator

import httptools
import pytest

from proxy.core import target
from proxy.web.passthrough import METHODS
from tests.conftest import StartGateway
from tests.servers import Servers
from tests.wire import Upstream, connected

_CASES = 1000
_AT_ONCE = 8
_PATIENCE_S = 5.0
_ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
_LIST = {"a.yaml": "placement: a\nresource: me/products\ndefault: {query: {}}\n"}
_WHOLE = (
    b"GET /v1/me/products?search=a%20b&page=1 HTTP/1.1\r\nhost: shop\r\naccept: */*\r\n\r\n",
    b"POST /v1/me/orders HTTP/1.1\r\nhost: shop\r\ncontent-length: 9\r\n\r\n{'a': 1}\n",
    b"PUT /v1/cart HTTP/1.1\r\nhost: s\r\ntransfer-encoding: chunked\r\n\r\n4\r\nabcd\r\n0\r\n\r\n",
    b"POST /oauth/token HTTP/1.1\r\nhost: s\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\na=",
)
_NASTY = (
    *(b"\r\n", b"\n", b"\r", b"\x00", b" ", b"\t", b":", b"/", b"\\", b"%", b"..", b"/../", b"%2e"),
    *(b"%2f", b"%00", b"%0d%0a", b"@elsewhere", b"http://elsewhere", b"//elsewhere", b"#", b"?"),
    *(b"content-length: 0\r\n", b"content-length: 99\r\n", b"transfer-encoding: chunked\r\n"),
    *(b"host: elsewhere\r\n", b"connection: content-length\r\n", b"upgrade: h2c\r\n", b"0\r\n\r\n"),
    *(b"\xff", b"\xc0\xae", b"HTTP/1.0", b"HTTP/2.0", b"TRACE ", b"GET /admin HTTP/1.1\r\n\r\n"),
)


def _damaged(chance: random.Random) -> bytes:
    request = chance.choice(_WHOLE)
    for _ in range(chance.randint(1, 4)):
        at, to = sorted(chance.choices(range(len(request) + 1), k=2))
        part = chance.choice((b"", request[at:to], chance.choice(_NASTY), chance.choice(_NASTY)))
        request = request[:at] + part + request[chance.choice((at, min(to, at + 3))) :]
    return request * chance.choice((1, 1, 2))


class _Heard:
    """The requests in what an upstream heard on one connection, as llhttp reads it."""

    def __init__(self, heard: bytes) -> None:
        self.requests: list[tuple[str, bytes]] = []
        self.hosts: list[bytes] = []
        self._parser = httptools.HttpRequestParser(self)
        self._parser.feed_data(heard)

    def on_url(self, url: bytes) -> None:
        self.requests.append((self._parser.get_method().decode(), url))

    def on_header(self, name: bytes, value: bytes) -> None:
        if name.lower() == b"host":
            self.hosts.append(value)


def _read(upstream: Upstream) -> Iterator[_Heard]:
    return map(_Heard, filter(None, upstream.heard))


@pytest.mark.timeout(120)
async def test_nothing_but_calls_of_ordercloud_s_api_goes_out(
    gateway: StartGateway, servers: Servers
) -> None:
    upstream = await servers.start(Upstream(_ANSWER).listening())
    running = await gateway(_LIST, ordercloud={"url": upstream.url, "silence": "200ms"})
    places = asyncio.Semaphore(_AT_ONCE)

    async def send(request: bytes) -> None:
        async with places, connected(str(running.shop.base_url)) as wire:
            with contextlib.suppress(ConnectionError, TimeoutError):
                await wire.say(request)
                wire.writer.write_eof()
                await asyncio.wait_for(wire.reader.read(), _PATIENCE_S)

    chance = random.Random(0)  # noqa: S311 - the same damage in every run
    await asyncio.gather(*(send(_damaged(chance)) for _ in range(_CASES)))

    host = upstream.url.removeprefix("http://").encode()
    connections = list(_read(upstream))
    requests = [request for one in connections for request in one.requests]
    assert len(requests) > _CASES // 10
    for method, url in requests:
        path, _, query = url.partition(b"?")
        assert method in METHODS
        assert target.is_plain(path, query), url
    assert {value for one in connections for value in one.hosts} == {host}
    assert sum(len(one.hosts) for one in connections) == len(requests)
    assert (await running.get("/v1/me")).status_code == 200
