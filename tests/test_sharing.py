"""Who shares what with whom: pages, decisions and flights, over real sockets."""

import asyncio
import time
from collections.abc import Callable

import httpx2
import pytest

from tests.answers import caches, ids, personalization, until
from tests.conftest import StartGateway
from tests.emulators import Cdp, OrderCloud
from tests.issuer import Issuer
from tests.servers import Gateway, Servers

_RULES = {
    "hero.yaml": """
placement: hero
resource: me/products
decision: {flow: hero, segment: persona}
rules:
  - {name: watches, when: {segment: vip}, query: {categoryID: mens-watches}}
  - {name: of-the-model, when: {has: products}, page: {from: products}}
default: {query: {categoryID: featured}}
""",
    "offers.yaml": "placement: offers\nresource: me/promotions\ndefault: {query: {}}",
    "list.yaml": "placement: list\nresource: me/products\ndefault: {query: {pageSize: 5}}",
}


@pytest.fixture
async def shop(gateway: StartGateway) -> Gateway:
    return await gateway(_RULES)


class TestWhoSeesWhosePages:
    async def test_anonymous_shoppers_of_one_client_share_products(
        self, shop: Gateway, ordercloud: OrderCloud
    ) -> None:
        first = await shop.get("/placements/list", await ordercloud.token())
        second = await shop.get("/placements/list", await ordercloud.token())
        assert (caches(first), caches(second)) == ({"page": "fwd=miss"}, {"page": "hit"})
        assert second.content == first.content
        assert len(await ordercloud.lists()) == 1

    async def test_nobody_shares_promotions(self, shop: Gateway, ordercloud: OrderCloud) -> None:
        for _ in range(2):
            answer = await shop.get("/placements/offers", await ordercloud.token())
            assert caches(answer) == {"page": "fwd=miss"}
        assert len(await ordercloud.lists()) == 2

    async def test_users_never_share_however_alike_they_are(
        self, shop: Gateway, ordercloud: OrderCloud
    ) -> None:
        prices = set()
        for user in ("alice", "bob", "carol", None):
            answer = await shop.get("/placements/list", await ordercloud.token(user))
            assert caches(answer) == {"page": "fwd=miss"}
            prices.add(answer.json()["Items"][0]["PriceSchedule"]["ID"])
        assert len(await ordercloud.lists()) == 4
        assert len(prices) >= 3

    async def test_a_user_finds_their_own_page_again_with_a_new_token(
        self, shop: Gateway, ordercloud: OrderCloud
    ) -> None:
        await shop.get("/placements/list", await ordercloud.token("alice"))
        again = await shop.get("/placements/list", await ordercloud.token("alice"))
        assert caches(again) == {"page": "hit"}

    async def test_a_token_with_other_roles_shares_with_nobody(
        self, shop: Gateway, ordercloud: OrderCloud
    ) -> None:
        await shop.get("/placements/list", await ordercloud.token())
        answer = await shop.get("/placements/list", await ordercloud.token_with("Shopper"))
        assert caches(answer) == {"page": "fwd=miss"}

    async def test_anonymous_shoppers_of_another_client_share_with_their_own_only(
        self, gateway: StartGateway, servers: Servers
    ) -> None:
        issuer = Issuer(now=time.time())
        issuer.audience = await servers.serve(issuer.app())
        clients = ["one-client", "other-client"]
        shop = await gateway(_RULES, ordercloud={"url": issuer.audience, "clients": clients})
        for cart in ("cart-1", "cart-2"):
            for client in clients:
                token = issuer.token(usr="template", cid=client, orderid=cart)
                assert (await shop.get("/placements/list", token)).status_code == 200
        assert issuer.asked.count("/v1/me/products") == 2

    async def test_decisions_are_the_guests_own_though_pages_are_shared(
        self, shop: Gateway, ordercloud: OrderCloud, cdp: Cdp
    ) -> None:
        for _ in range(3):
            await shop.get("/placements/hero", await ordercloud.token())
        assert len(await cdp.calls()) == 3
        assert len(await ordercloud.lists()) == 1

    async def test_whoever_borrows_a_browser_id_gets_no_decision_of_its_owner(
        self, shop: Gateway, ordercloud: OrderCloud, cdp: Cdp
    ) -> None:
        headers = {"x-browser-id": "a38b230c-11eb-4cf9-8d5d-274e9f344925"}
        for user in ("alice", "bob"):
            answer = await shop.get("/placements/hero", await ordercloud.token(user), headers)
            assert caches(answer)["decision"] == "fwd=miss"
        assert len(await cdp.calls()) == 2

    async def test_an_embedded_page_is_the_shoppers_own(
        self, shop: Gateway, ordercloud: OrderCloud, cdp: Cdp
    ) -> None:
        await cdp.decide("hero", {"products": {"Meta": {}, "Items": [{"ID": "for-alice"}]}})
        alice = await shop.get("/placements/hero", await ordercloud.token("alice"))
        await cdp.decide("hero", {"products": {"Meta": {}, "Items": [{"ID": "for-bob"}]}})
        bob = await shop.get("/placements/hero", await ordercloud.token("bob"))
        assert (ids(alice), ids(bob)) == (["for-alice"], ["for-bob"])


