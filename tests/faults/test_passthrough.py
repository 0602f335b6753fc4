"""A streamed call when either side is slow, leaves or dies; and how much memory it takes."""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import httpx2
import pytest

from tests.answers import until
from tests.conftest import StartGateway
from tests.emulators import STOREFRONT
from tests.processes import Process, serving
from tests.servers import Servers, client, free_socket, url_of
from tests.wire import Upstream, connected

_LIST = {"a.yaml": "placement: a\nresource: me/products\ndefault: {query: {}}\n"}
_CHUNK = bytes(64 * 1024)
_BIG = 100 * 1024 * 1024
_GROWTH_MAX_KIB = 16 * 1024
_OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
_START = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % _BIG

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Bulk:
    """An upstream that takes any body, and answers a GET with a big one."""

    def __init__(self) -> None:
        self.url = ""
        self.received = 0
        self.written = 0

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncIterator["Bulk"]:
        async with await asyncio.start_server(self._serve, sock=free_socket()) as server:
            self.url = url_of(server.sockets[0])
            yield self

    async def progress(self) -> int:
        return self.written

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            head = await reader.readuntil(b"\r\n\r\n")
            await (self._give(writer) if head.startswith(b"GET") else self._take(reader, writer))
        writer.close()  # once all of it has gone out

    async def _give(self, writer: asyncio.StreamWriter) -> None:
        writer.write(_START)
        while self.written < _BIG:
            writer.write(_CHUNK)
            await writer.drain()
            self.written += len(_CHUNK)

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while self.received < _BIG:
            self.received += len(await reader.read(len(_CHUNK)))
        writer.write(_OK)
        await writer.drain()


@pytest.fixture
async def bulk(servers: Servers) -> Bulk:
    return await servers.start(Bulk().listening())


