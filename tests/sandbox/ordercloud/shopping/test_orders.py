"""Carts, orders and their lists."""

import jwt
import pytest

from tests.sandbox.ordercloud.conftest import Caller, OrderCloud


@pytest.fixture
async def alice(oc: OrderCloud) -> Caller:
    return await oc.log_in("alice")


async def buy(caller: Caller, product_id: str = "p1") -> str:
    """Submit an order for one product and return its ID."""
    await caller.ok("POST", "/cart/lineitems", {"ProductID": product_id})
    order = await caller.ok("POST", "/cart/submit")
    return str(order["ID"])


async def test_without_a_cart_there_is_an_empty_one(alice: Caller) -> None:
    cart = await alice.get("/cart")

    assert (cart["ID"], cart["LineItemCount"], cart["Total"]) == (None, 0, 0)
    for part in ("lineitems", "promotions", "eligiblepromotions", "payments"):
        assert await alice.ids(f"/cart/{part}") == []
    assert await alice.refusal("DELETE", "/cart") == (404, "NotFound")


async def test_a_cart_can_be_begun_with_its_properties(alice: Caller) -> None:
    cart = await alice.ok("PATCH", "/cart", {"Comments": "ring twice", "xp": {"gift": True}})

    assert cart["Comments"] == "ring twice"
    assert (cart["FromUserID"], cart["FromCompanyID"], cart["ToCompanyID"]) == (
        "alice",
        "acme",
        "demo",
    )
    assert (cart["Status"], cart["IsSubmitted"], cart["Currency"]) == ("Unsubmitted", False, "USD")
    saved = await alice.ok("PUT", "/cart", {"ShippingCost": 5})
    assert (saved["ID"], saved["Comments"], saved["Total"]) == (cart["ID"], None, 5)
    assert saved["FromUserID"] == "alice"


async def test_an_anonymous_cart_has_the_tokens_order_id(oc: OrderCloud) -> None:
    guest = await oc.anonymous()
    said = jwt.decode(guest.token, options={"verify_signature": False})

    await guest.ok("POST", "/cart/lineitems", {"ProductID": "p1"})

    assert (await guest.get("/cart"))["ID"] == said["orderid"]


async def test_after_submit_an_anonymous_shopper_begins_another_cart(oc: OrderCloud) -> None:
    guest = await oc.anonymous()
    first = await buy(guest)

    second = await buy(guest)

    assert first != second


async def test_the_newest_unsubmitted_order_is_the_cart_unless_another_is_chosen(
    alice: Caller,
) -> None:
    for order_id in ("first", "second"):
        await alice.ok("POST", "/orders/Outgoing", {"ID": order_id})
    assert (await alice.get("/cart"))["ID"] == "second"

    assert (await alice.call("PUT", "/cart/first")).status_code == 204
    assert (await alice.get("/cart"))["ID"] == "first"

    assert (await alice.call("DELETE", "/cart")).status_code == 204
    assert (await alice.get("/cart"))["ID"] == "second"
    assert await alice.refusal("PUT", "/cart/first") == (404, "NotFound")


async def test_only_unsubmitted_orders_become_the_cart(alice: Caller) -> None:
    order_id = await buy(alice)

    assert await alice.refusal("PUT", f"/cart/{order_id}") == (404, "NotFound")


async def test_orders_are_listed_once_they_are_submitted(alice: Caller) -> None:
    submitted = await buy(alice)
    await alice.ok("POST", "/orders/Outgoing", {"ID": "open-cart"})

    assert await alice.ids("/me/orders") == [submitted]
    assert await alice.ids("/me/orders?IsSubmitted=false") == ["open-cart"]
    assert await alice.ids("/me/orders?Status=Unsubmitted") == ["open-cart"]
    assert await alice.ids("/me/orders?Status=Open|Completed") == [submitted]
    mixed = await alice.refusal("GET", "/me/orders?Status=Open|Unsubmitted")
    assert mixed == (400, "Order.CannotMixSubmittedAndUnsubmitted")


async def test_orders_are_found_by_what_is_in_them(alice: Caller) -> None:
    with_p1, with_p2 = await buy(alice, "p1"), await buy(alice, "p2")

    assert await alice.ids("/me/orders?LineItems.Product.ID=p1") == [with_p1]
    assert await alice.ids("/me/orders?LineItems.Product.ID=p2") == [with_p2]
    assert "LineItems" not in (await alice.get("/me/orders"))["Items"][0]


async def test_orders_are_found_by_when_they_were_submitted(oc: OrderCloud, alice: Caller) -> None:
    await oc.client.put("/_sandbox/clock", json={"now": "2030-05-01T12:00:00Z"})
    alice = await oc.log_in("alice")
    order_id = await buy(alice)

    assert await alice.ids("/me/orders?from=2030-05-01&to=2030-05-02") == [order_id]
    assert await alice.ids("/me/orders?from=2030-05-02") == []
    assert await alice.ids("/me/orders?to=2030-05-01") == []
    refusal = await alice.refusal("GET", "/me/orders?from=yesterday")
    assert refusal == (400, "List.InvalidType")


async def test_the_seller_lists_all_that_came_in(oc: OrderCloud, alice: Caller) -> None:
    of_alice, of_carol = await buy(alice), await buy(await oc.log_in("carol"))
    admin = await oc.admin()

    assert await admin.ids("/orders/Incoming?sortBy=DateSubmitted") == [of_alice, of_carol]
    assert await admin.ids("/orders/Incoming?buyerID=globex") == [of_carol]
    assert await admin.ids("/orders/Outgoing") == []
    assert (await admin.get(f"/orders/Incoming/{of_alice}"))["FromUserID"] == "alice"
    refusal = await alice.refusal("GET", "/orders/Outgoing")
    assert refusal == (403, "Auth.InsufficientRoles")


async def test_submitted_orders_are_for_administrators_to_change(
    oc: OrderCloud, alice: Caller
) -> None:
    order_id = await buy(alice)
    path = f"/orders/Outgoing/{order_id}"

    assert await alice.refusal("PATCH", path, {"Comments": "!"}) == (403, "Auth.InsufficientRoles")
    admin = await oc.admin()
    patched = await admin.ok("PATCH", f"/orders/Incoming/{order_id}", {"Comments": "!"})
    assert patched["Comments"] == "!"


async def test_an_anonymous_order_can_carry_a_name(oc: OrderCloud) -> None:
    guest = await oc.anonymous()
    await guest.ok("POST", "/cart/lineitems", {"ProductID": "p1"})

    cart = await guest.ok("PATCH", "/cart/fromuser", {"FirstName": "Gast", "Email": "g@x.de"})

    assert (cart["FromUser"]["FirstName"], cart["FromUserID"]) == ("Gast", "guest-template")
    assert (await guest.get("/me"))["FirstName"] == "Guest"
