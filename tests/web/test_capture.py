"""What shoppers do through the gateway, as CDP hears of it."""

import gzip
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import brotli  # type: ignore[import-untyped]  # it has no stubs
import httpx2
import pytest
import zstandard
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from proxy.web import capture
from tests.answers import until
from tests.conftest import StartGateway
from tests.emulators import PASSWORD, STOREFRONT, Cdp, OrderCloud
from tests.redis import running_redis
from tests.servers import Gateway, Servers

_RULES = {"fixed.yaml": "placement: fixed\nresource: me/products\ndefault: {query: {}}"}
_JSON = dict[str, Any]
_CODINGS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "br": brotli.compress,
    "zstd": zstandard.compress,
}


class Shop:
    """A browser at a gateway, and what CDP hears of it."""

    def __init__(self, gateway: Gateway, cdp: Cdp, browser_id: str) -> None:
        self.gateway = gateway
        self.browser_id = browser_id
        self.headers = {"x-browser-id": browser_id}
        self._cdp = cdp

    async def log_in(self, user: str) -> None:
        """Log in by password, as the SDK does."""
        form = {"grant_type": "password", "client_id": STOREFRONT, "username": user}
        await self.use(await self._token({**form, "password": PASSWORD}))

    async def refresh(self, form: dict[str, str]) -> None:
        """Get another token, as the SDK does."""
        await self.use(await self._token(form))

    async def begin(self) -> None:
        """Begin as an anonymous shopper."""
        form = {"grant_type": "client_credentials", "client_id": STOREFRONT}
        await self.use(await self._token(form))

    async def _token(self, form: dict[str, str]) -> str:
        answer = await self.gateway.shop.post("/oauth/token", data=form, headers=self.headers)
        token: str = answer.raise_for_status().json()["access_token"]
        return token

    async def use(self, token: str) -> None:
        """Go on with *token*."""
        self.headers["authorization"] = f"Bearer {token}"

    async def call(self, method: str, path: str, body: object = None) -> _JSON:
        """Call OrderCloud through the gateway."""
        answer = await self.gateway.shop.request(
            method, f"/v1/{path}", json=body, headers=self.headers
        )
        answer.raise_for_status()
        return answer.json() if answer.content else {}

    async def add(self, product: str, quantity: int = 1) -> _JSON:
        """Put a product into the cart."""
        line = {"ProductID": product, "Quantity": quantity}
        return await self.call("POST", "cart/lineitems", line)

    async def told(self, count: int) -> list[_JSON]:
        """Return what CDP has heard, once it is at least *count* messages."""

        async def ask() -> list[_JSON]:
            events = (await self._cdp.http.get("/_sandbox/events")).json()
            return [event["message"] for event in events]

        return await until(ask, lambda messages: len(messages) >= count)

    async def types(self, count: int) -> list[str]:
        """Return the types of what CDP has heard."""
        return [message["type"] for message in await self.told(count)]


StartShop = Callable[..., Awaitable[Shop]]


@pytest.fixture
def start(gateway: StartGateway, cdp: Cdp, tmp_path: Path) -> StartShop:
    async def start(**sections: Any) -> Shop:
        events = {"outbox": tmp_path / "outbox.db", "product_type": "Product.xp.tags[0]"}
        running = await gateway(_RULES, **{"events": events, "server": {"drain": "1s"}, **sections})
        created = await cdp.http.get(
            "/v1.2/browser/create.json", params={"client_key": "sandbox", "message": "{}"}
        )
        return Shop(running, cdp, created.json()["ref"])

    return start


@pytest.fixture
async def shop(start: StartShop) -> Shop:
    return await start()


async def test_the_whole_way_from_login_to_order_is_told_in_order(shop: Shop, cdp: Cdp) -> None:
    await shop.log_in("alice")
    await shop.call("GET", "me/products?search=watch&pageSize=5")
    line = await shop.add("watch-1", 2)
    await shop.call("PATCH", f"cart/lineitems/{line['ID']}", {"Quantity": 3})
    order = await shop.call("POST", "cart/submit")
    identity, search, added, changed, ordered = await shop.told(5)
    assert identity["identifiers"] == [{"provider": "ordercloud", "id": "acme-alice"}]
    assert search["product_name"] == "watch"
    product = added["product"]
    assert product["type"] == line["Product"]["xp"]["tags"][0].upper()
    assert product["name"] == line["Product"]["Name"]
    assert (product["item_id"], product["quantity"]) == ("watch-1", 2)
    assert product["price"] == line["UnitPrice"]
    assert changed["product"] == {**product, "quantity": 3}
    (item,) = ordered["order"]["orderItems"]
    assert ordered["type"] == "ORDER_CHECKOUT"
    assert ordered["order"]["referenceId"] == order["ID"]
    assert ordered["order"]["price"] == order["Total"]
    assert (item["productId"], item["quantity"], item["name"]) == ("watch-1", 3, product["name"])
    guest = (await cdp.http.get("/_sandbox/guests/acme-alice")).json()
    assert [one["referenceId"] for one in guest["orders"]][:1] == [order["ID"]]