class TestSharingIsAudited:
    @pytest.fixture
    async def issuer(self, servers: Servers) -> Issuer:
        issuer = Issuer(now=time.time())
        issuer.audience = await servers.serve(issuer.app())
        return issuer

    @pytest.fixture
    async def shop(self, gateway: StartGateway, issuer: Issuer) -> Gateway:
        return await gateway(_RULES, ordercloud={"url": issuer.audience}, cache={"audit": 1})

    async def test_a_shared_page_that_is_the_same_for_all_is_shared_on(
        self, shop: Gateway, issuer: Issuer
    ) -> None:
        for cart in ("cart-1", "cart-2"):
            await shop.get("/placements/list", issuer.token(orderid=cart))
        await until(lambda: shop.operate("/metrics"), _tells(_audits("same")))
        answer = await shop.get("/placements/list", issuer.token(orderid="cart-3"))
        assert caches(answer) == {"page": "hit"}

    async def test_the_first_that_is_not_ends_sharing_and_raises_the_alarm(
        self, shop: Gateway, issuer: Issuer, caplog: pytest.LogCaptureFixture
    ) -> None:
        issuer.listed = lambda claims: str(claims["orderid"])
        for cart in ("cart-1", "cart-2"):
            await shop.get("/placements/list", issuer.token(orderid=cart))
        metrics = await until(lambda: shop.operate("/metrics"), _tells(_audits("leak")))
        assert 'decision_proxy_sharing_off{placement="list"} 1.0' in metrics.text
        ready = (await shop.operate("/readyz")).json()
        assert ready["parts"]["sharing"] == {"ready": True, "off": ["list"]}
        assert "a shared page was not the same for all; sharing is off" in caplog.messages
        for cart in ("cart-1", "cart-2", "cart-3"):
            answer = await shop.get("/placements/list", issuer.token(orderid=cart))
            assert ids(answer) == [cart]
            assert caches(answer) == {"page": "fwd=miss"}

    async def test_a_list_that_has_changed_for_all_is_no_leak(
        self, shop: Gateway, issuer: Issuer
    ) -> None:
        await shop.get("/placements/list", issuer.token(orderid="cart-1"))
        issuer.listed = lambda _: "new"
        await shop.get("/placements/list", issuer.token(orderid="cart-2"))
        await until(lambda: shop.operate("/metrics"), _tells(_audits("changed")))
        answer = await until(
            lambda: shop.get("/placements/list", issuer.token(orderid="cart-3")),
            lambda answer: ids(answer) == ["new"],
        )
        assert caches(answer) == {"page": "hit"}


