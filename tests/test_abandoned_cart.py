"""The whole story of docs/abandoned-carts.md: a cart is left, CDP reminds, the shop shows it."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from proxy.document import parse
from tests.answers import ids, personalization, until
from tests.conftest import StartGateway
from tests.docs.pages import ROOT, page
from tests.emulators import PASSWORD, STOREFRONT, Cdp, OrderCloud
from tests.servers import Gateway

REMINDER = "/placements/cart-reminder"
RULES = {"cart-reminder.yaml": (ROOT / "rules/cart-reminder.yaml").read_text()}


def test_the_guide_shows_the_rule_that_is_shipped() -> None:
    shown = parse(page("abandoned-carts.md").blocks("yaml")[0], "guide").data
    shipped = parse(RULES["cart-reminder.yaml"], "shipped").data
    del shipped["decision"]["cache"], shipped["examples"][1:]
    assert shown == shipped


class Visit:
    """A shopper at the storefront, and what CDP makes of it."""

    def __init__(self, shop: httpx2.AsyncClient, cdp: Cdp, browser_id: str) -> None:
        self._shop = shop
        self._cdp = cdp
        self.headers = {"x-browser-id": browser_id}

    async def log_in(self, user: str) -> None:
        form = {"grant_type": "password", "client_id": STOREFRONT, "username": user}
        await self._use(form | {"password": PASSWORD})

    async def begin(self) -> None:
        await self._use({"grant_type": "client_credentials", "client_id": STOREFRONT})

    async def _use(self, form: dict[str, str]) -> None:
        answer = await self._shop.post("/oauth/token", data=form, headers=self.headers)
        self.headers["authorization"] = f"Bearer {answer.json()['access_token']}"

    async def add(self, *products: str) -> None:
        for product in products:
            line = {"ProductID": product, "Quantity": 1}
            answer = await self._shop.post("/v1/cart/lineitems", json=line, headers=self.headers)
            answer.raise_for_status()

    async def empty(self) -> None:
        await self._shop.delete("/v1/cart", headers=self.headers)

    async def buy(self) -> None:
        answer = await self._shop.post("/v1/cart/submit", headers=self.headers)
        answer.raise_for_status()

    async def reminded(self) -> httpx2.Response:
        return await self._shop.get(REMINDER, headers=self.headers)

    async def heard(self, *kinds: str) -> None:
        """Wait until CDP has heard events of these kinds, each as often as it stands here."""

        async def ask() -> list[str]:
            events = (await self._cdp.http.get("/_sandbox/events")).json()
            return [event["message"]["type"] for event in events]

        await until(ask, lambda said: all(said.count(k) >= kinds.count(k) for k in kinds))

    async def leave(self) -> list[dict[str, Any]]:
        """Let an hour pass, as CDP sees it; return the mails that it has sent so far."""
        now = datetime.fromisoformat((await self._cdp.http.get("/_sandbox/clock")).json()["now"])
        later = (now + timedelta(hours=1)).isoformat()
        await self._cdp.http.put("/_sandbox/clock", json={"now": later})
        mails: list[dict[str, Any]] = (await self._cdp.http.get("/_sandbox/mails")).json()
        return mails


@pytest.fixture
async def shop(gateway: StartGateway, tmp_path: Path) -> Gateway:
    return await gateway(RULES, events={"outbox": tmp_path / "outbox.db"})


@pytest.fixture
async def visit(shop: Gateway, cdp: Cdp) -> Visit:
    return Visit(shop.shop, cdp, await cdp.browser())


async def test_what_was_left_is_shown_on_return(visit: Visit) -> None:
    await visit.log_in("alice")
    assert personalization(await visit.reminded())["rule"] == "default"
    await visit.add("p7", "p2", "watch-1")
    await visit.heard("IDENTITY", "ADD", "ADD", "ADD")
    (mail,) = await visit.leave()
    assert (mail["to"], mail["productIds"]) == ("alice@acme.example", ["p7", "p2", "watch-1"])
    await visit.log_in("alice")
    shown = await visit.reminded()
    assert (personalization(shown)["rule"], ids(shown)) == (
        "still-in-your-cart",
        ["p7", "p2", "watch-1"],
    )


async def test_it_is_the_live_cart_that_is_shown(visit: Visit, ordercloud: OrderCloud) -> None:
    await visit.log_in("alice")
    await visit.add("p7", "p2")
    await visit.heard("ADD", "ADD")
    await visit.leave()
    await visit.log_in("alice")
    await visit.add("watch-1")
    assert ids(await visit.reminded()) == ["p7", "p2", "watch-1"]
    await visit.empty()
    assert personalization(await visit.reminded())["rule"] == "default"
    carts = await ordercloud.seen("/v1/cart/lineitems")
    tokens = {one["headers"]["authorization"] for one in carts if one["method"] == "GET"}
    assert visit.headers["authorization"] in tokens


async def test_no_shopper_ever_sees_another_s_cart(visit: Visit, shop: Gateway, cdp: Cdp) -> None:
    await visit.log_in("alice")
    await visit.add("watch-1")
    await visit.heard("ADD")
    await visit.leave()
    await visit.log_in("alice")
    assert ids(await visit.reminded()) == ["watch-1"]
    await cdp.decide("cart_reminder", {"moment": "cart-left"})
    others = [Visit(shop.shop, cdp, await cdp.browser()) for _ in range(3)]
    await others[0].log_in("bob")
    await others[1].begin()
    await others[2].begin()
    await others[2].add("p2")
    assert [personalization(await one.reminded())["rule"] for one in others] == [
        "default",
        "default",
        "still-in-your-cart",
    ]
    assert ids(await others[2].reminded()) == ["p2"]


async def test_a_cart_that_cannot_be_read_is_not_guessed_at(
    visit: Visit, cdp: Cdp, ordercloud: OrderCloud
) -> None:
    await cdp.decide("cart_reminder", {"moment": "cart-left"})
    await visit.log_in("alice")
    await visit.add("p7")
    await ordercloud.fail("/v1/cart/lineitems", status=500)
    assert personalization(await visit.reminded())["rule"] == "default"


async def test_of_a_cart_that_was_bought_nobody_is_reminded(visit: Visit) -> None:
    await visit.log_in("alice")
    await visit.add("p7")
    await visit.buy()
    await visit.heard("ADD", "ORDER_CHECKOUT")
    assert await visit.leave() == []
    await visit.log_in("alice")
    await visit.add("p2")
    assert personalization(await visit.reminded())["rule"] == "default"
