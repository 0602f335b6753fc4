"""OrderCloud's own API through the gateway: what crosses, what is added, what is refused."""

import asyncio
import gzip
import json
import logging
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from proxy.web.passthrough import METHODS
from tests.answers import caches, ids, personalization
from tests.conftest import StartGateway
from tests.emulators import PASSWORD, STOREFRONT, Cdp, OrderCloud
from tests.servers import Gateway, Servers, client, free_socket, url_of
from tests.wire import Upstream, connected

_SHOP = "https://shop.example"
_LIST = {"a.yaml": "placement: a\nresource: me/products\ndefault: {query: {}}\n"}


async def _echo(request: Request) -> Response:
    """Tell all of the request that came in."""
    heard = {
        "method": request.method,
        "target": request.scope["raw_path"].decode(),
        "query": request.scope["query_string"].decode(),
        "headers": [[name.decode(), value.decode()] for name, value in request.headers.raw],
        "body": (await request.body()).decode(),
    }
    return JSONResponse(heard, headers={"x-oc-logid": "log-1", "X-Heard": "yes"})


async def _zipped(_: Request) -> Response:
    return Response(
        gzip.compress(b'{"a": 1}'),
        headers={"content-encoding": "gzip", "content-type": "application/json"},
    )


async def _cookies(_: Request) -> Response:
    response = Response("x", 201, headers={"connection": "x-hop", "x-hop": "1"})
    response.set_cookie("a", "1")
    response.set_cookie("b", "2")
    return response


async def _redirect(_: Request) -> Response:
    return RedirectResponse("https://elsewhere.example/v1/me", 302)


async def _chunked(_: Request) -> Response:
    async def chunks() -> Any:
        yield b"one"
        yield b"two"

    return StreamingResponse(chunks(), headers={"access-control-allow-origin": "*"})


async def _failing(_: Request) -> Response:
    return JSONResponse({"Errors": [{"ErrorCode": "X", "Message": "y", "Data": None}]}, 500)


_UPSTREAM = Starlette(
    routes=[
        Route("/v1/zipped", _zipped),
        Route("/v1/cookies", _cookies),
        Route("/v1/redirect", _redirect),
        Route("/v1/chunked", _chunked),
        Route("/v1/failing", _failing),
        Route("/{path:path}", _echo, methods=METHODS),
    ]
)


@pytest.fixture
async def shop(gateway: StartGateway, servers: Servers) -> httpx2.AsyncClient:
    """Return a client of a gateway before an upstream that tells what it hears."""
    running = await gateway(
        _LIST,
        ordercloud={"url": await servers.serve(_UPSTREAM)},
        server={"cors_origins": [_SHOP]},
    )
    return running.shop


async def _raw_gateway(gateway: StartGateway, servers: Servers, answer: bytes) -> tuple[Any, str]:
    """Start a gateway before a wire; return the wire and the gateway's URL."""
    upstream = await servers.start(Upstream(answer).listening())
    running = await gateway(_LIST, ordercloud={"url": upstream.url})
    return upstream, str(running.shop.base_url)