class TestManyAtOnce:
    async def test_one_shoppers_burst_makes_one_call_to_each_upstream(
        self, shop: Gateway, ordercloud: OrderCloud, cdp: Cdp
    ) -> None:
        await cdp.decide("hero", {"persona": "vip"})
        await cdp.fail("/v2/callFlows", latency_ms=100)
        await ordercloud.fail("/v1/me/products", latency_ms=100)
        token = await ordercloud.token("alice")
        answers = await asyncio.gather(*(shop.get("/placements/hero", token) for _ in range(50)))
        assert {answer.status_code for answer in answers} == {200}
        assert {personalization(answer)["rule"] for answer in answers} == {"watches"}
        assert len(await cdp.calls()) == 1
        assert await ordercloud.lists() == ["/v1/me/products?categoryID=mens-watches"]

    async def test_a_crowd_of_anonymous_shoppers_makes_one_list_call(
        self, shop: Gateway, ordercloud: OrderCloud
    ) -> None:
        await ordercloud.fail("/v1/me/products", latency_ms=100)
        tokens = [await ordercloud.token() for _ in range(10)]
        answers = await asyncio.gather(*(shop.get("/placements/list", one) for one in tokens))
        assert {answer.status_code for answer in answers} == {200}
        assert len(await ordercloud.lists()) == 1

    async def test_who_disconnects_fails_no_other(
        self, gateway: StartGateway, servers: Servers
    ) -> None:
        issuer = Issuer(now=time.time())
        issuer.audience = await servers.serve(issuer.app())
        shop = await gateway(_RULES, ordercloud={"url": issuer.audience})
        issuer.gate.clear()
        async with asyncio.TaskGroup() as group:
            asking = [
                group.create_task(shop.get("/placements/list", issuer.token())) for _ in range(10)
            ]
            await until(_nothing, lambda _: "/v1/me/products" in issuer.asked)
            for leaver in asking[:5]:
                leaver.cancel()
            issuer.gate.set()
        assert [one.result().status_code for one in asking[5:]] == [200] * 5
        assert issuer.asked.count("/v1/me/products") == 1

    async def test_who_is_refused_fails_no_other(
        self, gateway: StartGateway, servers: Servers
    ) -> None:
        issuer = Issuer(now=time.time())
        issuer.audience = await servers.serve(issuer.app())
        shop = await gateway(_RULES, ordercloud={"url": issuer.audience})
        tokens = [issuer.token(orderid=f"cart-{n}") for n in range(6)]
        issuer.revoked.update(tokens[:3])
        issuer.gate.clear()
        async with asyncio.TaskGroup() as group:
            asking = [group.create_task(shop.get("/placements/list", one)) for one in tokens]
            await until(_nothing, lambda _: "/v1/me/products" in issuer.asked)
            issuer.gate.set()
        assert [one.result().status_code for one in asking[3:]] == [200] * 3

    async def test_more_fetches_than_may_be_at_once_are_shed(
        self, gateway: StartGateway, servers: Servers
    ) -> None:
        issuer = Issuer(now=time.time())
        issuer.audience = await servers.serve(issuer.app())
        one_fetch = {"fetches": 1}
        shop = await gateway(_RULES, ordercloud={"url": issuer.audience}, cache=one_fetch)
        issuer.gate.clear()
        async with asyncio.TaskGroup() as group:
            first = group.create_task(shop.get("/placements/list", issuer.token(usr="alice")))
            await until(_nothing, lambda _: "/v1/me/products" in issuer.asked)
            shed = await shop.get("/placements/list", issuer.token(usr="bob"))
            issuer.gate.set()
        assert (shed.status_code, shed.headers["retry-after"]) == (503, "2")
        assert shed.json()["type"] == "urn:decision-proxy:upstream-busy"
        assert first.result().status_code == 200


class TestWhatThereIsNot:
    async def test_a_query_that_is_refused_is_asked_for_once_by_all_of_a_scope(
        self, shop: Gateway, ordercloud: OrderCloud
    ) -> None:
        await ordercloud.fail("/v1/me/products", status=404)
        for _ in range(3):
            answer = await shop.get("/placements/list", await ordercloud.token())
            assert answer.status_code == 404
        assert len(await ordercloud.lists()) == 1

    async def test_a_refused_token_refuses_no_other(
        self, gateway: StartGateway, servers: Servers
    ) -> None:
        issuer = Issuer(now=time.time())
        issuer.audience = await servers.serve(issuer.app())
        shop = await gateway(_RULES, ordercloud={"url": issuer.audience})
        bad, good = issuer.token(orderid="cart-1"), issuer.token(orderid="cart-2")
        issuer.revoked.add(bad)
        for _ in range(3):
            assert (await shop.get("/placements/list", bad)).status_code == 401
        assert issuer.asked.count("/v1/me/products") == 1
        assert (await shop.get("/placements/list", good)).status_code == 200


def _audits(outcome: str) -> str:
    return f'decision_proxy_audits_total{{outcome="{outcome}",placement="list"}} 1.0'


def _tells(line: str) -> Callable[[httpx2.Response], bool]:
    return lambda answer: line in answer.text


async def _nothing() -> None:
    """Let time pass."""
