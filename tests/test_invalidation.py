"""From a write in OrderCloud, or a shopper's deed, to what is shown next: over real sockets."""

import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from proxy.core.hooks import webhook
from tests.answers import caches, personalization, until
from tests.conftest import StartGateway
from tests.emulators import STOREFRONT, Cdp, OrderCloud
from tests.servers import Gateway

_KEY = "hash-key-of-the-tests"
_RULES = {
    "list.yaml": """
placement: list
resource: me/products
default: {query: {sortBy: [ID], pageSize: 5}}
""",
    "watches.yaml": """
placement: watches
resource: me/products
default: {query: {categoryID: mens-watches, sortBy: [ID]}}
""",
    "offers.yaml": "placement: offers\nresource: me/promotions\ndefault: {query: {}}",
    "members.yaml": """
placement: members
resource: me/products
rules: [{name: members, when: {group: wholesale}, query: {pageSize: 2}}]
default: {query: {pageSize: 3}}
""",
    "test.yaml": """
placement: test
resource: me/products
rules:
  - name: test
    when: {anonymous: false}
    experiment: {split: {a: 50, b: 50}}
    variants: {a: {query: {pageSize: 2}}, b: {query: {pageSize: 1}}}
default: {query: {pageSize: 3}}
""",
    "hero.yaml": """
placement: hero
resource: me/products
decision: {flow: hero, segment: persona, cache: 1h}
default: {query: {sortBy: [ID], pageSize: 5}}
""",
}


class Shop:
    """A gateway that OrderCloud tells of every write, and what a shopper sees at it."""

    def __init__(self, gateway: Gateway, ordercloud: OrderCloud, token: str) -> None:
        self.gateway = gateway
        self.token = token
        self._ordercloud = ordercloud

    async def write(self, call: str, body: object = None) -> None:
        """Write as an administrator; return once the gateway has been told."""
        before = await self.purged("webhook")
        verb, path = call.split()
        await self._ordercloud.administer(verb, path, body)
        await until(lambda: self.purged("webhook"), lambda count: count > before)

    async def purged(self, by: str) -> float:
        """Return how many tags were purged by somebody."""
        metrics = (await self.gateway.operate("/metrics")).text.splitlines()
        wanted = f'decision_proxy_purges_total{{by="{by}"'
        return sum(float(line.split()[-1]) for line in metrics if line.startswith(wanted))

    async def items(self, placement: str) -> list[dict[str, Any]]:
        answer = await self.gateway.get(f"/placements/{placement}", self.token)
        shown: list[dict[str, Any]] = answer.json()["Items"]
        return shown

    async def cached(self, placement: str) -> Mapping[str, str]:
        return caches(await self.gateway.get(f"/placements/{placement}", self.token))

    async def decided(self, headers: Mapping[str, str]) -> str:
        """Return whether what is decided at a browser was cached."""
        answer = await self.gateway.get("/placements/hero", self.token, headers)
        return caches(answer)["decision"]

    async def rule(self, placement: str) -> str:
        answer = await self.gateway.get(f"/placements/{placement}", self.token)
        return personalization(answer)["rule"]


Open = Callable[..., Awaitable[Shop]]


@pytest.fixture
def open_shop(gateway: StartGateway, ordercloud: OrderCloud) -> Open:
    async def open_shop(user: str | None = None, **sections: Mapping[str, Any]) -> Shop:
        events = {"webhook_key": _KEY, **sections.pop("events", {})}
        running = await gateway(_RULES, events=events, **sections)
        url, clients = str(running.shop.base_url), ["admin-client", STOREFRONT]
        hook = webhook(url, hash_key=_KEY, clients=clients)
        await ordercloud.administer("POST", "webhooks", hook)
        return Shop(running, ordercloud, await ordercloud.token(user))

    return open_shop


