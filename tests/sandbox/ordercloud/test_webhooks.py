"""Writes reach their receivers: over real sockets, signed, in OrderCloud's shape."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import jwt
import pytest
from starlette.types import Receive, Scope, Send

from sandbox.ordercloud.webhooks import signature
from sandbox.server import running
from tests.sandbox.ordercloud.conftest import Caller, OrderCloud

PATCH_PRODUCT = {"Verb": "PATCH", "Route": "v1/products/{productID}"}
HOOK = {
    "ID": "hook",
    "Name": "Hook",
    "HashKey": "my-hash-key",
    "ApiClientIDs": ["admin-client"],
    "WebhookRoutes": [PATCH_PRODUCT],
    "ConfigData": {"env": "test"},
}


class Receiver:
    """What webhooks are delivered to: it keeps all, and answers as it is told."""

    def __init__(self) -> None:
        self.url = ""
        self.answer: Any = {"proceed": True}
        self._deliveries: asyncio.Queue[tuple[dict[str, str], bytes]] = asyncio.Queue()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        body = (await receive())["body"]
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        self._deliveries.put_nowait((headers, body))
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": json.dumps(self.answer).encode()})

    async def delivery(self) -> tuple[dict[str, str], dict[str, Any], bytes]:
        """Return the next delivery: headers, JSON, bytes."""
        headers, body = await asyncio.wait_for(self._deliveries.get(), timeout=5)
        return headers, json.loads(body), body

    @property
    def waiting(self) -> int:
        return self._deliveries.qsize()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    app = Receiver()
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        async with running(app, listener) as url:
            app.url = url
            yield app


@pytest.fixture
async def served(oc_url: str) -> AsyncIterator[OrderCloud]:
    """The emulator on a socket: deliveries need its lifespan."""
    async with httpx2.AsyncClient(base_url=oc_url) as client:
        yield OrderCloud(client)


async def register(oc: OrderCloud, receiver: Receiver, **changes: object) -> Caller:
    admin = await oc.admin()
    await admin.ok("POST", "/webhooks", {**HOOK, "Url": receiver.url, **changes})
    return admin


def test_the_signature_is_that_of_the_official_libraries() -> None:
    body = b'{"Route":"v1/cart/lineitems","RouteParams":{},"Verb":"POST"}'
    assert signature("my-hash-key", body) == "s5nWWrG03m0WMaOF8uRAEP6GRDlCzQ8NtlpmbepZSSc="


async def test_a_write_is_told_with_what_it_asked_and_answered(
    served: OrderCloud, receiver: Receiver
) -> None:
    admin = await register(served, receiver)
    answer = await admin.call("PATCH", "/products/p1?a=b", {"Name": "New"})

    headers, told, body = await receiver.delivery()
    assert headers["x-oc-hash"] == signature("my-hash-key", body)
    assert told.pop("Date")
    assert told == {
        "Route": "v1/products/{productID}",
        "RouteParams": {"productID": "p1"},
        "QueryParams": {"a": "b"},
        "Verb": "PATCH",
        "LogID": answer.headers["x-oc-logid"],
        "UserToken": admin.token,
        "Request": {"Body": {"Name": "New"}, "Headers": None},
        "Response": {"Body": answer.json(), "Headers": None},
        "ConfigData": {"env": "test"},
    }


async def test_only_registered_writes_of_listed_clients_are_told(
    served: OrderCloud, receiver: Receiver
) -> None:
    routes = [PATCH_PRODUCT, {"Verb": "GET", "Route": "v1/products/{productID}"}]
    line_item = {"Verb": "POST", "Route": "v1/cart/lineitems"}
    admin = await register(served, receiver, WebhookRoutes=[*routes, line_item])
    alice = await served.log_in("alice")

    await alice.ok("POST", "/cart/lineitems", {"ProductID": "p1"})
    await admin.ok("GET", "/products/p1")
    await admin.ok("PUT", "/products/p1", {"Name": "X"})
    await admin.refusal("PATCH", "/products/p1", {"Name": ""})
    await admin.ok("PATCH", "/products/p1", {"Name": "Y"})

    _, told, _ = await receiver.delivery()
    assert told["Request"]["Body"] == {"Name": "Y"}
    assert receiver.waiting == 0


async def test_route_and_client_compare_without_regard_to_case_and_names_of_places(
    served: OrderCloud, receiver: Receiver
) -> None:
    route = {"Verb": "POST", "Route": "v1/Orders/{dir}/{id}/lineItems"}
    changes = {"ApiClientIDs": ["STOREFRONT-client"], "WebhookRoutes": [route]}
    await register(served, receiver, **changes)
    alice = await served.log_in("alice")
    order = await alice.ok("POST", "/orders/outgoing", {})
    await alice.ok("POST", f"/orders/outgoing/{order['ID']}/lineitems", {"ProductID": "p1"})

    _, told, _ = await receiver.delivery()
    assert told["Route"] == "v1/orders/{direction}/{orderID}/lineitems"
    assert told["RouteParams"] == {"direction": "outgoing", "orderID": order["ID"]}


async def test_passwords_are_not_told(served: OrderCloud, receiver: Receiver) -> None:
    route = {"Verb": "PATCH", "Route": "v1/buyers/{buyerID}/users/{userID}"}
    admin = await register(served, receiver, WebhookRoutes=[route])
    await admin.ok("PATCH", "/buyers/acme/users/bob", {"Password": "Secret123!", "Phone": "1"})
    _, told, body = await receiver.delivery()
    assert told["Request"]["Body"] == {"Password": None, "Phone": "1"}
    assert b"Secret123!" not in body


async def test_elevated_roles_are_in_the_receiver_s_token(
    served: OrderCloud, receiver: Receiver
) -> None:
    admin = await register(served, receiver, ElevatedRoles=["OrderAdmin"])
    await admin.ok("PATCH", "/products/p1", {"Name": "X"})
    _, told, _ = await receiver.delivery()
    claims = jwt.decode(told["UserToken"], options={"verify_signature": False})
    assert claims["role"] == ["FullAccess", "OrderAdmin"]
    assert claims["usr"] == "admin"


async def test_a_delivery_carries_the_header_the_webhook_asks_for(
    served: OrderCloud, receiver: Receiver
) -> None:
    own = {"CustomAuthHeaderName": "X-Key", "CustomAuthHeaderValue": "k", "HashKey": None}
    admin = await register(served, receiver, **own)
    await admin.ok("PATCH", "/products/p1", {"Name": "X"})
    headers, _, _ = await receiver.delivery()
    assert headers["x-key"] == "k"
    assert "x-oc-hash" not in headers


async def test_a_pre_hook_is_asked_before_anything_is_written(
    served: OrderCloud, receiver: Receiver
) -> None:
    admin = await register(served, receiver, BeforeProcessRequest=True)
    receiver.answer = {"proceed": False, "body": {"why": "not today"}}
    before = await admin.get("/products/p1")
    refused = await admin.call("PATCH", "/products/p1", {"Name": "X"})
    error = refused.json()["Errors"][0]
    assert (refused.status_code, error["ErrorCode"]) == (400, "Webhook.Refused")
    assert error["Data"] == {"why": "not today"}
    assert await admin.get("/products/p1") == before
    _, told, _ = await receiver.delivery()
    assert told["Response"] is None

    receiver.answer = {"proceed": True}
    assert (await admin.ok("PATCH", "/products/p1", {"Name": "X"}))["Name"] == "X"


@pytest.mark.parametrize("answer", [None, [], "yes", {}, {"proceed": None}])
async def test_a_pre_hook_without_a_clear_no_lets_the_call_pass(
    served: OrderCloud, receiver: Receiver, answer: object
) -> None:
    admin = await register(served, receiver, BeforeProcessRequest=True)
    receiver.answer = answer
    assert (await admin.ok("PATCH", "/products/p1", {"Name": "X"}))["Name"] == "X"


@pytest.mark.parametrize("before", [True, False])
async def test_a_receiver_that_is_down_stops_nothing(served: OrderCloud, *, before: bool) -> None:
    admin = await served.admin()
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unheard.getsockname()[1]}"
        hook = {**HOOK, "Url": url, "BeforeProcessRequest": before}
        await admin.ok("POST", "/webhooks", hook)
        assert (await admin.ok("PATCH", "/products/p1", {"Name": "X"}))["Name"] == "X"


async def test_duplicates_can_be_switched_on(served: OrderCloud, receiver: Receiver) -> None:
    admin = await register(served, receiver)
    await served.client.put("/_sandbox/options", json={"webhook_copies": 2})
    await admin.ok("PATCH", "/products/p1", {"Name": "X"})
    _, first, _ = await receiver.delivery()
    _, second, _ = await receiver.delivery()
    assert first["LogID"] == second["LogID"]
