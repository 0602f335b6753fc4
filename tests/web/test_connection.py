"""Connections over raw sockets: every limit, and what is said when it is passed."""

import asyncio
import contextlib
import os
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from starlette.types import Receive, Scope, Send

from proxy.errors import ProxyError
from proxy.tasks import Tasks
from proxy.web import server
from proxy.web.connection import Connection, Limits
from tests.servers import LIMITS, listener_of
from tests.wire import Wire, connected

_GET = b"GET / HTTP/1.1\r\nHost: shop\r\n\r\n"
_SOON_S = 0.2


class Echo:
    """Answers with the target and the length of the body; `/early` does not read it."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        size, more = 0, scope["path"] != "/early"
        while more:
            message = await receive()
            size += len(message.get("body", b""))
            more = message.get("more_body", False)
        body = scope["raw_path"] + b" %d" % size
        headers = [(b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})


class Flood:
    """Answers with more than any socket's buffers hold."""

    def __init__(self) -> None:
        self.left = asyncio.Event()

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while not self.left.is_set():
            body = b"x" * 65536
            await send({"type": "http.response.body", "body": body, "more_body": True})
            if transport_is_gone(await _peek(receive)):
                self.left.set()


async def _peek(receive: Receive) -> Any:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(0):
            return await receive()


def transport_is_gone(message: Any) -> bool:
    return bool(message) and message["type"] == "http.disconnect"


class Serving:
    """A listener with *limits*, its connections, and the codes of what it refused."""

    def __init__(self, app: Any, limits: Limits) -> None:
        self.refused: list[str] = []
        self.connections: list[Connection] = []
        made = listener_of(app, limits, self._note)
        self._connect = made.front.connect
        self.listener = replace(made, front=replace(made.front, connect=self._connected))

    def _connected(self, **settings: Any) -> Connection:
        self.connections.append(self._connect(**settings))
        return self.connections[-1]

    def _note(self, fault: ProxyError) -> None:
        self.refused.append(fault.code)

    @contextlib.asynccontextmanager
    async def wire(self) -> AsyncIterator[Wire]:
        async with connected(self.listener.url) as wire:
            yield wire


@contextlib.asynccontextmanager
async def serving(app: Any = None, **limits: Any) -> AsyncIterator[Serving]:
    stop, started = asyncio.Event(), asyncio.Event()
    serving = Serving(app or Echo(), replace(LIMITS, **limits))
    task = Tasks().spawn(
        server.serve([serving.listener], stop=stop, on_start=started.set, drain_s=1.0),
        name="serving",
    )
    await started.wait()
    yield serving
    stop.set()
    await task


async def _answer(wire: Wire) -> tuple[bytes, bytes]:
    """Return head and body of the next answer."""
    head = await wire.hear()
    length = re.search(rb"content-length: (\d+)", head)
    assert length
    return head, await wire.reader.readexactly(int(length[1]))


async def _problem(wire: Wire) -> dict[str, Any]:
    """Return the problem that is the last thing said on the connection."""
    head, _, body = (await wire.hear_all()).partition(b"\r\n\r\n")
    assert b"\r\ncontent-type: application/problem+json\r\n" in head
    assert b"\r\nconnection: close" in head
    problem: dict[str, Any] = msgspec.json.decode(body)
    assert head.startswith(b"HTTP/1.1 %d " % problem["status"])
    return problem