class TestWrites:
    async def test_a_changed_product_is_shown_changed(self, open_shop: Open) -> None:
        shop = await open_shop()
        [first, *_] = await shop.items("list")
        await shop.items("offers")
        await shop.write(f"PATCH products/{first['ID']}", {"Name": "New name"})
        assert (await shop.items("list"))[0]["Name"] == "New name"
        assert await shop.cached("offers") == {"page": "hit"}

    async def test_a_product_that_is_gone_is_not_shown_again(self, open_shop: Open) -> None:
        shop = await open_shop()
        [first, *_] = await shop.items("list")
        await shop.write(f"PATCH products/{first['ID']}", {"Active": False})
        assert first["ID"] not in [item["ID"] for item in await shop.items("list")]

    async def test_a_price_is_shown_at_once(self, open_shop: Open) -> None:
        shop = await open_shop()
        schedule = (await shop.items("list"))[0]["PriceSchedule"]["ID"]
        breaks = {"PriceBreaks": [{"Quantity": 1, "Price": 4321}]}
        await shop.write(f"PATCH priceschedules/{schedule}", breaks)
        shown = (await shop.items("list"))[0]["PriceSchedule"]["PriceBreaks"]
        assert shown[0]["Price"] == 4321

    async def test_what_enters_a_category_is_in_its_list(self, open_shop: Open) -> None:
        shop = await open_shop()
        watches = [item["ID"] for item in await shop.items("watches")]
        [other, *_] = [one["ID"] for one in await shop.items("list") if one["ID"] not in watches]
        await shop.write(
            "POST catalogs/demo-catalog/categories/productassignments",
            {"CategoryID": "mens-watches", "ProductID": other},
        )
        assert await shop.cached("watches") == {"page": "fwd=miss"}

    async def test_a_new_product_is_in_lists_that_are_fetched_behind(self, open_shop: Open) -> None:
        shop = await open_shop(cache={"index_lag": "50ms"})
        before = await shop.items("list")
        await shop.write("POST products", {"ID": "a-new-one", "Name": "New", "Active": True})
        assert await shop.items("list") == before
        held = {"CatalogID": "demo-catalog", "ProductID": "a-new-one"}
        await shop.write("POST catalogs/productassignments", held)
        await shop.write("POST products/assignments", {"ProductID": "a-new-one", "BuyerID": "acme"})
        shown = await until(lambda: shop.items("list"), lambda shown: shown != before)
        assert shown[0]["ID"] == "a-new-one"

    async def test_a_promotion_concerns_promotions_only(self, open_shop: Open) -> None:
        shop = await open_shop()
        [first, *_] = await shop.items("offers")
        await shop.items("list")
        await shop.write(f"PATCH promotions/{first['ID']}", {"Name": "Now or never"})
        shown = {item["ID"]: item["Name"] for item in await shop.items("offers")}
        assert shown[first["ID"]] == "Now or never"
        assert await shop.cached("list") == {"page": "hit"}

    async def test_who_joins_or_leaves_a_group_is_known_for_it_at_once(
        self, open_shop: Open, ordercloud: OrderCloud
    ) -> None:
        shop = await open_shop()
        shop.token = await ordercloud.join("dora", group="wholesale")
        for call, group in (
            ("DELETE buyers/acme/usergroups/wholesale/assignments/dora", None),
            ("POST buyers/acme/usergroups/assignments", "wholesale"),
        ):
            assert await shop.rule("members") == ("default" if group else "members")
            await shop.write(call, {"UserGroupID": group, "UserID": "dora"} if group else None)
        assert await shop.rule("members") == "members"


class TestLag:
    async def test_what_was_fetched_too_early_is_fetched_again(
        self, open_shop: Open, ordercloud: OrderCloud
    ) -> None:
        shop = await open_shop(cache={"index_lag": "300ms"})
        [first, *_] = await shop.items("list")
        now = time.time()
        await ordercloud.http.put("/_sandbox/clock", json={"now": now})
        await ordercloud.http.put("/_sandbox/options", json={"index_lag_s": 30})
        await shop.write(f"PATCH products/{first['ID']}", {"Name": "New name"})
        assert (await shop.items("list"))[0]["Name"] == first["Name"], "the index is behind"
        await ordercloud.http.put("/_sandbox/clock", json={"now": now + 60})
        shown = await until(lambda: shop.items("list"), lambda shown: shown[0] != first)
        assert shown[0]["Name"] == "New name"
        assert await shop.purged("repeat") == 2


