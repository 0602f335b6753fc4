"""Requests made to lead the gateway astray: none reaches another host, path or request."""

import json
import re

import pytest

from tests.conftest import StartGateway
from tests.servers import Servers
from tests.wire import Upstream, connected

_LIST = {"a.yaml": "placement: a\nresource: me/products\ndefault: {query: {}}\n"}
_ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
_STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) ")
_HOST = b"host: shop.example\r\n"
_CHUNKED = b"transfer-encoding: chunked\r\n"
_SMUGGLED = b"GET /v1/smuggled HTTP/1.1\r\nhost: x\r\n\r\n"


def _get(target: bytes, headers: bytes = b"") -> bytes:
    return b"GET " + target + b" HTTP/1.1\r\n" + _HOST + headers + b"\r\n"


def _post(headers: bytes, body: bytes) -> bytes:
    return b"POST /v1/me/orders HTTP/1.1\r\n" + _HOST + headers + b"\r\n" + body


async def _try(gateway: StartGateway, servers: Servers, request: bytes) -> tuple[int, Upstream]:
    """Send *request* and say no more; return the first status, and what the upstream heard."""
    upstream = await servers.start(Upstream(_ANSWER).listening())
    running = await gateway(_LIST, ordercloud={"url": upstream.url, "silence": "200ms"})
    async with connected(str(running.shop.base_url)) as wire:
        await wire.say(request)
        heard = await wire.hear()
    found = _STATUS.match(heard)
    assert found is not None, heard
    return int(found[1]), upstream


@pytest.mark.parametrize(
    "target",
    [
        b"/v1/../admin",
        b"/v1/..",
        b"/v1/me/../../admin",
        b"/v1/%2e%2e/admin",
        b"/v1/%2E%2e%2Fadmin",
        b"/v1/..%2fadmin",
        b"/v1/..%5cadmin",
        b"/v1/..\\admin",
        b"/v1/%252e%252e%252fadmin",
        b"/v1/..;/admin",
        b"/v1/%c0%ae%c0%ae/admin",
        b"/v1/a%00",
        b"/v1/a%0d%0ahost:%20elsewhere.example",
        b"/v1/a%0aadmin",
        b"/v1/a%0a",
        b"/v1/%2f%2felsewhere.example",
        b"/oauth/../v2",
        b"/%76%31/me",
        b"//elsewhere.example/v1/me",
        b"///v1/me",
        b"/\\elsewhere.example/v1/me",
        b"/placements/../v1/me",
        b"http://elsewhere.example/v1/../admin",
        b"elsewhere.example:443",
        b"@elsewhere.example/v1/me",
        b"/v1:80@elsewhere.example/",
        b"/v1/\xc3\xa9t\xc3\xa9",
        b"/v1/a\x01",
        b"/v1/a\tb",
        b"/v1/me?a=\xff",
        b"*",
    ],
)
async def test_what_is_not_plainly_a_path_reaches_nobody(
    gateway: StartGateway, servers: Servers, target: bytes
) -> None:
    status, upstream = await _try(gateway, servers, _get(target))
    assert status in {400, 404}
    assert upstream.heard == []


@pytest.mark.parametrize(
    "target",
    [
        b"http://elsewhere.example/v1/me",
        b"https://user:pass@elsewhere.example:8443/v1/me",
        b"ftp://elsewhere.example/v1/me",
        b"/v1/me",
    ],
)
async def test_whatever_host_is_named_only_the_configured_one_is_asked(
    gateway: StartGateway, servers: Servers, target: bytes
) -> None:
    headers = b"x-forwarded-host: elsewhere.example\r\nforwarded: host=elsewhere.example\r\n"
    headers += b"host: elsewhere.example\r\nx-original-url: /elsewhere\r\n"
    status, upstream = await _try(gateway, servers, _get(target, headers))
    assert status == 200
    (heard,) = upstream.heard
    assert heard.startswith(b"GET /v1/me HTTP/1.1\r\n")
    assert b"elsewhere" not in heard
    host = upstream.url.removeprefix("http://").encode()
    assert heard.lower().count(b"\r\nhost: ") == heard.count(host) == 1