class TestRequest:
    @pytest.mark.parametrize("method", [m for m in METHODS if m != "HEAD"])
    @pytest.mark.parametrize("path", ["/v1/me/products", "/oauth/token"])
    async def test_method_path_and_body_go_on(
        self, shop: httpx2.AsyncClient, method: str, path: str
    ) -> None:
        answer = await shop.request(method, path, content=b'{"a":1}')
        heard = answer.json()
        assert answer.status_code == 200
        assert (heard["method"], heard["target"], heard["body"]) == (method, path, '{"a":1}')

    async def test_the_target_goes_on_byte_for_byte(
        self, gateway: StartGateway, servers: Servers
    ) -> None:
        answer = b"HTTP/1.1 204 No Content\r\n\r\n"
        upstream, url = await _raw_gateway(gateway, servers, answer)
        target = b"/v1/me/products/p%201?Name|ID=!Blue%7CRed*&a=1&a=2&b='x'&c=+&d=%20&e&&=%zz"
        async with connected(url) as wire:
            await wire.say(b"GET " + target + b" HTTP/1.1\r\nhost: shop\r\n\r\n")
            assert (await wire.hear()).startswith(b"HTTP/1.1 204 ")
        assert upstream.heard[0].startswith(b"GET " + target + b" HTTP/1.1\r\n")

    async def test_the_empty_token_that_the_sdk_sends_goes_on(
        self, gateway: StartGateway, servers: Servers
    ) -> None:
        answer = b"HTTP/1.1 204 No Content\r\n\r\n"
        upstream, url = await _raw_gateway(gateway, servers, answer)
        async with connected(url) as wire:
            head = b"GET /v1/me HTTP/1.1\r\nhost: shop\r\nauthorization: Bearer \r\n\r\n"
            await wire.say(head)
            assert (await wire.hear()).startswith(b"HTTP/1.1 204 ")
        assert b"\r\nauthorization: Bearer\r\n" in upstream.heard[0]

    async def test_the_path_of_the_configured_url_comes_first(
        self, gateway: StartGateway, servers: Servers
    ) -> None:
        url = await servers.serve(_UPSTREAM)
        running = await gateway(_LIST, ordercloud={"url": f"{url}/prefix/"})
        answer = await running.shop.get("/v1/me")
        assert answer.json()["target"] == "/prefix/v1/me"

    async def test_tokens_are_asked_for_where_they_are_issued(
        self, gateway: StartGateway, servers: Servers
    ) -> None:
        auth_url = await servers.serve(_UPSTREAM)
        running = await gateway(_LIST, ordercloud={"auth_url": auth_url})
        answer = await running.shop.post("/oauth/token", data={"grant_type": "password"})
        assert answer.json()["target"] == "/oauth/token"

    async def test_headers_go_on_and_only_the_hops_are_ours(self, shop: httpx2.AsyncClient) -> None:
        request = shop.build_request("GET", "/v1/me")
        request.headers = httpx2.Headers(
            [
                ("host", "shop.example"),
                ("authorization", "Bearer t"),
                ("accept-encoding", "br"),
                ("x-a", "1"),
                ("x-a", "2"),
                ("connection", "x-b, close"),
                ("x-b", "3"),
                ("x-forwarded-host", "elsewhere.example"),
            ]
        )
        heard = (await shop.send(request)).json()["headers"]
        assert heard[0][0] == "host"
        assert heard[0][1].startswith("127.0.0.1:")
        assert heard[1:] == [
            ["authorization", "Bearer t"],
            ["accept-encoding", "br"],
            ["x-a", "1"],
            ["x-a", "2"],
            ["via", "1.1 decision-proxy"],
            ["x-forwarded-for", "127.0.0.1"],
        ]

    async def test_a_body_in_chunks_goes_on_in_chunks(self, shop: httpx2.AsyncClient) -> None:
        async def chunks() -> Any:
            yield b"one"
            yield b"two"

        heard = (await shop.post("/v1/me/orders", content=chunks())).json()
        headers = dict(heard["headers"])
        assert heard["body"] == "onetwo"
        assert headers["transfer-encoding"] == "chunked"
        assert "content-length" not in headers

    async def test_a_caller_who_waits_for_leave_to_send_gets_it(
        self, gateway: StartGateway, servers: Servers
    ) -> None:
        answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
        upstream, url = await _raw_gateway(gateway, servers, answer)
        async with connected(url) as wire:
            head = b"POST /v1/x HTTP/1.1\r\nhost: shop\r\ncontent-length: 3\r\n"
            await wire.say(head + b"expect: 100-continue\r\n\r\n")
            assert await wire.hear() == b"HTTP/1.1 100 Continue\r\n\r\n"
            await wire.say(b"abc")
            assert (await wire.hear()).startswith(b"HTTP/1.1 200 OK\r\n")
            assert await wire.hear(b"ok") == b"ok"
        assert b"expect" not in upstream.heard[0].lower()
        assert upstream.heard[0].endswith(b"\r\n\r\nabc")

    async def test_no_leave_is_given_to_send_what_cannot_be_passed_on(
        self, gateway: StartGateway
    ) -> None:
        with free_socket() as nobody:
            running = await gateway(_LIST, ordercloud={"url": url_of(nobody)})
            async with connected(str(running.shop.base_url)) as wire:
                head = b"POST /v1/x HTTP/1.1\r\nhost: shop\r\ncontent-length: 3\r\n"
                await wire.say(head + b"expect: 100-continue\r\n\r\n")
                assert (await wire.hear()).startswith(b"HTTP/1.1 502 ")


