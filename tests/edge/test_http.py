"""One upstream call: its bounds, its second try, and what becomes of every way to go wrong."""

import asyncio
import contextlib
import gzip
from collections.abc import AsyncIterator

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from proxy.edge.http import BODY_MAX_BYTES
from proxy.errors import (
    UpstreamBroken,
    UpstreamBusy,
    UpstreamError,
    UpstreamOpen,
    UpstreamRefused,
    UpstreamTimeout,
)
from tests.answers import until
from tests.edge.conftest import Connect
from tests.servers import Servers, free_socket, url_of

_OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
_UNAVAILABLE = b"HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n"
_HALF = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf"
_SILENCE = b""


class Speaker:
    """Says raw bytes: to the n-th request the n-th text, then hangs up; None: says nothing."""

    def __init__(self, *answers: bytes | None) -> None:
        self._answers = list(answers)
        self.heard: list[bytes] = []
        self.url = ""

    async def count(self) -> int:
        return len(self.heard)

    @contextlib.asynccontextmanager
    async def speaking(self) -> AsyncIterator["Speaker"]:
        async with await asyncio.start_server(self._answer, sock=free_socket()) as server:
            self.url = url_of(server.sockets[0])
            yield self

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.heard.append(await reader.readuntil(b"\r\n\r\n"))
        answer = self._answers.pop(0)
        if answer is None:
            await reader.read()
        else:
            writer.write(answer)
        writer.close()


async def _speaking(servers: Servers, *answers: bytes | None) -> Speaker:
    return await servers.start(Speaker(*answers).speaking())


