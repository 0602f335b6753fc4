"""What stands in for a list that cannot be had, rung by rung: real sockets, upstreams that fail."""

import httpx2
import pytest

from tests.answers import ids, personalization, until
from tests.conftest import StartGateway
from tests.emulators import Cdp, OrderCloud
from tests.servers import Gateway

_RULES = {
    "hero.yaml": """
placement: hero
resource: me/products
decision: {flow: hero, segment: persona, cache: none}
parents: {gold: vip}
rules:
  - {name: watches, when: {segment: vip}, query: {categoryID: mens-watches}}
  - {name: of-gold, when: {segment: gold}, query: {categoryID: GOLD}}
default: {query: {categoryID: featured}}
curated: [{ID: gift-card}, {ID: p1}, {ID: p2}]
""",
    "bare.yaml": """
placement: bare
resource: me/products
default: {query: {categoryID: new}}
""",
    "wrong.yaml": """
placement: wrong
resource: me/products
default: {query: {categoryID: no-such-category}}
curated: worst.json
""",
    "worst.json": '{"Meta": {}, "Items": [{"ID": "worst"}]}',
}
_PRODUCTS = "/v1/me/products"


def rules(gold: str = "new") -> dict[str, str]:
    return {name: text.replace("GOLD", gold) for name, text in _RULES.items()}


@pytest.fixture
async def shop(gateway: StartGateway) -> Gateway:
    return await gateway(rules(), cache={"page_fresh": "0s", "page_revalidate": "0s"})


def told(answer: httpx2.Response) -> tuple[str, str, str]:
    """Return which rule was followed, why, and on which rung the answer stands."""
    said = personalization(answer)
    return said["rule"], said["reason"], said.get("rung", "meant")


class TestWhileOrderCloudIsOut:
    async def test_the_rules_own_list_stands_in_as_long_as_it_is_kept(
        self, shop: Gateway, ordercloud: OrderCloud, cdp: Cdp
    ) -> None:
        await cdp.decide("hero", {"persona": "vip"})
        token = await ordercloud.token()
        before = await shop.get("/placements/hero", token)
        await ordercloud.fail(_PRODUCTS, status=503)
        after = await shop.get("/placements/hero", token)
        assert told(before) == ("watches", "matched", "meant")
        assert told(after) == ("watches", "matched", "stale")
        assert after.content == before.content

    async def test_then_the_list_of_the_parent_segment(
        self, shop: Gateway, ordercloud: OrderCloud, cdp: Cdp
    ) -> None:
        token = await ordercloud.token()
        await cdp.decide("hero", {"persona": "vip"})
        watches = await shop.get("/placements/hero", token)
        await cdp.decide("hero", {"persona": "gold"})
        await ordercloud.fail(_PRODUCTS, status=503)
        answer = await shop.get("/placements/hero", token)
        assert told(answer) == ("watches", "no-list", "parent")
        assert personalization(answer)["segment"] == "gold"
        assert answer.content == watches.content

    async def test_then_that_of_the_default(
        self, shop: Gateway, ordercloud: OrderCloud, cdp: Cdp
    ) -> None:
        token = await ordercloud.token()
        await cdp.decide("hero", {"persona": "new"})
        featured = await shop.get("/placements/hero", token)
        await cdp.decide("hero", {"persona": "gold"})
        await ordercloud.fail(_PRODUCTS, drop=True)
        answer = await shop.get("/placements/hero", token)
        assert told(answer) == ("default", "no-list", "default")
        assert answer.content == featured.content

    async def test_then_the_curated_list(self, shop: Gateway, ordercloud: OrderCloud) -> None:
        await ordercloud.fail(_PRODUCTS, status=500)
        answer = await shop.get("/placements/hero?pageSize=2&page=2", await ordercloud.token())
        assert (answer.status_code, told(answer)[0], told(answer)[2]) == (200, "curated", "curated")
        assert ids(answer) == ["p2"]
        assert answer.json()["Meta"]["TotalCount"] == 3

    async def test_then_there_is_nothing_left(self, shop: Gateway, ordercloud: OrderCloud) -> None:
        await ordercloud.fail(_PRODUCTS, status=500)
        answer = await shop.get("/placements/bare", await ordercloud.token())
        assert answer.status_code == 500

    async def test_it_is_asked_for_the_first_rung_only(
        self, shop: Gateway, ordercloud: OrderCloud, cdp: Cdp
    ) -> None:
        await cdp.decide("hero", {"persona": "gold"})
        await ordercloud.fail(_PRODUCTS, status=503)
        await shop.get("/placements/hero", await ordercloud.token())
        assert set(await ordercloud.lists()) == {f"{_PRODUCTS}?categoryID=new"}

    async def test_a_shopper_does_not_wait_for_it_where_an_older_list_is_kept(
        self, gateway: StartGateway, ordercloud: OrderCloud
    ) -> None:
        cache = {"page_fresh": "0s", "page_revalidate": "0s"}
        shop = await gateway(rules(), cache=cache, ordercloud={"patience": "50ms"})
        token = await ordercloud.token()
        before = await shop.get("/placements/bare", token)
        await ordercloud.fail(_PRODUCTS, hang=True)
        after = await shop.get("/placements/bare", token)
        assert told(after) == ("default", "no-decision", "stale")
        assert after.content == before.content

    async def test_a_shopper_waits_for_it_where_none_is_kept(
        self, gateway: StartGateway, ordercloud: OrderCloud
    ) -> None:
        shop = await gateway(rules(), ordercloud={"patience": "50ms"})
        await ordercloud.fail(_PRODUCTS, latency_ms=300)
        answer = await shop.get("/placements/bare", await ordercloud.token())
        assert (answer.status_code, told(answer)[2]) == (200, "meant")


