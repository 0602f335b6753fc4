"""From a full cart to an order."""

import pytest

from tests.sandbox.ordercloud.conftest import Caller, OrderCloud

ADDRESS = {"Street1": "1 Main", "City": "Here", "Country": "US"}


@pytest.fixture
async def alice(oc: OrderCloud) -> Caller:
    """Return Alice with a cart."""
    caller = await oc.log_in("alice")
    await caller.ok("POST", "/cart/lineitems", {"ProductID": "p1", "Quantity": 2})
    return caller


async def test_submit_makes_an_open_order_of_the_cart(alice: Caller) -> None:
    cart = await alice.get("/cart")

    answer = await alice.call("POST", "/cart/submit")

    order = answer.json()
    assert answer.status_code == 201
    assert (order["ID"], order["Status"], order["IsSubmitted"]) == (cart["ID"], "Open", True)
    assert order["DateSubmitted"]
    assert order["Total"] == cart["Total"]
    assert (await alice.get("/cart"))["ID"] is None


async def test_an_order_is_submitted_once(alice: Caller) -> None:
    order = await alice.ok("POST", "/cart/submit")

    refusal = await alice.refusal("POST", f"/orders/Outgoing/{order['ID']}/submit")

    assert refusal == (400, "Order.CannotSubmitBadStatus")


async def test_an_empty_order_is_not_submitted(alice: Caller) -> None:
    await alice.ok("POST", "/orders/Outgoing", {"ID": "empty"})

    refusal = await alice.refusal("POST", "/orders/Outgoing/empty/submit")

    assert refusal == (400, "Order.CannotSubmitWithNoLineItems")


async def test_totals_add_up(alice: Caller) -> None:
    await alice.ok("PATCH", "/cart", {"ShippingCost": 7.5, "TaxCost": 3.25, "Gratuity": 1})
    await alice.ok("POST", "/cart/promotions/BUNDLE5")

    cart = await alice.get("/cart")

    costs = cart["Subtotal"] + 7.5 + 3.25 + 1
    assert cart["Total"] == pytest.approx(costs - cart["PromotionDiscount"])


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"Active": False}, "Order.CannotSubmitWithInactiveProduct"),
        (
            {"Inventory": {"Enabled": True, "QuantityAvailable": 1}},
            "Inventory.Insufficient",
        ),
        ({"Inventory": {"Enabled": True}}, "Inventory.Insufficient"),
    ],
)
async def test_what_has_changed_since_is_checked_at_submit(
    oc: OrderCloud, alice: Caller, change: object, code: str
) -> None:
    admin = await oc.admin()
    await admin.ok("PATCH", "/products/p1", change)

    assert await alice.refusal("POST", "/cart/validate") == (400, code)
    assert await alice.refusal("POST", "/cart/submit") == (400, code)


async def test_products_that_went_out_of_sight_cannot_be_submitted(
    oc: OrderCloud, alice: Caller
) -> None:
    admin = await oc.admin()
    await admin.ok("DELETE", "/catalogs/demo-catalog/productassignments/p1")

    assert await alice.refusal("POST", "/cart/submit") == (400, "Order.ProductsNotFound")


async def test_stock_goes_down_and_may_be_exceeded_if_allowed(
    oc: OrderCloud, alice: Caller
) -> None:
    admin = await oc.admin()
    stock = {"Enabled": True, "QuantityAvailable": 1, "OrderCanExceed": True}
    await admin.ok("PATCH", "/products/p1", {"Inventory": stock})

    await alice.ok("POST", "/cart/submit")

    product = await alice.get("/me/products/p1")
    assert product["Inventory"]["QuantityAvailable"] == -1


async def test_payments_must_be_accepted(oc: OrderCloud, alice: Caller) -> None:
    cart = await alice.get("/cart")
    payment = await alice.ok("POST", "/cart/payments", {"Type": "CreditCard"})
    assert (payment["Amount"], payment["Accepted"]) == (cart["Total"], False)

    refusal = await alice.refusal("POST", "/cart/submit")
    assert refusal == (400, "Order.CannotSubmitWithUnaccceptedPayments")

    admin = await oc.admin()
    path = f"/orders/Incoming/{cart['ID']}/payments/{payment['ID']}"
    assert (await admin.ok("PATCH", path, {"Accepted": True}))["Accepted"] is True
    await alice.ok("POST", "/cart/submit")


async def test_validation_says_nothing_of_a_good_cart(alice: Caller) -> None:
    assert (await alice.call("POST", "/cart/validate")).status_code == 204


async def test_the_worksheet_has_everything_together(alice: Caller) -> None:
    await alice.ok("POST", "/cart/promotions/BUNDLE5")

    sheet = await alice.ok("POST", "/cart/calculate")

    assert sheet == await alice.get("/cart/worksheet") | {"Order": sheet["Order"]}
    assert sheet["Order"]["ID"] == (await alice.get("/cart"))["ID"]
    assert [item["ProductID"] for item in sheet["LineItems"]] == ["p1"]
    assert [each["Code"] for each in sheet["OrderPromotions"]] == ["BUNDLE5"]


async def test_orders_are_completed_or_canceled_by_status(alice: Caller) -> None:
    cart_id = (await alice.get("/cart"))["ID"]
    early = await alice.ok("POST", "/orders/Outgoing", {"ID": "early"})
    path = f"/orders/Outgoing/{cart_id}"

    refusal = await alice.refusal("POST", f"{path}/complete")
    assert refusal == (400, "Order.CannotCompleteBadStatus")
    assert (await alice.ok("POST", "/orders/Outgoing/early/cancel"))["Status"] == "Canceled"
    assert early["Status"] == "Unsubmitted"

    await alice.ok("POST", f"{path}/submit")
    assert (await alice.ok("POST", f"{path}/complete"))["Status"] == "Completed"
    refusal = await alice.refusal("POST", f"{path}/cancel")
    assert refusal == (400, "Order.CannotCancelInCurrentStatus")