class Echo:
    """Tells what it was asked, and keeps all of it."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.gate = asyncio.Event()

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/cookie", self._set_cookie),
                Route("/elsewhere", self._redirect),
                Route("/gzip", self._zipped),
                Route("/bomb", self._bomb),
                Route("/flood", self._flood),
                Route("/held", self._held),
                Route("/{path:path}", self._echo, methods=["GET", "POST"]),
            ]
        )

    async def _echo(self, request: Request) -> Response:
        self.requests.append(request)
        body = (await request.body()).decode()
        target = f"{request.url.path}?{request.scope['query_string'].decode()}"
        return JSONResponse([request.method, target, body], headers={"X-Some": "Thing"})

    async def _set_cookie(self, _: Request) -> Response:
        response = Response()
        response.set_cookie("session", "of-one-shopper")
        return response

    async def _redirect(self, _: Request) -> Response:
        return RedirectResponse("/followed")

    async def _zipped(self, _: Request) -> Response:
        return Response(gzip.compress(b"plain"), headers={"content-encoding": "gzip"})

    async def _bomb(self, _: Request) -> Response:
        bomb = gzip.compress(bytes(BODY_MAX_BYTES + 1))
        return Response(bomb, headers={"content-encoding": "gzip"})

    async def _flood(self, _: Request) -> Response:
        return Response(bytes(BODY_MAX_BYTES + 1))

    async def _held(self, _: Request) -> Response:
        await self.gate.wait()
        return Response("at last")


@pytest.fixture
def echo() -> Echo:
    return Echo()


@pytest.fixture
async def echo_url(servers: Servers, echo: Echo) -> AsyncIterator[str]:
    yield await servers.serve(echo.app())
    echo.gate.set()


async def test_the_request_arrives_as_it_was_meant(connect: Connect, echo_url: str) -> None:
    upstream = await connect(echo_url)
    answer = await upstream.request(
        "POST", "/v1/x?ID=p1|p2&xp.a=!%26", headers={"x-a": "b"}, content=b'{"a": 1}'
    )
    assert answer.status == 200
    assert answer.headers["x-some"] == "Thing"
    assert answer.body == b'["POST","/v1/x?ID=p1|p2&xp.a=!%26","{\\"a\\": 1}"]'


async def test_header_values_are_passed_on_octet_by_octet(
    connect: Connect, echo_url: str, echo: Echo
) -> None:
    await (await connect(echo_url)).request("GET", "/", headers={"x-name": "J\xf6rg"})
    assert echo.requests[0].headers["x-name"] == "J\xf6rg"


async def test_a_coded_body_arrives_decoded(connect: Connect, echo_url: str) -> None:
    assert (await (await connect(echo_url)).request("GET", "/gzip", headers={})).body == b"plain"


async def test_a_cookie_is_never_sent_back(connect: Connect, echo_url: str, echo: Echo) -> None:
    upstream = await connect(echo_url)
    answer = await upstream.request("GET", "/cookie", headers={})
    assert "set-cookie" in answer.headers
    await upstream.request("GET", "/", headers={})
    assert "cookie" not in echo.requests[0].headers


async def test_a_redirect_is_an_answer_and_not_followed(
    connect: Connect, echo_url: str, echo: Echo
) -> None:
    answer = await (await connect(echo_url)).request("GET", "/elsewhere", headers={})
    assert answer.status == 307
    assert not echo.requests


async def test_the_environment_decides_nothing(
    connect: Connect, echo_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    assert (await (await connect(echo_url)).request("GET", "/", headers={})).status == 200


class TestFaults:
    @pytest.mark.parametrize(
        ("answer", "fault"),
        [
            (None, UpstreamTimeout),
            (_HALF, UpstreamRefused),
            (_SILENCE, UpstreamRefused),
            (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", UpstreamRefused),
            (b"HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n", UpstreamRefused),
            (
                b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 5\r\n\r\nplain",
                UpstreamBroken,
            ),
        ],
        ids=["silence", "half a body", "hang-up", "no HTTP", "bad header", "bad coding"],
    )
    async def test_each_becomes_one_of_ours(
        self,
        servers: Servers,
        connect: Connect,
        answer: bytes | None,
        fault: type[UpstreamError],
    ) -> None:
        speaker = await _speaking(servers, answer, answer)
        upstream = await connect(speaker.url, limit_s=0.5)
        with pytest.raises(fault) as raised:
            await upstream.request("POST", "/", headers={})
        assert type(raised.value) is fault
        assert str(raised.value).startswith("upstream ")

    async def test_nobody_there_is_told_from_a_broken_connection(self, connect: Connect) -> None:
        with free_socket() as silent:
            upstream = await connect(url_of(silent))
            with pytest.raises(UpstreamRefused) as raised:
                await upstream.request("GET", "/", headers={})
        assert raised.value.unsent

    @pytest.mark.parametrize("path", ["/flood", "/bomb"])
    async def test_more_than_can_be_held_is_not_read_to_its_end(
        self, connect: Connect, echo_url: str, path: str
    ) -> None:
        with pytest.raises(UpstreamBroken, match="more than we can hold"):
            await (await connect(echo_url)).request("GET", path, headers={})


class TestSecondTry:
    @pytest.mark.parametrize("first", [_SILENCE, _HALF, _UNAVAILABLE])
    async def test_what_changes_nothing_is_tried_twice(
        self, servers: Servers, connect: Connect, first: bytes
    ) -> None:
        speaker = await _speaking(servers, first, _OK)
        answer = await (await connect(speaker.url)).request("GET", "/", headers={})
        assert (answer.body, len(speaker.heard)) == (b"ok", 2)

    async def test_it_is_the_last(self, servers: Servers, connect: Connect) -> None:
        speaker = await _speaking(servers, _UNAVAILABLE, _UNAVAILABLE, _OK)
        answer = await (await connect(speaker.url)).request("GET", "/", headers={})
        assert (answer.status, len(speaker.heard)) == (503, 2)

    async def test_what_cdp_may_have_executed_is_not_executed_again(
        self, servers: Servers, connect: Connect
    ) -> None:
        speaker = await _speaking(servers, _SILENCE, _OK)
        upstream = await connect(speaker.url)
        with pytest.raises(UpstreamRefused):
            await upstream.request("POST", "/", headers={}, content=b"")
        assert len(speaker.heard) == 1

    async def test_what_cdp_turned_away_is_offered_again(
        self, servers: Servers, connect: Connect
    ) -> None:
        speaker = await _speaking(servers, _UNAVAILABLE, _OK)
        answer = await (await connect(speaker.url)).request("POST", "/", headers={}, content=b"")
        assert answer.body == b"ok"

    async def test_both_share_one_limit(self, servers: Servers, connect: Connect) -> None:
        speaker = await _speaking(servers, _SILENCE, None)
        with pytest.raises(UpstreamTimeout):
            await (await connect(speaker.url, limit_s=0.3)).request("GET", "/", headers={})


class TestBounds:
    async def test_one_call_too_many_is_refused_at_once(
        self, connect: Connect, echo_url: str, echo: Echo
    ) -> None:
        upstream = await connect(echo_url, in_flight=2)
        async with asyncio.TaskGroup() as group:
            held = [
                group.create_task(upstream.request("GET", "/held", headers={})) for _ in range(2)
            ]
            await asyncio.sleep(0)
            with pytest.raises(UpstreamBusy):
                await upstream.request("GET", "/", headers={})
            echo.gate.set()
        assert [one.result().status for one in held] == [200, 200]
        assert (await upstream.request("GET", "/", headers={})).status == 200

    async def test_cancelled_calls_leave_their_places_and_a_healthy_client(
        self, connect: Connect, echo_url: str, echo: Echo
    ) -> None:
        upstream = await connect(echo_url, in_flight=2)
        for _ in range(10):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.005):
                    await upstream.request("GET", "/held", headers={})
        echo.gate.set()
        answers = await asyncio.gather(
            *(upstream.request("GET", "/held", headers={}) for _ in range(2))
        )
        assert [one.body for one in answers] == [b"at last"] * 2

    async def test_an_upstream_that_keeps_failing_is_left_alone(
        self, servers: Servers, connect: Connect
    ) -> None:
        failure = b"HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n"
        speaker = await _speaking(servers, *[failure] * 9)
        upstream = await connect(speaker.url)
        for _ in range(8):
            assert (await upstream.request("GET", "/", headers={})).status == 500
        with pytest.raises(UpstreamOpen):
            await upstream.request("GET", "/", headers={})
        assert upstream.breaker.is_open
        assert len(speaker.heard) == 8


class TestWhatIsCounted:
    @pytest.mark.parametrize(
        ("answer", "outcome"),
        [
            (_OK, "200"),
            (b"HTTP/1.1 404 No\r\ncontent-length: 0\r\n\r\n", "404"),
            (None, "upstream-timeout"),
            (_HALF, "upstream-unreachable"),
        ],
    )
    async def test_a_call_once_by_status_or_code(
        self, servers: Servers, connect: Connect, answer: bytes | None, outcome: str
    ) -> None:
        speaker = await _speaking(servers, answer, answer)
        calls: list[tuple[str, str, float]] = []
        upstream = await connect(speaker.url, limit_s=0.5, on_call=lambda *call: calls.append(call))
        with contextlib.suppress(UpstreamError):
            await upstream.request("GET", "/", headers={})
        ((name, what, seconds),) = calls
        assert (name, what) == ("upstream", outcome)
        assert 0 < seconds < 5

    async def test_a_call_that_was_cancelled_too(self, servers: Servers, connect: Connect) -> None:
        speaker = await _speaking(servers, None)
        outcomes: list[str] = []
        upstream = await connect(
            speaker.url, on_call=lambda _, outcome, __: outcomes.append(outcome)
        )
        async with asyncio.TaskGroup() as group:
            call = group.create_task(upstream.request("GET", "/", headers={}))
            await until(speaker.count, bool)
            call.cancel()
        assert outcomes == ["cancelled"]