class TestWhileOrderCloudRefusesTheList:
    @pytest.fixture
    async def shop(self, gateway: StartGateway) -> Gateway:
        return await gateway(rules(gold="no-such-category"))

    async def test_the_parents_list_stands_in(
        self, shop: Gateway, ordercloud: OrderCloud, cdp: Cdp
    ) -> None:
        await cdp.decide("hero", {"persona": "gold"})
        answer = await shop.get("/placements/hero", await ordercloud.token())
        assert told(answer) == ("watches", "rule-refused", "parent")

    async def test_the_curated_list_stands_in_for_the_default(
        self, shop: Gateway, ordercloud: OrderCloud
    ) -> None:
        answer = await shop.get("/placements/wrong", await ordercloud.token())
        assert told(answer) == ("curated", "rule-refused", "curated")
        assert ids(answer) == ["worst"]

    async def test_nothing_stands_in_for_who_is_refused(
        self, shop: Gateway, ordercloud: OrderCloud
    ) -> None:
        await ordercloud.fail(_PRODUCTS, status=401)
        answer = await shop.get("/placements/hero", await ordercloud.token())
        assert answer.status_code == 401


class TestWhileCdpIsOut:
    async def test_the_last_decision_stands_in(
        self, shop: Gateway, ordercloud: OrderCloud, cdp: Cdp
    ) -> None:
        await cdp.decide("hero", {"persona": "vip"})
        token = await ordercloud.token()
        await shop.get("/placements/hero", token)
        await cdp.fail("/v2/callFlows", status=500)
        answer = await shop.get("/placements/hero", token)
        assert told(answer) == ("watches", "upstream-error", "last-decision")

    async def test_then_the_default_is_shown(
        self, shop: Gateway, ordercloud: OrderCloud, cdp: Cdp
    ) -> None:
        await cdp.fail("/v2/callFlows", drop=True)
        answer = await shop.get("/placements/hero", await ordercloud.token())
        assert told(answer) == ("default", "unreachable", "default")


class TestWhileNobodyCanBeVerified:
    async def test_everybody_sees_the_curated_list(
        self, gateway: StartGateway, ordercloud: OrderCloud, unreachable: str
    ) -> None:
        away = {"url": unreachable, "audiences": [ordercloud.url]}
        shop = await gateway(rules(), ordercloud=away, cdp={"url": unreachable})
        answer = await shop.get("/placements/hero", await ordercloud.token())
        assert told(answer) == ("curated", "unverified", "curated")
        assert ids(answer) == ["gift-card", "p1", "p2"]

    async def test_but_for_who_comes_with_a_token_that_cannot_be_good(
        self, gateway: StartGateway, ordercloud: OrderCloud, unreachable: str
    ) -> None:
        shop = await gateway(rules(), ordercloud={"url": unreachable})
        for token in (None, "junk", await ordercloud.token()):
            assert (await shop.get("/placements/hero", token)).status_code == 401

    async def test_without_one_there_is_nothing_to_show(
        self, gateway: StartGateway, ordercloud: OrderCloud, unreachable: str
    ) -> None:
        away = {"url": unreachable, "audiences": [ordercloud.url]}
        shop = await gateway(rules(), ordercloud=away)
        answer = await shop.get("/placements/bare", await ordercloud.token())
        assert answer.status_code == 502


async def test_what_stands_in_is_counted(shop: Gateway, ordercloud: OrderCloud) -> None:
    await ordercloud.fail(_PRODUCTS, status=500)
    await shop.get("/placements/hero", await ordercloud.token())
    counted = (await shop.operate("/metrics")).text
    assert 'decision_proxy_rungs_total{placement="hero",rung="curated"} 1.0' in counted


async def test_things_come_right_by_themselves(
    shop: Gateway, ordercloud: OrderCloud, cdp: Cdp
) -> None:
    await cdp.decide("hero", {"persona": "vip"})
    await ordercloud.fail(_PRODUCTS, status=500)
    token = await ordercloud.token()
    await shop.get("/placements/hero", token)
    await ordercloud.recover()
    answer = await until(
        lambda: shop.get("/placements/hero", token), lambda one: told(one)[2] == "meant"
    )
    assert told(answer) == ("watches", "matched", "meant")