class TestAnswer:
    async def test_status_headers_and_body_come_back(self, shop: httpx2.AsyncClient) -> None:
        answer = await shop.get("/v1/failing")
        assert answer.status_code == 500
        assert answer.json()["Errors"][0]["ErrorCode"] == "X"
        answer = await shop.get("/v1/me")
        assert (answer.headers["x-oc-logid"], answer.headers["x-heard"]) == ("log-1", "yes")
        assert "cache-control" not in answer.headers
        assert len(answer.headers.get_list("date")) == 1
        assert len(answer.headers.get_list("content-length")) == 1

    async def test_a_coded_body_is_not_decoded(self, shop: httpx2.AsyncClient) -> None:
        async with shop.stream("GET", "/v1/zipped") as answer:
            raw = b"".join([chunk async for chunk in answer.aiter_raw()])
        assert answer.headers["content-encoding"] == "gzip"
        assert gzip.decompress(raw) == b'{"a": 1}'
        assert answer.headers["content-length"] == str(len(raw))

    async def test_each_cookie_comes_back_and_what_is_about_the_hop_does_not(
        self, shop: httpx2.AsyncClient
    ) -> None:
        answer = await shop.get("/v1/cookies")
        assert answer.status_code == 201
        cookies = answer.headers.get_list("set-cookie")
        assert [cookie.partition(";")[0] for cookie in cookies] == ["a=1", "b=2"]
        assert "x-hop" not in answer.headers

    async def test_no_cookie_of_one_shopper_is_sent_for_another(
        self, shop: httpx2.AsyncClient
    ) -> None:
        await shop.get("/v1/cookies")
        shop.cookies.clear()
        heard = (await shop.get("/v1/me")).json()
        assert "cookie" not in dict(heard["headers"])

    async def test_redirects_are_the_callers_to_follow(self, shop: httpx2.AsyncClient) -> None:
        answer = await shop.get("/v1/redirect")
        assert answer.status_code == 302
        assert answer.headers["location"] == "https://elsewhere.example/v1/me"

    async def test_a_body_of_unknown_length_comes_back(self, shop: httpx2.AsyncClient) -> None:
        answer = await shop.get("/v1/chunked")
        assert answer.content == b"onetwo"
        assert answer.headers["transfer-encoding"] == "chunked"

    async def test_head_tells_the_length_and_sends_no_body(
        self, gateway: StartGateway, servers: Servers
    ) -> None:
        answer = b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n"
        _, url = await _raw_gateway(gateway, servers, answer)
        async with connected(url) as wire:
            for _ in range(2):
                await wire.say(b"HEAD /v1/me HTTP/1.1\r\nhost: shop\r\n\r\n")
                head = await wire.hear()
                assert head.startswith(b"HTTP/1.1 200 OK\r\n")
                assert b"content-length: 1000\r\n" in head

    @pytest.mark.parametrize("status", [b"204 No Content", b"304 Not Modified"])
    async def test_an_answer_without_a_body_leaves_the_connection_usable(
        self, gateway: StartGateway, servers: Servers, status: bytes
    ) -> None:
        answer = b"HTTP/1.1 " + status + b"\r\netag: x\r\ncontent-length: 0\r\n\r\n"
        _, url = await _raw_gateway(gateway, servers, answer)
        async with connected(url) as wire:
            for _ in range(2):
                await wire.say(b"GET /v1/me HTTP/1.1\r\nhost: shop\r\n\r\n")
                assert (await wire.hear()).startswith(b"HTTP/1.1 " + status + b"\r\n")

    async def test_a_connection_that_the_upstream_closes_is_replaced_unseen(
        self, gateway: StartGateway, servers: Servers
    ) -> None:
        answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok"
        upstream, url = await _raw_gateway(gateway, servers, answer)
        async with client(url) as http:
            for _ in range(3):
                assert (await http.get("/v1/me")).content == b"ok"
        assert len(upstream.heard) == 3


