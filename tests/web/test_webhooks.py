"""`POST /webhooks/ordercloud`: signed by the sandbox's OrderCloud, or by nobody."""

import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from proxy.core.signing import sign
from tests.answers import until
from tests.conftest import StartGateway
from tests.emulators import STOREFRONT, Cdp, OrderCloud
from tests.servers import Gateway

_RULES = {"fixed.yaml": "placement: fixed\nresource: me/products\ndefault: {query: {}}"}
_PATH = "/webhooks/ordercloud"
_KEY = "hash-key-of-the-tests"
_ROUTES = [
    {"Route": "v1/cart/lineitems", "Verb": "POST"},
    {"Route": "v1/cart/lineitems/{lineItemID}", "Verb": "PATCH"},
    {"Route": "v1/cart/submit", "Verb": "POST"},
]


class Hooked:
    """A gateway that alice's browser is known at, and messages as OrderCloud would send them."""

    def __init__(self, gateway: Gateway, cdp: Cdp, token: str, browser_id: str) -> None:
        self.gateway = gateway
        self.token = token
        self.browser_id = browser_id
        self._cdp = cdp

    def added(self, log_id: str = "log-1", **changes: Any) -> dict[str, Any]:
        """Return a post-hook's message: alice has put something into the cart."""
        line = {"ID": "l-1", "ProductID": "p-1", "Quantity": 1, "UnitPrice": 5.0}
        return {
            "Route": "v1/cart/lineitems",
            "RouteParams": {},
            "Verb": "POST",
            "Date": datetime.now(UTC).isoformat(),
            "LogID": log_id,
            "UserToken": self.token,
            "Request": {"Body": {}, "Headers": None},
            "Response": {"Body": line, "Headers": None},
            "ConfigData": None,
            **changes,
        }

    async def send(self, message: object, signature: str | None = None) -> httpx2.Response:
        """Send a message, signed unless another *signature* is given."""
        body = json.dumps(message).encode()
        headers = {"x-oc-hash": sign(body, _KEY) if signature is None else signature}
        return await self.gateway.shop.post(_PATH, content=body, headers=headers)

    async def told(self, count: int) -> list[dict[str, Any]]:
        """Return what CDP has heard, once it is *count* messages."""

        async def ask() -> list[dict[str, Any]]:
            return [one["message"] for one in (await self._cdp.http.get("/_sandbox/events")).json()]

        return await until(ask, lambda messages: len(messages) >= count)


@pytest.fixture
async def hooked(gateway: StartGateway, ordercloud: OrderCloud, cdp: Cdp, tmp_path: Path) -> Hooked:
    events = {"outbox": tmp_path / "outbox.db", "webhook_key": _KEY}
    running = await gateway(_RULES, events=events, server={"drain": "1s"})
    created = await cdp.http.get(
        "/v1.2/browser/create.json", params={"client_key": "sandbox", "message": "{}"}
    )
    hooked = Hooked(running, cdp, await ordercloud.token("alice"), created.json()["ref"])
    await running.shop.post(
        "/events",
        json={"type": "VIEW", "page": "/", "browserId": hooked.browser_id},
        headers={"authorization": f"Bearer {hooked.token}"},
    )
    return hooked


async def test_what_was_written_elsewhere_is_told_of_the_shopper_s_browser(
    hooked: Hooked,
) -> None:
    answer = await hooked.send(hooked.added())
    assert (answer.status_code, answer.json()) == (202, {"proceed": True})
    identity, _, added = await hooked.told(3)
    assert identity["type"] == "IDENTITY"
    assert (added["type"], added["browser_id"]) == ("ADD", hooked.browser_id)
    assert added["product"]["productId"] == "p-1"


async def test_a_replay_counts_once(hooked: Hooked) -> None:
    for log_id in ("log-1", "log-1", "log-2"):
        assert (await hooked.send(hooked.added(log_id))).status_code == 202
    assert len(await hooked.told(4)) == 4


async def test_an_old_message_is_not_taken(hooked: Hooked) -> None:
    old = (datetime.now(UTC) - timedelta(days=8)).isoformat()
    assert (await hooked.send(hooked.added(Date=old))).status_code == 200


async def test_ordercloud_s_own_date_is_read(hooked: Hooked) -> None:
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.6504645+00:00")
    assert (await hooked.send(hooked.added(Date=now))).status_code == 202


@pytest.mark.parametrize("signature", ["", "nonsense", sign(b"another body", _KEY)])
async def test_a_wrong_signature_is_refused(hooked: Hooked, signature: str) -> None:
    answer = await hooked.send(hooked.added(), signature)
    assert answer.status_code == 401
    assert answer.json()["type"] == "urn:decision-proxy:invalid-signature"


@pytest.mark.parametrize("message", [{}, [], 3, {"Route": "v1/cart"}])
async def test_a_signed_message_that_is_no_webhook_is_refused(
    hooked: Hooked, message: object
) -> None:
    assert (await hooked.send(message)).status_code == 400