@pytest.mark.parametrize(
    "method", ["TRACE", "PROPFIND", "LOCK", "PURGE", "SEARCH", "MKCOL", "REPORT", "LINK"]
)
async def test_a_method_that_ordercloud_does_not_know_is_refused_by_name(
    gateway: StartGateway, servers: Servers, method: str
) -> None:
    request = f"{method} /v1/me HTTP/1.1\r\nhost: shop.example\r\nconnection: close\r\n\r\n"
    upstream = await servers.start(Upstream(_ANSWER).listening())
    running = await gateway(_LIST, ordercloud={"url": upstream.url})
    async with connected(str(running.shop.base_url)) as wire:
        await wire.say(request.encode())
        head, _, body = (await wire.hear_all()).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 405 ")
    assert b"allow: GET, HEAD, OPTIONS, POST, PUT, PATCH, DELETE\r\n" in head
    (error,) = json.loads(body)["Errors"]
    assert error["ErrorCode"] == "Gateway.MethodNotAllowed"
    assert error["Message"] == f"{method} /v1/me is not served here"
    assert upstream.heard == []


@pytest.mark.parametrize(
    "request_",
    [
        b"CONNECT elsewhere.example:443 HTTP/1.1\r\n" + _HOST + b"\r\n",
        b"CONNECT /v1/me HTTP/1.1\r\n" + _HOST + b"\r\n",
        b"NONSENSE /v1/me HTTP/1.1\r\n" + _HOST + b"\r\n",
        b"GET /v1/me HTTP/9.9\r\n" + _HOST + b"\r\n",
        b"GET /v1/me nonsense HTTP/1.1\r\n" + _HOST + b"\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        _get(b"/v1/me", b"no colon\r\n"),
        _get(b"/v1/me", b"x y: z\r\n"),
        _get(b"/v1/me", b"x: a\x00b\r\n"),
        _get(b"/v1/me", b"x : y\r\n"),
        _get(b"/v1/me", b": y\r\n"),
        _get(b"/v1/me", b"x: a\r\n folded\r\n"),
        _get(b"/v1/me", b"x: a\nadmin: yes\r\n"),
        _get(b"/v1/me", b"x: a\radmin: yes\r\n"),
        b"GET /v1/me HTTP/1.1\nhost: x\n\n",
        b"GET\t/v1/me\tHTTP/1.1\r\n" + _HOST + b"\r\n",
        b"GET /v1/me\rx HTTP/1.1\r\n" + _HOST + b"\r\n",
    ],
)
async def test_what_is_not_plainly_http_reaches_nobody(
    gateway: StartGateway, servers: Servers, request_: bytes
) -> None:
    status, upstream = await _try(gateway, servers, request_)
    assert status in {400, 404, 405}
    assert upstream.heard == []


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (b"content-length: 5\r\ntransfer-encoding: chunked\r\n", b"0\r\n\r\n" + _SMUGGLED),
        (b"transfer-encoding: chunked\r\ncontent-length: 5\r\n", b"0\r\n\r\n" + _SMUGGLED),
        (b"content-length: 5\r\ncontent-length: 6\r\n", b"abcde" + _SMUGGLED),
        (b"content-length: 5, 6\r\n", b"abcde" + _SMUGGLED),
        (b"content-length: +5\r\n", b"abcde" + _SMUGGLED),
        (b"content-length: -5\r\n", b"abcde" + _SMUGGLED),
        (b"content-length: 0x5\r\n", b"abcde" + _SMUGGLED),
        (b"content-length: 99999999999999999999\r\n", b"abcde" + _SMUGGLED),
        (b"transfer-encoding: xchunked\r\n", b"0\r\n\r\n" + _SMUGGLED),
        (b"transfer-encoding: chunked, identity\r\n", b"0\r\n\r\n" + _SMUGGLED),
        (b"transfer-encoding: identity\r\n", b"0\r\n\r\n" + _SMUGGLED),
        (b"transfer-encoding: gzip, chunked\r\n", b"0\r\n\r\n"),
        (b'transfer-encoding: "chunked"\r\n', b"0\r\n\r\n" + _SMUGGLED),
        (
            b"transfer-encoding: chunked\r\ntransfer-encoding: identity\r\n",
            b"0\r\n\r\n" + _SMUGGLED,
        ),
        (b"transfer-encoding:\r\n chunked\r\n", b"0\r\n\r\n" + _SMUGGLED),
        (b"transfer-encoding:\x0bchunked\r\n", b"0\r\n\r\n" + _SMUGGLED),
        (_CHUNKED, b"zz\r\nabc\r\n0\r\n\r\n" + _SMUGGLED),
        (_CHUNKED, b"-1\r\n\r\n" + _SMUGGLED),
        (_CHUNKED, b"3\r\nabcdef\r\n0\r\n\r\n" + _SMUGGLED),
        (_CHUNKED, b"ffffffffffffffffff\r\n" + _SMUGGLED),
        (_CHUNKED, b"0x5\r\nabcde\r\n0\r\n\r\n" + _SMUGGLED),
        (_CHUNKED, b"1_0\r\nabcde\r\n0\r\n\r\n" + _SMUGGLED),
        (_CHUNKED, b"5\nabcde\n0\n\n" + _SMUGGLED),
        (_CHUNKED, b"5;a=\nb\r\nabcde\r\n0\r\n\r\n" + _SMUGGLED),
        (b"content-length:\r\n", _SMUGGLED),
    ],
)
async def test_a_body_whose_end_is_doubtful_smuggles_no_request(
    gateway: StartGateway, servers: Servers, headers: bytes, body: bytes
) -> None:
    status, upstream = await _try(gateway, servers, _post(headers, body))
    assert status in {400, 408, 502}
    for heard in upstream.heard:
        assert heard.startswith(b"POST /v1/me/orders HTTP/1.1\r\n")
        assert b"GET /v1/smuggled" not in heard