class TestGuests:
    @pytest.fixture
    async def shop(self, open_shop: Open, tmp_path: Path) -> Shop:
        return await open_shop("alice", events={"outbox": tmp_path / "outbox.db"})

    @pytest.fixture
    async def at_browser(self, cdp: Cdp) -> dict[str, str]:
        """Return the headers of a browser that CDP knows, and does not take events of yet."""
        query = {"client_key": "sandbox", "message": "{}"}
        created = await cdp.http.get("/v1.2/browser/create.json", params=query)
        await cdp.fail("/v1.2/events", status=503)
        return {"x-browser-id": created.json()["ref"]}

    @pytest.mark.parametrize(
        "event",
        [
            {"type": "VIEW", "page": "/"},
            {"type": "SEARCH", "product_name": "watch"},
            {"type": "QUIZ_DONE"},
        ],
    )
    async def test_what_the_script_reports_drops_what_was_decided_for_the_guest(
        self, shop: Shop, at_browser: dict[str, str], event: dict[str, str]
    ) -> None:
        elsewhere = {"x-browser-id": "another-browser"}
        for headers in (at_browser, elsewhere):
            assert [await shop.decided(headers) for _ in range(3)] == ["fwd=miss", "hit", "hit"]
        answer = await shop.gateway.shop.post("/events", json=event, headers=at_browser)
        assert answer.status_code == 202
        assert await shop.decided(elsewhere) == "hit"
        assert await shop.decided(at_browser) == "fwd=miss"

    async def test_what_is_decided_before_cdp_knows_is_dropped_when_it_does(
        self, shop: Shop, at_browser: dict[str, str], cdp: Cdp
    ) -> None:
        event = {"type": "VIEW", "page": "/"}
        await shop.gateway.shop.post("/events", json=event, headers=at_browser)
        assert [await shop.decided(at_browser) for _ in range(2)] == ["fwd=miss", "hit"]
        await cdp.recover()
        await until(lambda: shop.decided(at_browser), lambda said: said == "fwd=miss")

    async def test_what_was_decided_stands_in_while_cdp_decides_nothing(
        self, shop: Shop, at_browser: dict[str, str], cdp: Cdp
    ) -> None:
        await cdp.decide("hero", {"persona": "vip"})
        await shop.decided(at_browser)
        await cdp.fail("/v2/callFlows", status=500)
        event = {"type": "VIEW", "page": "/"}
        await shop.gateway.shop.post("/events", json=event, headers=at_browser)
        answer = await shop.gateway.get("/placements/hero", shop.token, at_browser)
        assert personalization(answer)["decision"] == "stale"

    async def test_what_passes_through_drops_the_shopper_s_decisions_at_every_browser(
        self, shop: Shop, at_browser: dict[str, str]
    ) -> None:
        elsewhere = {"x-browser-id": "another-browser"}
        await shop.decided(elsewhere)
        headers = {"authorization": f"Bearer {shop.token}", **at_browser}
        line = {"ProductID": "watch-1", "Quantity": 1}
        await shop.gateway.shop.post("/v1/cart/lineitems", json=line, headers=headers)
        await until(lambda: shop.decided(elsewhere), lambda said: said == "fwd=miss")

    async def test_what_a_webhook_tells_of_drops_them_too(
        self, shop: Shop, at_browser: dict[str, str], ordercloud: OrderCloud
    ) -> None:
        headers = {"authorization": f"Bearer {shop.token}"}
        event = {"type": "VIEW", "page": "/"}
        await shop.gateway.shop.post("/events", json=event, headers={**headers, **at_browser})
        assert [await shop.decided(at_browser) for _ in range(2)] == ["fwd=miss", "hit"]
        line = {"ProductID": "watch-1", "Quantity": 1}
        await ordercloud.http.post("/v1/cart/lineitems", json=line, headers=headers)
        await until(lambda: shop.decided(at_browser), lambda said: said == "fwd=miss")

    async def test_what_shoppers_do_lets_be_who_they_are(
        self, shop: Shop, at_browser: dict[str, str], ordercloud: OrderCloud
    ) -> None:
        headers = {"authorization": f"Bearer {shop.token}", **at_browser}
        event = {"type": "VIEW", "page": "/"}
        for _ in range(2):
            await shop.rule("members")
            await shop.gateway.shop.post("/events", json=event, headers=headers)
        asked = [one["path"] for one in await ordercloud.seen("/v1/me")]
        assert asked.count("/v1/me") == asked.count("/v1/me/usergroups") == 1

    async def test_who_wants_to_be_forgotten_is_decided_for_anew(
        self, shop: Shop, at_browser: dict[str, str]
    ) -> None:
        await shop.decided(at_browser)
        answer = await shop.gateway.shop.delete("/browser", headers=at_browser)
        assert answer.status_code == 204
        assert await shop.decided(at_browser) == "fwd=miss"

    async def test_being_shown_an_experiment_is_no_act(
        self, shop: Shop, at_browser: dict[str, str]
    ) -> None:
        await shop.gateway.get("/placements/test", shop.token, at_browser)
        metrics = shop.gateway.operate
        await until(
            lambda: metrics("/metrics"),
            lambda said: 'events_recorded_total{type="EXPERIMENT_EXPOSURE"} 1.0' in said.text,
        )
        assert await shop.purged("event") == 0


class TestRules:
    async def test_a_changed_rule_leaves_cached_what_it_does_not_change(
        self, open_shop: Open, tmp_path: Path
    ) -> None:
        shop = await open_shop()
        for placement in ("list", "watches", "hero"):
            await shop.items(placement)
        hero = tmp_path / "rules" / "hero.yaml"
        hero.write_text(_RULES["hero.yaml"].replace("pageSize: 5", "pageSize: 4"))
        await until(lambda: shop.items("hero"), lambda shown: len(shown) == 4)
        kept = {"page": "hit"}
        assert [await shop.cached(one) for one in ("list", "watches")] == [kept, kept]
        assert await shop.cached("hero") == {"decision": "hit", "page": "hit"}

    async def test_a_changed_flow_is_decided_anew_for_the_same_pages(
        self, open_shop: Open, tmp_path: Path
    ) -> None:
        shop = await open_shop()
        await shop.items("hero")
        hero = tmp_path / "rules" / "hero.yaml"
        hero.write_text(_RULES["hero.yaml"].replace("flow: hero", "flow: other"))
        anew = await until(lambda: shop.cached("hero"), lambda said: said["decision"] != "hit")
        assert anew == {"decision": "fwd=miss", "page": "hit"}
