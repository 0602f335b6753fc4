"""Billing and shipping addresses of carts and orders."""

import pytest

from tests.sandbox.ordercloud.conftest import Caller, OrderCloud

HOME = {"Street1": "1 Main", "City": "Here", "Country": "US"}


@pytest.fixture
async def alice(oc: OrderCloud) -> Caller:
    """Return Alice with a cart."""
    caller = await oc.log_in("alice")
    await caller.ok("POST", "/cart/lineitems", {"ProductID": "p1"})
    return caller


async def cities(caller: Caller) -> list[str | None]:
    """Return where the cart's items go."""
    items = (await caller.get("/cart/lineitems"))["Items"]
    return [item["ShippingAddress"] and item["ShippingAddress"]["City"] for item in items]


async def test_a_cart_has_a_billing_address_of_its_own(alice: Caller) -> None:
    refusal = await alice.refusal("PATCH", "/cart/billto", {"City": "There"})
    assert refusal == (404, "BillingAddress.CannotModifyNotFound")

    cart = await alice.ok("PUT", "/cart/billto", HOME)
    assert (cart["BillingAddress"]["City"], cart["BillingAddressID"]) == ("Here", None)

    cart = await alice.ok("PATCH", "/cart/billto", {"City": "There"})
    assert cart["BillingAddress"]["City"] == "There"


async def test_a_saved_address_bills_by_its_id(alice: Caller) -> None:
    saved = await alice.ok("POST", "/me/addresses", HOME)

    cart = await alice.ok("PATCH", "/cart", {"BillingAddressID": saved["ID"]})

    assert cart["BillingAddress"]["Street1"] == "1 Main"
    refusal = await alice.refusal("PATCH", "/cart/billto", {"City": "There"})
    assert refusal == (400, "BillingAddress.CannotPatchSetByID")


async def test_an_unknown_address_is_not_found(alice: Caller) -> None:
    for change in ({"BillingAddressID": "x"}, {"ShippingAddressID": "x"}):
        assert await alice.refusal("PATCH", "/cart", change) == (404, "NotFound")


async def test_shipping_the_cart_ships_what_is_and_what_will_be_in_it(alice: Caller) -> None:
    assert await cities(alice) == [None]
    refusal = await alice.refusal("PATCH", "/cart/shipto", {"City": "There"})
    assert refusal == (404, "ShippingAddress.CannotModifyNotFound")

    await alice.ok("PUT", "/cart/shipto", HOME)
    await alice.ok("POST", "/cart/lineitems", {"ProductID": "p2"})
    assert await cities(alice) == ["Here", "Here"]

    await alice.ok("PATCH", "/cart/shipto", {"City": "There"})
    assert await cities(alice) == ["There", "There"]


async def test_a_saved_address_ships_by_its_id(alice: Caller) -> None:
    saved = await alice.ok("POST", "/me/addresses", HOME)

    cart = await alice.ok("PATCH", "/cart", {"ShippingAddressID": saved["ID"]})

    assert cart["ShippingAddressID"] == saved["ID"]
    assert await cities(alice) == ["Here"]
    refusal = await alice.refusal("PATCH", "/cart/shipto", {"City": "There"})
    assert refusal == (400, "ShippingAddress.CannotPatchSetByID")


async def test_an_item_may_go_elsewhere(alice: Caller) -> None:
    order_id = (await alice.get("/cart"))["ID"]
    item = (await alice.get("/cart/lineitems"))["Items"][0]
    path = f"/orders/Outgoing/{order_id}/lineitems/{item['ID']}/shipto"

    refusal = await alice.refusal("PATCH", path, {"City": "There"})
    assert refusal == (404, "LineItem.CannotPatchShippingAddressIfMissing")
    await alice.ok("PUT", path, HOME)
    patched = await alice.ok("PATCH", path, {"City": "There"})

    assert patched["ShippingAddress"]["City"] == "There"
    assert await cities(alice) == ["There"]


async def test_an_item_may_name_a_saved_address(alice: Caller) -> None:
    saved = await alice.ok("POST", "/me/addresses", HOME)
    body = {"ProductID": "p2", "ShippingAddressID": saved["ID"]}

    item = await alice.ok("POST", "/cart/lineitems", body)

    assert item["ShippingAddress"]["City"] == "Here"