async def test_an_order_of_who_has_not_logged_in_is_that_of_the_cart(shop: Shop) -> None:
    await shop.begin()
    await shop.add("watch-1")
    order = await shop.call("POST", "cart/submit")
    added, identity, ordered = await shop.told(3)
    assert (added["type"], identity["type"]) == ("ADD", "IDENTITY")
    assert identity["identifiers"] == [{"provider": "ordercloud", "id": f"anon-{order['ID']}"}]
    assert ordered["order"]["referenceId"] == order["ID"]


async def test_calls_on_an_order_are_as_those_on_the_cart(shop: Shop) -> None:
    await shop.log_in("alice")
    order = await shop.call("POST", "orders/Outgoing", {})
    path = f"orders/Outgoing/{order['ID']}"
    await shop.call("POST", f"{path}/lineitems", {"ProductID": "watch-1", "Quantity": 1})
    await shop.call("POST", f"{path}/submit")
    assert await shop.types(3) == ["IDENTITY", "ADD", "ORDER_CHECKOUT"]


async def test_only_the_last_item_taken_out_clears_the_cart(
    shop: Shop, ordercloud: OrderCloud
) -> None:
    async def looks() -> int:
        seen = await ordercloud.seen("/v1/cart/lineitems")
        return sum(request["method"] == "GET" for request in seen)

    await shop.log_in("alice")
    first, second = await shop.add("watch-1"), await shop.add("watch-2")
    await shop.call("DELETE", f"cart/lineitems/{first['ID']}")
    assert await until(looks, bool) == 1
    await shop.call("GET", "me/products?search=between")
    await shop.call("DELETE", f"cart/lineitems/{second['ID']}")
    assert await until(looks, lambda count: count > 1) == 2
    await shop.add("watch-3")
    await shop.call("DELETE", "cart")
    told = ["IDENTITY", "ADD", "ADD", "SEARCH", "CLEAR_CART", "ADD", "CLEAR_CART"]
    assert await shop.types(len(told)) == told


async def test_a_shopper_who_registers_is_told_of_by_the_new_name(shop: Shop) -> None:
    await shop.begin()
    await shop.add("watch-1")
    token = shop.headers["authorization"].removeprefix("Bearer ")
    dora = {"ID": "dora", "Username": "dora", "Password": PASSWORD, "Active": True}
    names = {"FirstName": "Dora", "LastName": "Doe", "Email": "dora@example.com"}
    registered = await shop.call("PUT", f"me/register?anonUserToken={token}", {**dora, **names})
    assert "access_token" in registered
    added, identity = await shop.told(2)
    assert added["type"] == "ADD"
    assert identity["identifiers"] == [{"provider": "ordercloud", "id": "acme-dora"}]


async def test_another_user_s_login_is_told_the_same_one_s_is_not(shop: Shop) -> None:
    for user in ("alice", "alice", "bob"):
        await shop.log_in(user)
    assert [one["identifiers"][0]["id"] for one in await shop.told(2)] == ["acme-alice", "acme-bob"]


async def test_a_refresh_that_gives_another_user_is_told(
    shop: Shop, ordercloud: OrderCloud
) -> None:
    grants = {}
    for user in ("alice", "bob"):
        form = {"grant_type": "password", "client_id": STOREFRONT, "username": user}
        answer = await ordercloud.http.post("/oauth/token", data={**form, "password": PASSWORD})
        grants[user] = answer.json()["refresh_token"]
    for user in ("alice", "alice", "bob"):
        form = {"grant_type": "refresh_token", "client_id": STOREFRONT}
        await shop.refresh({**form, "refresh_token": grants[user]})
    assert [one["identifiers"][0]["id"] for one in await shop.told(2)] == ["acme-alice", "acme-bob"]


async def test_what_ordercloud_refused_was_not_done(shop: Shop) -> None:
    await shop.log_in("alice")
    with pytest.raises(httpx2.HTTPStatusError):
        await shop.add("no-such-product")
    await shop.add("watch-1")
    assert await shop.types(2) == ["IDENTITY", "ADD"]


async def test_a_shopper_without_browser_id_is_told_nothing_of(shop: Shop) -> None:
    browser_id = shop.headers.pop("x-browser-id")
    await shop.log_in("alice")
    await shop.add("watch-1")
    shop.headers["x-browser-id"] = browser_id
    await shop.add("watch-2")
    products = [one["product"]["item_id"] for one in (await shop.told(2))[1:]]
    assert products == ["watch-2"]


async def test_without_consent_nothing_is_told(start: StartShop) -> None:
    shop = await start(consent={"header": "X-Consent"})
    await shop.log_in("alice")
    await shop.add("watch-1")
    shop.headers["x-consent"] = "yes"
    await shop.add("watch-2")
    assert [one.get("product", {}).get("item_id") for one in await shop.told(2)] == [
        None,
        "watch-2",
    ]