class TestHead:
    async def test_one_that_is_too_large_is_refused(self) -> None:
        async with serving() as one, one.wire() as wire:
            await wire.say(b"GET / HTTP/1.1\r\nCookie: " + b"a" * 5000 + b"\r\n\r\n")
            problem = await _problem(wire)
        assert problem["type"] == "urn:decision-proxy:head-too-large"
        assert problem["status"] == 431
        assert one.refused == ["head-too-large"]

    async def test_one_that_never_ends_is_refused(self) -> None:
        async with serving() as one, one.wire() as wire:
            await wire.say(b"GET / HTTP/1.1\r\nCookie: ")
            while not one.refused:
                await wire.say(b"a" * 1000)
                await asyncio.sleep(0)
            assert (await _problem(wire))["status"] == 431

    async def test_a_long_target_counts(self) -> None:
        async with serving() as one, one.wire() as wire:
            await wire.say(b"GET /" + b"a" * 5000 + b" HTTP/1.1\r\n\r\n")
            assert (await _problem(wire))["status"] == 431

    async def test_each_request_of_a_connection_is_measured_alone(self) -> None:
        large = b"GET /%d HTTP/1.1\r\nCookie: " + b"a" * 3900 + b"\r\n\r\n"
        async with serving() as one, one.wire() as wire:
            await wire.say(b"".join(large % number for number in range(5)))
            assert [(await _answer(wire))[1] for _ in range(5)] == [
                b"/%d 0" % number for number in range(5)
            ]

    async def test_what_came_before_it_in_the_same_packet_does_not_count(self) -> None:
        upload = b"POST /a HTTP/1.1\r\nContent-Length: 60000\r\n\r\n" + b"a" * 60000
        async with serving() as one, one.wire() as wire:
            await wire.say(upload + b"GET /b HTTP/1.1\r\nHost:")
            assert (await _answer(wire))[1] == b"/a 60000"
            await wire.say(b" shop\r\n\r\n")
            assert (await _answer(wire))[1] == b"/b 0"

    async def test_under_ordercloud_the_refusal_has_its_shape(self) -> None:
        async with serving() as one, one.wire() as wire:
            await wire.say(b"GET /v1/me HTTP/1.1\r\nCookie: " + b"a" * 5000 + b"\r\n\r\n")
            _, _, body = (await wire.hear_all()).partition(b"\r\n\r\n")
        assert msgspec.json.decode(body)["Errors"][0]["ErrorCode"] == "Gateway.HeadTooLarge"

    async def test_one_that_takes_too_long_is_refused(self) -> None:
        async with serving(head_s=_SOON_S) as one, one.wire() as wire:
            await wire.say(b"GET / HTTP/1.1\r\nHost: sh")
            problem = await _problem(wire)
        assert problem["status"] == 408
        assert problem["detail"] == "the headers took longer than 0.2 s"

    async def test_so_it_is_for_a_later_one(self) -> None:
        async with serving(head_s=_SOON_S) as one, one.wire() as wire:
            await wire.say(_GET + b"GET ")
            assert (await _answer(wire))[1] == b"/ 0"
            assert (await _problem(wire))["status"] == 408

    async def test_a_connection_that_says_nothing_is_closed_in_silence(self) -> None:
        async with serving(head_s=_SOON_S) as one, one.wire() as wire:
            assert await wire.hear_all() == b""
        assert one.refused == []


class TestBody:
    async def test_one_that_nobody_read_does_not_disturb_the_next_request(self) -> None:
        async with serving() as one, one.wire() as wire:
            await wire.say(b"POST /early HTTP/1.1\r\nContent-Length: 3\r\n\r\n")
            assert (await _answer(wire))[1] == b"/early 0"
            await wire.say(b"abc" + _GET)
            assert (await _answer(wire))[1] == b"/ 0"

    async def test_the_rest_of_one_that_nobody_read_has_to_come_soon(self) -> None:
        async with serving(head_s=_SOON_S) as one, one.wire() as wire:
            await wire.say(b"POST /early HTTP/1.1\r\nContent-Length: 3\r\n\r\n")
            assert (await _answer(wire))[1] == b"/early 0"
            assert await wire.hear_all() == b""


class TestWaiting:
    async def test_a_connection_between_requests_is_closed_in_the_end(self) -> None:
        async with serving(keep_alive_s=_SOON_S) as one, one.wire() as wire:
            await wire.say(_GET)
            assert (await _answer(wire))[1] == b"/ 0"
            assert await wire.hear_all() == b""
        assert one.refused == []

    async def test_each_request_begins_the_wait_anew(self) -> None:
        async with serving(keep_alive_s=1.2) as one, one.wire() as wire:
            for _ in range(3):
                await wire.say(_GET)
                await _answer(wire)
                await asyncio.sleep(0.6)
            await wire.say(_GET)
            assert (await _answer(wire))[1] == b"/ 0"

    async def test_an_answer_that_nobody_reads_ends_the_connection(self) -> None:
        flood = Flood()
        async with serving(flood, keep_alive_s=_SOON_S) as one, one.wire() as wire:
            await wire.say(_GET)
            await asyncio.wait_for(flood.left.wait(), 10)