async def test_a_pre_hook_may_proceed(hooked: Hooked) -> None:
    answer = await hooked.send(hooked.added(Response=None))
    assert (answer.status_code, answer.json()) == (200, {"proceed": True})


@pytest.mark.parametrize(
    "changes",
    [{"Route": "v1/me", "Verb": "PUT"}, {"UserToken": "e30.e30.e30"}],
    ids=["no deed", "no shopper"],
)
async def test_what_tells_nothing_is_let_pass(hooked: Hooked, changes: dict[str, str]) -> None:
    assert (await hooked.send(hooked.added(**changes))).status_code == 200


@pytest.mark.parametrize("body", [None, [], "text", 3, {"ID": ["p1"]}])
async def test_a_write_is_taken_whatever_its_bodies_are(hooked: Hooked, body: object) -> None:
    bodies = {"Request": {"Body": body}, "Response": {"Body": body}, "RouteParams": None}
    write: dict[str, Any] = {"Route": "v1/products/{productID}", "Verb": "PATCH", **bodies}
    assert (await hooked.send(hooked.added(**write))).status_code == 200


async def test_without_an_outbox_writes_are_heard_of_all_the_same(
    gateway: StartGateway, ordercloud: OrderCloud, cdp: Cdp
) -> None:
    running = await gateway(_RULES, events={"webhook_key": _KEY})
    hooked = Hooked(running, cdp, await ordercloud.token("alice"), "")
    for changes in ({}, {"Route": "v1/promotions", "Verb": "POST"}):
        assert (await hooked.send(hooked.added(**changes))).status_code == 200
    metrics = (await running.operate("/metrics")).text
    assert 'decision_proxy_purges_total{by="webhook",tag="resource"} 1.0' in metrics


async def test_a_shopper_whose_browser_is_unknown_is_told_nothing_of(
    hooked: Hooked, ordercloud: OrderCloud
) -> None:
    for token in (await ordercloud.token("bob"), await ordercloud.token()):
        assert (await hooked.send(hooked.added(UserToken=token))).status_code == 200


async def test_without_a_key_nothing_is_believed(gateway: StartGateway, tmp_path: Path) -> None:
    running = await gateway(_RULES, events={"outbox": tmp_path / "outbox.db"})
    answer = await running.shop.post(_PATH, content=b"{}", headers={"x-oc-hash": sign(b"{}", "")})
    assert answer.status_code == 401


Register = Callable[[], Awaitable[None]]


@pytest.fixture
def register(hooked: Hooked, ordercloud: OrderCloud) -> Register:
    """Have the sandbox's OrderCloud tell the gateway of what is written, two times each."""

    async def register() -> None:
        credentials = {
            "grant_type": "client_credentials",
            "client_id": "admin-client",
            "client_secret": "admin-secret",
        }
        granted = await ordercloud.http.post("/oauth/token", data=credentials)
        hook = {
            "Name": "gateway",
            "Url": f"{str(hooked.gateway.shop.base_url).rstrip('/')}{_PATH}",
            "HashKey": _KEY,
            "ApiClientIDs": [STOREFRONT],
            "WebhookRoutes": _ROUTES,
        }
        headers = {"authorization": f"Bearer {granted.json()['access_token']}"}
        answer = await ordercloud.http.post("/v1/webhooks", json=hook, headers=headers)
        answer.raise_for_status()

    return register


async def test_what_passes_through_and_is_told_by_webhook_counts_once(
    hooked: Hooked, register: Register
) -> None:
    await register()
    headers = {"authorization": f"Bearer {hooked.token}", "x-browser-id": hooked.browser_id}
    shop = hooked.gateway.shop
    line = {"ProductID": "watch-1", "Quantity": 1}
    added = await shop.post("/v1/cart/lineitems", json=line, headers=headers)
    path = f"/v1/cart/lineitems/{added.json()['ID']}"
    await shop.patch(path, json={"Quantity": 2}, headers=headers)
    await shop.post("/v1/cart/submit", headers=headers)
    await hooked.told(5)
    await hooked.send(hooked.added("log-last"))
    told = [one["type"] for one in await hooked.told(6)]
    assert told == ["IDENTITY", "VIEW", "ADD", "ADD", "ORDER_CHECKOUT", "ADD"]


async def test_what_passes_by_the_gateway_is_told_by_webhook(
    hooked: Hooked, register: Register, ordercloud: OrderCloud
) -> None:
    await register()
    headers = {"authorization": f"Bearer {hooked.token}"}
    line = {"ProductID": "watch-1", "Quantity": 1}
    await ordercloud.http.post("/v1/cart/lineitems", json=line, headers=headers)
    order = await ordercloud.http.post("/v1/cart/submit", headers=headers)
    _, _, added, ordered = await hooked.told(4)
    assert added["product"]["productId"] == "watch-1"
    assert ordered["order"]["referenceId"] == order.json()["ID"]
