"""Line items of carts and orders."""

import pytest

from tests.sandbox.ordercloud.conftest import Caller, OrderCloud


@pytest.fixture
async def alice(oc: OrderCloud) -> Caller:
    return await oc.log_in("alice")


async def test_adding_begins_a_cart_and_prices_the_item(alice: Caller) -> None:
    product = await alice.get("/me/products/p1")
    price = product["PriceSchedule"]["PriceBreaks"][0]["Price"]

    answer = await alice.call("POST", "/cart/lineitems", {"ProductID": "p1", "Quantity": 3})

    item = answer.json()
    assert answer.status_code == 201
    assert (item["UnitPrice"], item["Quantity"]) == (price, 3)
    assert item["LineSubtotal"] == item["LineTotal"] == round(price * 3, 2)
    assert item["PriceScheduleID"] == product["PriceSchedule"]["ID"]
    assert item["Product"]["Name"] == product["Name"]
    cart = await alice.get("/cart")
    assert (cart["LineItemCount"], cart["Total"]) == (1, item["LineTotal"])


async def test_the_same_product_again_is_another_item(alice: Caller) -> None:
    for _ in range(2):
        await alice.ok("POST", "/cart/lineitems", {"ProductID": "p1"})

    assert (await alice.get("/cart"))["LineItemCount"] == 2


async def test_quantities_change_the_totals(alice: Caller) -> None:
    item = await alice.ok("POST", "/cart/lineitems", {"ProductID": "p1"})

    patched = await alice.ok("PATCH", f"/cart/lineitems/{item['ID']}", {"Quantity": 2})

    assert patched["LineTotal"] == round(item["UnitPrice"] * 2, 2)
    assert (await alice.get("/cart"))["Total"] == patched["LineTotal"]


async def test_an_item_can_be_saved_under_an_id_of_ones_own(alice: Caller) -> None:
    body = {"ProductID": "p1", "Quantity": 2, "xp": {"gift": True}}
    await alice.ok("PUT", "/cart/lineitems/mine", body)

    saved = await alice.ok("PUT", "/cart/lineitems/mine", {"ProductID": "p1", "Quantity": 4})

    assert (saved["ID"], saved["Quantity"], saved["xp"]) == ("mine", 4, None)
    assert await alice.ids("/cart/lineitems") == ["mine"]


async def test_an_item_is_taken_out(alice: Caller) -> None:
    item = await alice.ok("POST", "/cart/lineitems", {"ProductID": "p1"})

    answer = await alice.call("DELETE", f"/cart/lineitems/{item['ID']}")

    assert answer.status_code == 204
    assert (await alice.get("/cart"))["Subtotal"] == 0
    refusal = await alice.refusal("DELETE", f"/cart/lineitems/{item['ID']}")
    assert refusal == (404, "NotFound")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"ProductID": "unknown"}, 404, "NotFound"),
        ({"ProductID": "watch-11"}, 404, "NotFound"),
        ({"Quantity": 1}, 400, "ValidationFailure"),
        ({"ProductID": "p1", "Quantity": 0}, 400, "LineItem.QuantityMustBePositive"),
        ({"ProductID": "p1", "Quantity": -1}, 400, "LineItem.QuantityMustBePositive"),
        ({"ProductID": "p1", "Quantity": 1.5}, 400, "ValidationFailure"),
    ],
)
async def test_what_cannot_be_bought_is_refused(
    oc: OrderCloud, body: object, status: int, code: str
) -> None:
    bob = await oc.log_in("bob")

    assert await bob.refusal("POST", "/cart/lineitems", body) == (status, code)


async def test_a_product_without_price_cannot_be_bought(oc: OrderCloud, alice: Caller) -> None:
    admin = await oc.admin()
    await admin.ok("PUT", "/products/free", {"Name": "Free", "Active": True})
    in_catalog = {"CatalogID": "demo-catalog", "ProductID": "free"}
    await admin.ok("POST", "/catalogs/productassignments", in_catalog)
    await admin.ok("POST", "/products/assignments", {"ProductID": "free", "BuyerID": "acme"})
    assert (await alice.get("/me/products/free"))["PriceSchedule"] is None

    refusal = await alice.refusal("POST", "/cart/lineitems", {"ProductID": "free"})

    assert refusal == (400, "PriceSchedule.MissingOrConflicting")


async def test_a_parent_product_cannot_be_bought(oc: OrderCloud, alice: Caller) -> None:
    admin = await oc.admin()
    await admin.ok("PATCH", "/products/p1", {"IsParent": True})

    refusal = await alice.refusal("POST", "/cart/lineitems", {"ProductID": "p1"})

    assert refusal == (400, "LineItem.CannotPurchaseParentProduct")


async def test_an_item_stays_with_its_product(alice: Caller) -> None:
    item = await alice.ok("POST", "/cart/lineitems", {"ProductID": "p1"})

    path = f"/cart/lineitems/{item['ID']}"

    refusal = await alice.refusal("PATCH", path, {"ProductID": "p2"})
    assert refusal == (400, "LineItem.CannotChangeProductID")


async def test_a_larger_quantity_reaches_the_next_price_break(oc: OrderCloud) -> None:
    bob = await oc.log_in("bob")
    breaks = (await bob.get("/me/products/p1"))["PriceSchedule"]["PriceBreaks"]

    item = await bob.ok("POST", "/cart/lineitems", {"ProductID": "p1", "Quantity": 10})

    assert item["UnitPrice"] == breaks[1]["Price"]


async def test_the_same_calls_work_on_an_order(alice: Caller) -> None:
    order = await alice.ok("POST", "/orders/Outgoing", {"ID": "o1", "Comments": "later"})
    assert (order["ID"], order["Status"]) == ("o1", "Unsubmitted")

    path = "/orders/Outgoing/o1/lineitems"
    item = await alice.ok("POST", path, {"ProductID": "p1"})

    assert await alice.ids(path) == [item["ID"]]
    assert await alice.get(f"{path}/{item['ID']}") == item
    assert (await alice.get("/orders/Outgoing/o1"))["LineItemCount"] == 1


async def test_nobody_touches_anothers_order(oc: OrderCloud, alice: Caller) -> None:
    await alice.ok("POST", "/orders/Outgoing", {"ID": "o1"})
    bob, guest = await oc.log_in("bob"), await oc.anonymous()

    for stranger in (bob, guest):
        path = "/orders/Outgoing/o1"
        assert await stranger.refusal("GET", path) == (404, "NotFound")
        body = {"ProductID": "p1"}
        assert await stranger.refusal("POST", f"{path}/lineitems", body) == (404, "NotFound")
    assert await bob.refusal("POST", "/orders/Outgoing", {"ID": "o1"}) == (409, "IdExists")


async def test_the_seller_edits_a_shoppers_order_at_the_shoppers_price(
    oc: OrderCloud, alice: Caller
) -> None:
    await alice.ok("POST", "/orders/Outgoing", {"ID": "o1"})
    admin = await oc.admin()

    item = await admin.ok("POST", "/orders/Incoming/o1/lineitems", {"ProductID": "watch-11"})

    assert item["PriceScheduleID"].startswith("vip-")


async def test_anonymous_shoppers_each_have_their_own_cart(oc: OrderCloud) -> None:
    first, second = await oc.anonymous(), await oc.anonymous()

    await first.ok("POST", "/cart/lineitems", {"ProductID": "p1"})

    assert (await first.get("/cart"))["LineItemCount"] == 1
    assert (await second.get("/cart"))["ID"] is None
    assert await second.ids("/cart/lineitems") == []