class TestShutdown:
    async def test_a_connection_that_only_waits_is_closed(self) -> None:
        async with serving() as one, one.wire() as wire:
            await wire.say(_GET)
            await _answer(wire)
            one.connections[0].shutdown()
            assert await wire.hear_all() == b""

    async def test_a_request_that_came_in_and_is_not_read_yet_is_answered(self) -> None:
        async with serving() as one, one.wire() as wire:
            await wire.say(_GET)
            await _answer(wire)
            os.write(wire.writer.get_extra_info("socket").fileno(), _GET)  # the loop has no turn
            one.connections[0].shutdown()
            answer = await wire.hear_all()
        assert answer.startswith(b"HTTP/1.1 200 ")
        assert b"\r\nconnection: close\r\n" in answer

    async def test_so_is_one_whose_head_is_still_coming_in(self) -> None:
        async with serving() as one, one.wire() as wire:
            await wire.say(_GET + _GET[:10])
            await _answer(wire)
            one.connections[0].shutdown()
            await wire.say(_GET[10:])
            assert (await wire.hear_all()).startswith(b"HTTP/1.1 200 ")

    async def test_the_rest_of_a_body_that_nobody_read_is_not_waited_for(self) -> None:
        async with serving() as one, one.wire() as wire:
            await wire.say(b"POST /early HTTP/1.1\r\nContent-Length: 3\r\n\r\n")
            await _answer(wire)
            one.connections[0].shutdown()
            assert one.connections[0].transport.is_closing()

    async def test_who_is_refused_is_not_waited_for(self) -> None:
        async with serving() as one, one.wire() as wire:
            await wire.say(b"nonsense\r\n\r\n")
            await _problem(wire)
            one.connections[0].shutdown()
            assert one.connections[0].transport.is_closing()


async def test_more_connections_than_may_be_are_refused() -> None:
    async with serving(connections=1) as one, one.wire() as first:
        await first.say(_GET)
        await _answer(first)
        async with one.wire() as second:
            problem = await _problem(second)
        await first.say(_GET)
        assert (await _answer(first))[1] == b"/ 0"
    assert problem["type"] == "urn:decision-proxy:too-many-connections"
    assert problem["status"] == 503
    assert one.refused == ["too-many-connections"]


@pytest.mark.parametrize(
    "said",
    [
        b"nonsense\r\n\r\n",
        b"GET / HTTP/1.1\r\nbad header\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00",
    ],
)
async def test_what_is_not_http_is_refused(said: bytes) -> None:
    async with serving() as one, one.wire() as wire:
        await wire.say(said)
        problem = await _problem(wire)
    assert (problem["status"], problem["detail"]) == (400, "this is not HTTP/1.1")


async def test_who_is_refused_may_go_on_sending_for_a_moment() -> None:
    """The connection would else be reset, and the answer lost."""
    async with serving() as one, one.wire() as wire:
        await wire.say(b"nonsense\r\n\r\n")
        await wire.say(b"more " * 100_000)
        assert (await _problem(wire))["status"] == 400
    assert one.refused == ["bad-request"]


async def test_nonsense_as_a_body_is_the_whole_request_s_fault() -> None:
    async with serving() as one, one.wire() as wire:
        await wire.say(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n")
        assert (await _problem(wire))["status"] == 400
        assert await wire.hear_all() == b""
    assert one.refused == ["bad-request"]


async def test_nonsense_in_a_row_of_requests_does_not_break_into_an_answer() -> None:
    waiting = b"POST / HTTP/1.1\r\nContent-Length: 1\r\n\r\nx" * 2
    async with serving() as one, one.wire() as wire:
        await wire.say(waiting + b"nonsense\r\n\r\n")
        assert b" 400 " not in await wire.hear_all()
    assert one.refused == ["bad-request"]


async def test_an_upgrade_is_answered_without_one() -> None:
    asked = b"GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
    async with serving() as one, one.wire() as wire:
        await wire.say(asked)
        answer = await wire.hear_all()
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"\r\nconnection: close\r\n" in answer
    assert answer.endswith(b"\r\n\r\n/ 0")