@pytest.mark.parametrize("named", [b"content-length", b"transfer-encoding", b"host"])
async def test_connection_cannot_name_away_where_the_body_ends(
    gateway: StartGateway, servers: Servers, named: bytes
) -> None:
    headers = b"connection: close, " + named + b"\r\ncontent-length: 44\r\n"
    body = b"GET /v1/smuggled HTTP/1.1\r\nhost: evil\r\n\r\nabc"
    status, upstream = await _try(gateway, servers, _post(headers, body[:44]))
    assert status == 200
    (heard,) = upstream.heard
    head, _, _ = heard.partition(b"\r\n\r\n")
    assert head.startswith(b"POST /v1/me/orders HTTP/1.1\r\n")
    assert head.count(b"content-length: 44") == 1
    assert b"transfer-encoding" not in head


@pytest.mark.parametrize("protocol", [b"websocket", b"h2c"])
async def test_nobody_upgrades_to_another_protocol(
    gateway: StartGateway, servers: Servers, protocol: bytes
) -> None:
    asked = b"connection: upgrade, http2-settings\r\nupgrade: " + protocol + b"\r\n"
    more = b"http2-settings: AAMAAABkAAQAAP__\r\nsec-websocket-key: eA==\r\n"
    status, upstream = await _try(gateway, servers, _get(b"/v1/me", asked + more))
    assert status in {200, 400}
    for heard in upstream.heard:
        assert b"upgrade" not in heard.lower()
        assert b"http2-settings" not in heard.lower()


async def test_a_body_behind_an_upgrade_is_no_other_request(
    gateway: StartGateway, servers: Servers
) -> None:
    headers = b"connection: upgrade\r\nupgrade: x\r\ncontent-length: 38\r\n"
    status, upstream = await _try(gateway, servers, _post(headers, _SMUGGLED))
    assert status in {200, 400, 408}
    for heard in upstream.heard:
        assert heard.startswith(b"POST /v1/me/orders HTTP/1.1\r\n")
        assert heard.count(b"content-length: 38\r\n") == 1


async def test_requests_in_a_row_are_answered_in_their_order(
    gateway: StartGateway, servers: Servers
) -> None:
    upstream = await servers.start(Upstream(_ANSWER).listening())
    running = await gateway(_LIST, ordercloud={"url": upstream.url})
    async with connected(str(running.shop.base_url)) as wire:
        await wire.say(
            _get(b"/v1/a") + _get(b"/v1/../b") + _get(b"/v1/c", b"connection: close\r\n")
        )
        heard = await wire.hear_all()
    assert [int(status) for status in _STATUS.findall(heard)] == [200, 400, 200]
    assert b"".join(upstream.heard).count(b" HTTP/1.1\r\n") == 2


async def test_an_answer_that_is_not_plainly_http_is_none(
    gateway: StartGateway, servers: Servers
) -> None:
    for answer in (
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nx: a\x00b\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
        b"HTTP/1.1 200 OK\r\nx: " + b"y" * 200_000 + b"\r\n\r\n",
    ):
        upstream = await servers.start(Upstream(answer).listening())
        running = await gateway(_LIST, ordercloud={"url": upstream.url})
        got = await running.shop.post("/v1/me")
        assert got.status_code == 502
        assert got.json()["Errors"][0]["ErrorCode"] == "Gateway.UpstreamUnreachable"