async def _body() -> AsyncIterator[bytes]:
    for _ in range(_BIG // len(_CHUNK)):
        yield _CHUNK


def _peak_kib(process: Process) -> int:
    """Return the most memory that the process ever held."""
    status = Path(f"/proc/{process.process.pid}/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert found is not None
    return int(found[1])


async def test_a_big_body_takes_no_more_memory_than_a_small_one_either_way(
    bulk: Bulk, tmp_path: Path
) -> None:
    environ = {
        "DECISION_PROXY__SERVER__PORT": "0",
        "DECISION_PROXY__SERVER__ADMIN_PORT": "0",
        "DECISION_PROXY__ORDERCLOUD__URL": bulk.url,
        "DECISION_PROXY__ORDERCLOUD__CLIENTS": STOREFRONT,
        "DECISION_PROXY__CDP__URL": bulk.url,
        "DECISION_PROXY__CDP__CLIENT_KEY": "sandbox",
        "DECISION_PROXY__CDP__POINT_OF_SALE": "demo",
        "DECISION_PROXY__EVENTS__OUTBOX": str(tmp_path / "outbox.db"),
        "DECISION_PROXY__RULES__FOLDER": str(tmp_path),
    }
    async with serving(environ) as process, client(process.shop_url) as http:
        await http.get("/v1/../warm-up")
        before = _peak_kib(process)
        answer = await http.put("/v1/upload", content=_body(), timeout=60)
        assert (answer.content, bulk.received >= _BIG) == (b"ok", True)
        assert await _download(http) == _BIG
        assert _peak_kib(process) - before < _GROWTH_MAX_KIB


async def _download(http: httpx2.AsyncClient) -> int:
    async with http.stream("GET", "/v1/download") as answer:
        return sum([len(chunk) async for chunk in answer.aiter_raw()])


async def test_a_slow_reader_slows_the_upstream_and_gets_all(
    gateway: StartGateway, bulk: Bulk
) -> None:
    running = await gateway(_LIST, ordercloud={"url": bulk.url})
    async with running.shop.stream("GET", "/v1/download") as answer:
        written = await _at_rest(bulk)
        assert written < _BIG / 2  # what the kernel's buffers hold, on both connections
        assert sum([len(chunk) async for chunk in answer.aiter_raw()]) == _BIG


async def _at_rest(bulk: Bulk) -> int:
    """Return how much was written once it has not grown for a while."""
    last = -1
    while (written := bulk.written) != last:
        last = written
        await asyncio.sleep(0.2)
    return written


async def test_a_reader_who_stops_for_good_is_given_up(gateway: StartGateway, bulk: Bulk) -> None:
    running = await gateway(_LIST, ordercloud={"url": bulk.url, "silence": "200ms"})
    async with running.shop.stream("GET", "/v1/download") as answer:
        await until(bulk.progress, lambda written: written > 0)
        await _at_rest(bulk)
        await asyncio.sleep(0.5)  # longer than the silence that is allowed
        with pytest.raises(httpx2.RemoteProtocolError):
            async for _ in answer.aiter_raw():
                pass


async def test_an_upload_goes_on_as_it_comes(gateway: StartGateway, servers: Servers) -> None:
    upstream = await servers.start(Upstream(_OK).listening())
    running = await gateway(_LIST, ordercloud={"url": upstream.url})
    async with connected(str(running.shop.base_url)) as wire:
        await wire.say(b"POST /v1/x HTTP/1.1\r\nhost: shop\r\ncontent-length: 6\r\n\r\nabc")
        await until(upstream.sounds, lambda heard: heard.endswith(b"\r\n\r\nabc"))
        await wire.say(b"def")
        await until(upstream.sounds, lambda heard: heard.endswith(b"\r\n\r\nabcdef"))


async def test_a_download_goes_on_as_it_comes(gateway: StartGateway, servers: Servers) -> None:
    half = b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nabc"
    upstream = await servers.start(Upstream(half).listening())
    running = await gateway(_LIST, ordercloud={"url": upstream.url})
    async with connected(str(running.shop.base_url)) as wire:
        await wire.say(b"GET /v1/x HTTP/1.1\r\nhost: shop\r\n\r\n")
        await wire.hear()
        assert await wire.hear(b"abc") == b"abc"


async def test_connections_to_the_upstream_are_used_again(
    gateway: StartGateway, servers: Servers
) -> None:
    upstream = await servers.start(Upstream(_OK).listening())
    running = await gateway(_LIST, ordercloud={"url": upstream.url})
    for _ in range(5):
        assert (await running.shop.get("/v1/me")).content == b"ok"
    assert len(upstream.heard) == 1


@pytest.mark.parametrize(
    ("answer", "request_"),
    [
        pytest.param(b"", b"POST /v1/x HTTP/1.1\r\ncontent-length: 9\r\n", id="mid-upload"),
        pytest.param(b"", b"GET /v1/x HTTP/1.1\r\n", id="before the answer"),
        pytest.param(b"", b"POST /v1/x HTTP/1.1\r\ncontent-length: 3\r\n", id="after an upload"),
        pytest.param(_START, b"GET /v1/x HTTP/1.1\r\n", id="mid-download"),
    ],
)
async def test_a_caller_who_leaves_takes_the_upstream_call_along(
    gateway: StartGateway, servers: Servers, answer: bytes, request_: bytes
) -> None:
    upstream = await servers.start(Upstream(answer).listening())
    running = await gateway(_LIST, ordercloud={"url": upstream.url, "in_flight": 1})
    async with connected(str(running.shop.base_url)) as wire:
        await wire.say(request_ + b"host: shop\r\n\r\nabc"[: None if b"POST" in request_ else -3])
        await until(upstream.sounds, bool)
        if answer:
            await wire.hear()
        await wire.leave()
    await asyncio.wait_for(upstream.ended.wait(), 10)
    upstream.answer = _OK
    assert (await running.shop.get("/v1/me")).content == b"ok"  # the one place is free again


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\nzz\r\n",
    ],
)
async def test_an_answer_that_breaks_off_is_broken_off_and_never_a_second_one(
    gateway: StartGateway, servers: Servers, answer: bytes
) -> None:
    upstream = await servers.start(Upstream(answer, then_closes=True).listening())
    running = await gateway(_LIST, ordercloud={"url": upstream.url})
    async with connected(str(running.shop.base_url)) as wire:
        await wire.say(b"GET /v1/x HTTP/1.1\r\nhost: shop\r\n\r\n")
        heard = await wire.hear_all()
    assert heard.count(b"HTTP/1.1 ") == 1
    assert heard.rstrip(b"\r\n").endswith(b"half")
    assert len(upstream.heard) == 1


async def test_a_connection_that_died_while_idle_is_no_reason_to_fail(
    gateway: StartGateway, servers: Servers
) -> None:
    upstream = await servers.start(Upstream(_OK).listening())
    running = await gateway(_LIST, ordercloud={"url": upstream.url})
    for method in ("GET", "POST", "GET"):
        assert (await running.shop.request(method, "/v1/me")).content == b"ok"
        upstream.hang_up()


async def test_what_may_have_had_an_effect_is_not_sent_twice(
    gateway: StartGateway, servers: Servers
) -> None:
    upstream = await servers.start(Upstream(b"", then_closes=True).listening())
    running = await gateway(_LIST, ordercloud={"url": upstream.url})
    assert (await running.shop.post("/v1/me", content=b"x")).status_code == 502
    assert len(upstream.heard) == 1
    assert (await running.shop.get("/v1/me")).status_code == 502
    assert len(upstream.heard) == 3


async def test_an_answer_before_the_body_is_over_is_handed_on(
    gateway: StartGateway, servers: Servers
) -> None:
    early = b"HTTP/1.1 413 Too Large\r\ncontent-length: 2\r\nconnection: close\r\n\r\nno"
    upstream = await servers.start(Upstream(early).listening())
    running = await gateway(_LIST, ordercloud={"url": upstream.url})
    answer = await running.shop.put("/v1/upload", content=bytes(1024 * 1024))
    assert (answer.status_code, answer.content) == (413, b"no")