class TestOwnErrors:
    async def test_they_have_ordercloud_s_shape(self, gateway: StartGateway) -> None:
        with free_socket() as nobody:
            running = await gateway(_LIST, ordercloud={"url": url_of(nobody)})
            for path in ("/v1/me", "/oauth/token"):
                answer = await running.shop.post(path)
                assert answer.status_code == 502
                assert answer.headers["content-type"] == "application/json"
                assert answer.headers["retry-after"] == "2"
                (error,) = answer.json()["Errors"]
                assert error["ErrorCode"] == "Gateway.UpstreamUnreachable"
                assert "cannot be reached" in error["Message"]
                assert error["Data"] == {"RequestID": answer.headers["x-request-id"]}

    async def test_an_upstream_that_keeps_silent_is_given_up(
        self, gateway: StartGateway, servers: Servers
    ) -> None:
        upstream = await servers.start(Upstream(b"").listening())
        running = await gateway(_LIST, ordercloud={"url": upstream.url, "silence": "50ms"})
        answer = await running.shop.post("/v1/me", content=b"x")
        assert answer.status_code == 504
        assert answer.json()["Errors"][0]["ErrorCode"] == "Gateway.UpstreamTimeout"
        await asyncio.wait_for(upstream.ended.wait(), 10)

    async def test_a_caller_who_stops_to_send_is_given_up(
        self, gateway: StartGateway, servers: Servers
    ) -> None:
        upstream = await servers.start(Upstream(b"").listening())
        running = await gateway(_LIST, ordercloud={"url": upstream.url, "silence": "50ms"})
        async with connected(str(running.shop.base_url)) as wire:
            await wire.say(b"POST /v1/x HTTP/1.1\r\nhost: shop\r\ncontent-length: 9\r\n\r\nabc")
            assert (await wire.hear()).startswith(b"HTTP/1.1 408 ")
        await asyncio.wait_for(upstream.ended.wait(), 10)

    async def test_the_calls_under_way_are_bounded(
        self, gateway: StartGateway, servers: Servers
    ) -> None:
        upstream = await servers.start(Upstream(b"").listening())
        running = await gateway(_LIST, ordercloud={"url": upstream.url, "in_flight": 1})
        async with connected(str(running.shop.base_url)) as wire:
            await wire.say(b"GET /v1/me HTTP/1.1\r\nhost: shop\r\n\r\n")
            async with asyncio.timeout(10):
                while not upstream.heard:  # noqa: ASYNC110 - the other side is no coroutine of ours
                    await asyncio.sleep(0.01)
            answer = await running.shop.get("/v1/me")
        assert answer.status_code == 503
        assert answer.json()["Errors"][0]["ErrorCode"] == "Gateway.UpstreamBusy"

    async def test_an_upstream_that_keeps_failing_is_left_alone(
        self, shop: httpx2.AsyncClient
    ) -> None:
        statuses = [(await shop.get("/v1/failing")).status_code for _ in range(10)]
        assert statuses == [500] * 8 + [503] * 2

    async def test_a_path_of_nobody_s_is_ours_to_refuse(self, shop: httpx2.AsyncClient) -> None:
        answer = await shop.get("/v2/me")
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "application/problem+json"


class TestBrowser:
    @pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
    async def test_the_sdk_may_call_from_the_shop(
        self, shop: httpx2.AsyncClient, method: str
    ) -> None:
        asked = {
            "origin": _SHOP,
            "access-control-request-method": method,
            "access-control-request-headers": "authorization,content-type",
        }
        answer = await shop.options("/v1/me/products", headers=asked)
        assert answer.status_code == 200
        assert answer.headers["access-control-allow-origin"] == _SHOP
        assert method in answer.headers["access-control-allow-methods"]
        assert answer.headers["access-control-max-age"] == "7200"

    async def test_a_script_of_the_shop_may_read_the_answer(self, shop: httpx2.AsyncClient) -> None:
        answer = await shop.get("/v1/me", headers={"origin": _SHOP})
        assert answer.headers["access-control-allow-origin"] == _SHOP
        assert "X-oc-logid" in answer.headers["access-control-expose-headers"]

    async def test_a_script_of_elsewhere_may_not_whatever_the_upstream_says(
        self, shop: httpx2.AsyncClient
    ) -> None:
        answer = await shop.get("/v1/chunked", headers={"origin": "https://elsewhere.example"})
        assert answer.content == b"onetwo"
        assert "access-control-allow-origin" not in answer.headers

    async def test_options_without_a_preflight_go_on(self, shop: httpx2.AsyncClient) -> None:
        assert (await shop.options("/v1/me")).json()["method"] == "OPTIONS"