async def test_prices_are_told_in_the_shopper_s_own_currency(
    shop: Shop, ordercloud: OrderCloud
) -> None:
    me = (await ordercloud.http.get("/v1/me", headers=await _of(ordercloud, "alice"))).json()
    await ordercloud.fail(
        "/v1/me",
        status=200,
        body=json.dumps({**me, "Locale": {"Language": "de-CH", "Currency": "CHF"}}),
    )
    await shop.log_in("alice")
    await shop.add("watch-1")
    added = (await shop.told(2))[1]
    assert (added["language"], added["currency"], added["product"]["currency"]) == (
        *("DE", "CHF"),
        "CHF",
    )


async def test_ordercloud_is_asked_once_who_a_shopper_is_whatever_the_shopper_does(
    shop: Shop, ordercloud: OrderCloud
) -> None:
    await shop.log_in("alice")
    for _ in range(3):
        await shop.add("watch-1")
    await shop.told(4)
    assert len(await ordercloud.seen("/v1/me")) == 1


async def _of(ordercloud: OrderCloud, user: str) -> dict[str, str]:
    return {"authorization": f"Bearer {await ordercloud.token(user)}"}


async def test_what_an_answer_does_not_say_of_its_product_is_looked_up_once(
    shop: Shop, ordercloud: OrderCloud
) -> None:
    await shop.log_in("alice")
    line = await shop.add("watch-1", 2)
    bare = {"ID": "l-1", "ProductID": "watch-1", "Quantity": 2, "Product": None}
    await ordercloud.fail("/v1/cart/lineitems", status=201, body=json.dumps(bare))
    for _ in range(2):
        await shop.add("watch-1", 2)
    _, whole, first, second = await shop.told(4)
    assert first["product"] | {"referenceId": line["ID"]} == whole["product"] | {
        "orderedAt": first["product"]["orderedAt"]
    }
    assert second["product"]["name"] == whole["product"]["name"]
    assert len(await ordercloud.seen("/v1/me/products/watch-1")) == 1


async def test_an_order_that_cannot_be_looked_into_is_counted_as_lost(
    shop: Shop, ordercloud: OrderCloud
) -> None:
    await shop.log_in("alice")
    await shop.add("watch-1")
    await shop.told(2)
    await ordercloud.fail("/v1/orders/outgoing", status=400)
    await shop.call("POST", "cart/submit")

    async def ask() -> str:
        return (await shop.gateway.operate("/metrics")).text

    lost = 'decision_proxy_events_lost_total{reason="ordercloud-refused"} 1.0'
    await until(ask, lambda text: lost in text)


async def test_an_order_that_cannot_be_looked_into_for_a_moment_is_told_later(
    shop: Shop, ordercloud: OrderCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(capture, "_PAUSES_S", (0.01,) * 5)
    await shop.log_in("alice")
    await shop.add("watch-1")
    await shop.told(2)
    await ordercloud.fail("/v1/orders/outgoing", status=500, times=2)
    await shop.call("POST", "cart/submit")
    assert await shop.types(3) == ["IDENTITY", "ADD", "ORDER_CHECKOUT"]


async def test_what_happens_while_redis_is_away_for_a_moment_is_told_all_the_same(
    start: StartShop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(capture, "_PAUSES_S", (0.1,) * 100)
    async with running_redis(tmp_path, "--appendonly", "yes", "--appendfsync", "always") as server:
        shop = await start(events={"outbox": "redis"}, redis=server.section)
        await shop.log_in("alice")
        await shop.told(1)
        await server.kill()
        await shop.add("watch-1")
        await server.start()
        assert await shop.types(2) == ["IDENTITY", "ADD"]


class TestCodings:
    """Answers as OrderCloud may encode them."""

    @pytest.fixture(params=_CODINGS)
    async def encoded(
        self,
        request: pytest.FixtureRequest,
        servers: Servers,
        ordercloud: OrderCloud,
        start: StartShop,
    ) -> Shop:
        """Stand between: answers the one call for a line item, compressed; the rest is real."""
        line = {"ID": "l-1", "ProductID": "p-1", "Quantity": 1, "UnitPrice": 5}

        async def answer(_: Request) -> Response:
            body = _CODINGS[request.param](json.dumps(line).encode())
            headers = {"content-encoding": request.param, "content-type": "application/json"}
            return Response(body, 201, headers)

        async def pass_on(asked: Request) -> Response:
            headers = {"authorization": asked.headers.get("authorization", "")}
            passed = await ordercloud.http.get(asked.url.path, headers=headers)
            return Response(passed.content, passed.status_code, media_type="application/json")

        app = Starlette(
            routes=[
                Route("/v1/cart/lineitems", answer, methods=["POST"]),
                Route("/{path:path}", pass_on),
            ]
        )
        url = await servers.serve(app)
        settings = {
            "url": url,
            "auth_url": ordercloud.url,
            "clients": [STOREFRONT],
            "audiences": [ordercloud.url],
        }
        return await start(ordercloud=settings)

    async def test_a_compressed_answer_is_read(self, encoded: Shop, ordercloud: OrderCloud) -> None:
        await encoded.use(await ordercloud.token("alice"))
        line = {"ProductID": "p-1", "Quantity": 1}
        shop = encoded.gateway.shop
        await shop.post("/v1/cart/lineitems", json=line, headers=encoded.headers)
        assert (await encoded.told(2))[1]["product"]["productId"] == "p-1"
