"""One connection, octet by octet: what is sent, what counts as an answer, and when it is over."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from proxy.edge.connection import BrokenOff, Connection, request_head
from proxy.edge.pool import Pool
from proxy.errors import RequestError
from tests.servers import Servers
from tests.wire import Upstream

_OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
_PATIENCE_S = 10


@pytest.fixture
async def upstream(servers: Servers) -> Upstream:
    return await servers.start(Upstream(_OK).listening())


@pytest.fixture
async def connection(upstream: Upstream) -> AsyncIterator[Connection]:
    connection = await Pool(upstream.url).take()
    yield connection
    connection.close()


async def _ask(connection: Connection, method: str = "GET") -> tuple[int, bytes]:
    connection.begin(method)
    await connection.write(request_head(method, b"/", [b"host: x"]))
    status = (await connection.head()).status
    parts = []
    while part := await connection.read():
        parts.append(part)
    return status, b"".join(parts)


class TestRequestHead:
    def test_it_is_written_octet_by_octet(self) -> None:
        fields = [b"x-a: J\xf6rg", b"x-a: "]
        head = request_head("GET", b"/a?b=|'%zz", fields)
        assert head == b"GET /a?b=|'%zz HTTP/1.1\r\nx-a: J\xf6rg\r\nx-a: \r\n\r\n"

    @pytest.mark.parametrize("value", [b"a\r\nb: c", b"a\nb", b"a\rb", b"a\x00b"])
    def test_no_value_begins_a_header_of_its_own(self, value: bytes) -> None:
        with pytest.raises(RequestError):
            request_head("GET", b"/", [b"x-a: " + value])

    @pytest.mark.parametrize("target", [b"", b"/a b", b"/a\r\n", b"/\xc3\xa9"])
    def test_no_target_says_more_than_where_to(self, target: bytes) -> None:
        with pytest.raises(RequestError):
            request_head("GET", target, [])


@pytest.mark.parametrize(
    ("answer", "body"),
    [
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nlink: x\r\n\r\n" + _OK, b"ok"),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\nx: y\r\n\r\n", b"a"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", b""),
    ],
    ids=["interim answers", "trailers", "no body"],
)
async def test_the_final_answer_counts_and_the_connection_goes_on(
    upstream: Upstream, connection: Connection, answer: bytes, body: bytes
) -> None:
    upstream.answer = answer
    for _ in range(2):
        assert await _ask(connection) == (200, body)
        assert len((await connection.head()).headers) == 1
        assert connection.is_usable()


async def test_a_head_request_has_no_body_whatever_its_headers_say(
    upstream: Upstream, connection: Connection
) -> None:
    upstream.answer = b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n"
    for _ in range(2):
        assert await _ask(connection, "HEAD") == (200, b"")
        assert connection.is_usable()


async def test_a_body_without_framing_ends_with_the_connection(
    upstream: Upstream, connection: Connection
) -> None:
    upstream.answer = b"HTTP/1.1 200 OK\r\n\r\nall of it"
    upstream.then_closes = True
    assert await _ask(connection) == (200, b"all of it")
    assert not connection.is_usable()


@pytest.mark.parametrize("more", [_OK, b"HTTP", b"\x00"])
async def test_what_follows_an_answer_is_nobody_s_answer(
    upstream: Upstream, connection: Connection, more: bytes
) -> None:
    upstream.answer = _OK + more
    assert await _ask(connection) == (200, b"ok")
    async with asyncio.timeout(_PATIENCE_S):
        await upstream.ended.wait()
    assert not connection.is_usable()


async def test_what_is_said_unasked_is_nobody_s_answer(
    upstream: Upstream, connection: Connection
) -> None:
    assert await _ask(connection) == (200, b"ok")
    assert connection.is_usable()
    upstream.say(_OK)
    async with asyncio.timeout(_PATIENCE_S):
        await upstream.ended.wait()
    assert not connection.is_usable()


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\nx",
        b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf",
        b"HTTP/1.1 200 OK\r\nx: " + b"y" * 600_000 + b"\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\nbare: newlines\n\n",
        b"HTTP/1.1 200 OK\r\nfolded: a\r\n b\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        b"",
    ],
)
async def test_what_is_not_plainly_a_whole_answer_is_none(
    upstream: Upstream, connection: Connection, answer: bytes
) -> None:
    upstream.answer = answer
    upstream.then_closes = True
    with pytest.raises(BrokenOff):
        await _ask(connection)
    assert not connection.is_usable()


async def test_a_body_is_read_no_further_ahead_than_bounded(servers: Servers) -> None:
    big = 64 * 1024 * 1024
    upstream = await servers.start(
        Upstream(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % big + bytes(big)).listening()
    )
    connection = await Pool(upstream.url).take()
    connection.begin("GET")
    await connection.write(request_head("GET", b"/", []))
    await connection.head()
    first = len(await connection.read())
    await asyncio.sleep(0)
    assert 0 < first < 2 * 1024 * 1024
    total = first
    while part := await connection.read():
        assert len(part) < 2 * 1024 * 1024
        total += len(part)
    assert total == big
    connection.close()