async def test_credentials_in_the_query_reach_no_log(
    shop: httpx2.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for path in ("/v1/me/register", "/v1/failing", "/v1/a%2Fb"):
        await shop.put(f"{path}?anonUserToken=the-secret", headers={"authorization": "the-secret"})
    ours = [record for record in caplog.records if not record.name.startswith("http")]
    assert "the-secret" not in "\n".join(json.dumps(one.__dict__, default=str) for one in ours)


_BOUND = """
placement: bound
resource: me/products
decision: {flow: hero, segment: persona, cache: none}
rules:
  - name: watches
    when: {segment: vip}
    query: {categoryID: mens-watches, xp.color: Black, sortBy: ["!xp.rating"], pageSize: 3}
  - name: by-id
    when: {has: productIds}
    query: {ID: {from: productIds}}
    order: as-listed
  - name: embedded
    when: {has: products}
    page: {from: products}
  - name: refused
    when: {segment: refused}
    query: {categoryID: there-is-none}
default: {query: {categoryID: featured}}
route: GET /v1/me/products
"""


class TestBoundCall:
    @pytest.fixture
    async def bound(self, gateway: StartGateway) -> Gateway:
        return await gateway({"bound.yaml": _BOUND}, server={"cors_origins": [_SHOP]})

    async def test_it_is_personalized_in_place(
        self, bound: Gateway, ordercloud: OrderCloud, cdp: Cdp
    ) -> None:
        await cdp.decide("hero", {"persona": "vip"})
        answer = await bound.get("/v1/me/products", await ordercloud.token("alice"))
        assert answer.status_code == 200
        assert (await ordercloud.lists())[-1] == (
            "/v1/me/products?categoryID=mens-watches&pageSize=3&sortBy=!xp.rating&xp.color=Black"
        )
        assert personalization(answer)["placement"] == "bound"
        assert personalization(answer)["rule"] == "watches"
        assert caches(answer)["page"] == "fwd=miss"
        assert answer.headers["etag"]
        assert answer.json().keys() == {"Meta", "Items"}

    @pytest.mark.parametrize(
        ("query", "sent"),
        [
            ("pageSize=5&page=2", "page=2&pageSize=5&sortBy=!xp.rating&xp.color=Black"),
            ("sortBy=Name", "pageSize=3&sortBy=Name&xp.color=Black"),
            ("xp.color=Red", "pageSize=3&sortBy=!xp.rating&xp.color=Red"),
            ("xp.a=!1&xp.a=!2", "pageSize=3&sortBy=!xp.rating&xp.a=!1&xp.a=!2&xp.color=Black"),
        ],
    )
    async def test_what_the_shopper_asked_for_wins(
        self, bound: Gateway, ordercloud: OrderCloud, cdp: Cdp, query: str, sent: str
    ) -> None:
        await cdp.decide("hero", {"persona": "vip"})
        answer = await bound.get(f"/v1/me/products?{query}", await ordercloud.token("alice"))
        assert personalization(answer)["rule"] == "watches"
        (*_, last) = await ordercloud.lists()
        assert last == f"/v1/me/products?categoryID=mens-watches&{sent}"

    @pytest.mark.parametrize(
        "target",
        [
            "/v1/me/products?search=watch",
            "/v1/me/products?ID=p1|p2",
            "/v1/me/products?categoryID=new",
            "/v1/me/products?page=0",
            "/v1/me/products?pageSize=1000",
            "/v1/me/products/p1",
            "/v1/me/products/",
            "/v1/me/categories",
        ],
    )
    async def test_every_other_call_is_left_alone(
        self, bound: Gateway, ordercloud: OrderCloud, cdp: Cdp, target: str
    ) -> None:
        token = await ordercloud.token("alice")
        answer = await bound.get(target, token)
        headers = {"authorization": f"Bearer {token}"}
        direct = await ordercloud.http.get(target, headers=headers)
        assert (answer.status_code, answer.content) == (direct.status_code, direct.content)
        assert "personalization" not in answer.headers
        assert not await cdp.calls()

    async def test_another_method_is_left_alone(self, bound: Gateway, cdp: Cdp) -> None:
        answer = await bound.shop.post("/v1/me/products", json={})
        assert "personalization" not in answer.headers
        assert not await cdp.calls()

    @pytest.mark.parametrize("authorization", [None, "Bearer", "Bearer nonsense", "Basic eDp5"])
    async def test_without_a_usable_token_ordercloud_itself_says_no(
        self, bound: Gateway, ordercloud: OrderCloud, authorization: str | None
    ) -> None:
        headers = {} if authorization is None else {"authorization": authorization}
        answer = await bound.shop.get("/v1/me/products", headers=headers)
        direct = await ordercloud.http.get("/v1/me/products", headers=headers)
        assert (answer.status_code, answer.content) == (direct.status_code, direct.content)
        assert answer.status_code == 401

    async def test_a_list_that_ordercloud_refuses_is_answered_as_it_was_asked(
        self, gateway: StartGateway, ordercloud: OrderCloud, cdp: Cdp
    ) -> None:
        await cdp.decide("hero", {"persona": "refused"})
        rules = _BOUND.replace("{categoryID: featured}", "{categoryID: there-is-none-either}")
        shop = await gateway({"bound.yaml": rules})
        token = await ordercloud.token("alice")
        answer = await shop.get("/v1/me/products?pageSize=2", token)
        assert answer.status_code == 200
        assert len(answer.json()["Items"]) == 2
        assert (await ordercloud.lists())[-1] == "/v1/me/products?pageSize=2"

    async def test_an_outage_is_told_in_ordercloud_s_shape(
        self, bound: Gateway, ordercloud: OrderCloud
    ) -> None:
        token = await ordercloud.token("alice")
        await bound.get("/v1/me/catalogs", token)
        await ordercloud.fail("/v1/me/products", drop=True)
        answer = await bound.get("/v1/me/products", token)
        assert answer.status_code == 502
        assert answer.json()["Errors"][0]["ErrorCode"] == "Gateway.UpstreamUnreachable"

    async def test_head_is_answered_as_get_is(self, bound: Gateway, ordercloud: OrderCloud) -> None:
        headers = {"authorization": f"Bearer {await ordercloud.token('alice')}"}
        answer = await bound.shop.head("/v1/me/products", headers=headers)
        assert (answer.status_code, answer.content) == (200, b"")
        assert personalization(answer)["placement"] == "bound"

    async def test_the_order_of_the_decision_gives_way_to_the_shopper_s_sort(
        self, bound: Gateway, ordercloud: OrderCloud, cdp: Cdp
    ) -> None:
        await cdp.decide("hero", {"productIds": ["p3", "p1", "p2"]})
        token = await ordercloud.token("alice")
        assert ids(await bound.get("/v1/me/products", token)) == ["p3", "p1", "p2"]
        assert ids(await bound.get("/v1/me/products?sortBy=!ID", token)) == ["p3", "p2", "p1"]

    async def test_an_edit_binds_and_unbinds(
        self, gateway: StartGateway, ordercloud: OrderCloud
    ) -> None:
        shop = await gateway({"bound.yaml": _BOUND.replace("route:", "# route:")})
        answer = await shop.get("/v1/me/products", await ordercloud.token("alice"))
        assert "personalization" not in answer.headers


async def test_a_log_in_through_the_gateway_serves_a_placement_and_a_cart(
    gateway: StartGateway, ordercloud: OrderCloud
) -> None:
    shop = await gateway(_LIST)
    form = {"grant_type": "password", "client_id": STOREFRONT, "username": "alice"}
    granted = await shop.shop.post("/oauth/token", data={**form, "password": PASSWORD})
    token = granted.json()["access_token"]
    assert (await shop.get("/placements/a", token)).status_code == 200
    headers = {"authorization": f"Bearer {token}"}
    line = {"ProductID": "p1", "Quantity": 2}
    created = await shop.shop.post("/v1/cart/lineitems", json=line, headers=headers)
    assert created.status_code == 201
    (seen,) = await ordercloud.seen("/v1/cart/lineitems")
    assert json.loads(seen["body"]) == line
