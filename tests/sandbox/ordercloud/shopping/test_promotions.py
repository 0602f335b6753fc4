"""Promotions on carts."""

from typing import Any

import pytest

from tests.sandbox.ordercloud.conftest import Caller, OrderCloud


@pytest.fixture
async def alice(oc: OrderCloud) -> Caller:
    """Return Alice with a cart."""
    caller = await oc.log_in("alice")
    await caller.ok("POST", "/cart/lineitems", {"ProductID": "p1", "Quantity": 2})
    return caller


async def make_promotion(oc: OrderCloud, code: str, **changes: Any) -> None:
    admin = await oc.admin()
    promotion = {
        "ID": code.lower(),
        "Code": code,
        "EligibleExpression": "true",
        "ValueExpression": "10",
        "CanCombine": True,
        "AllowAllBuyers": True,
        "Active": True,
    }
    await admin.ok("POST", "/promotions", promotion | changes)


async def test_a_code_takes_its_value_off(alice: Caller) -> None:
    before = await alice.get("/cart")

    answer = await alice.call("POST", "/cart/promotions/vip25")

    discount = round(before["Subtotal"] / 4, 2)
    assert answer.status_code == 201
    assert answer.json()["Amount"] == pytest.approx(discount, abs=0.01)
    cart = await alice.get("/cart")
    assert cart["PromotionDiscount"] == answer.json()["Amount"]
    assert cart["Total"] == pytest.approx(before["Total"] - cart["PromotionDiscount"])
    assert await alice.ids("/cart/promotions") == ["vip25"]


async def test_amounts_follow_the_cart(alice: Caller) -> None:
    first = await alice.ok("POST", "/cart/promotions/VIP25")
    await alice.ok("POST", "/cart/lineitems", {"ProductID": "p1", "Quantity": 2})

    after = (await alice.get("/cart/promotions"))["Items"][0]

    assert after["Amount"] == pytest.approx(first["Amount"] * 2, abs=0.01)
    assert after["DateApplied"] == first["DateApplied"]


async def test_what_the_cart_is_not_eligible_for_any_more_is_dropped(alice: Caller) -> None:
    for _ in range(2):
        await alice.ok("POST", "/cart/lineitems", {"ProductID": "p2"})
    await alice.ok("POST", "/cart/promotions/LOYAL3")
    items = await alice.ids("/cart/lineitems")

    await alice.ok("DELETE", f"/cart/lineitems/{items[0]}")

    assert await alice.ids("/cart/promotions") == []
    assert (await alice.get("/cart"))["PromotionDiscount"] == 0


@pytest.mark.parametrize(
    ("code", "status", "error"),
    [
        ("NOSUCHCODE", 404, "NotFound"),
        ("CARTON", 404, "NotFound"),
        ("PAUSED20", 400, "Promotion.NotActive"),
        ("LASTSUMMER", 400, "Promotion.Expired"),
        ("LOYAL3", 400, "Promotion.NotEligible"),
        ("TOMORROW", 400, "Promotion.NotYetValid"),
        ("USEDUP", 400, "Promotion.ExceedsUsageLimit"),
        ("BROKEN", 400, "Expression.InvalidSyntax"),
    ],
)
async def test_codes_that_do_not_work_are_refused(
    oc: OrderCloud, alice: Caller, code: str, status: int, error: str
) -> None:
    await make_promotion(oc, "TOMORROW", StartDate="2099-01-01T00:00:00Z")
    await make_promotion(oc, "USEDUP", RedemptionLimit=0)
    await make_promotion(oc, "BROKEN", EligibleExpression="order. >")

    assert await alice.refusal("POST", f"/cart/promotions/{code}") == (status, error)


async def test_a_code_counts_once(alice: Caller) -> None:
    await alice.ok("POST", "/cart/promotions/BUNDLE5")

    refusal = await alice.refusal("POST", "/cart/promotions/BUNDLE5")

    assert refusal == (400, "Promotion.AlreadyAdded")


@pytest.mark.parametrize("codes", [("BUNDLE5", "BIGCART"), ("BIGCART", "BUNDLE5")])
async def test_some_promotions_stand_alone(alice: Caller, codes: tuple[str, str]) -> None:
    first, second = codes
    await alice.ok("POST", f"/cart/promotions/{first}")

    refusal = await alice.refusal("POST", f"/cart/promotions/{second}")

    assert refusal == (400, "Promotion.CannotCombine")


async def test_others_add_up(alice: Caller) -> None:
    for code in ("BUNDLE5", "VIP25"):
        await alice.ok("POST", f"/cart/promotions/{code}")

    cart = await alice.get("/cart")
    assert cart["PromotionDiscount"] == pytest.approx(cart["Subtotal"] * 0.3, abs=0.02)


async def test_no_promotion_takes_off_more_than_there_is(oc: OrderCloud, alice: Caller) -> None:
    await make_promotion(oc, "HUGE", ValueExpression="1000000")

    await alice.ok("POST", "/cart/promotions/HUGE")

    assert (await alice.get("/cart"))["Total"] == 0


async def test_item_level_promotions_are_on_the_items(oc: OrderCloud, alice: Caller) -> None:
    await make_promotion(
        oc,
        "PERITEM",
        LineItemLevel=True,
        EligibleExpression="item.ProductID = 'p1'",
        ValueExpression="item.Quantity * 2",
    )
    await alice.ok("POST", "/cart/lineitems", {"ProductID": "p2"})

    await alice.ok("POST", "/cart/promotions/PERITEM")

    items = (await alice.get("/cart/lineitems"))["Items"]
    assert {item["ProductID"]: item["PromotionDiscount"] for item in items} == {"p1": 4, "p2": 0}
    assert all(
        item["LineTotal"] == item["LineSubtotal"] - item["PromotionDiscount"] for item in items
    )
    assert (await alice.get("/cart"))["PromotionDiscount"] == 4


async def test_a_promotion_is_taken_off(alice: Caller) -> None:
    await alice.ok("POST", "/cart/promotions/BUNDLE5")
    order_id = (await alice.get("/cart"))["ID"]

    assert (await alice.call("DELETE", "/cart/promotions/bundle5")).status_code == 204
    assert await alice.refusal("DELETE", "/cart/promotions/BUNDLE5") == (404, "NotFound")

    await alice.ok("POST", "/cart/promotions/BUNDLE5")
    order = await alice.ok("DELETE", f"/orders/Outgoing/{order_id}/promotions/BUNDLE5")
    assert order["PromotionDiscount"] == 0


async def test_eligible_promotions_say_what_they_would_take_off(alice: Caller) -> None:
    eligible = (await alice.get("/cart/eligiblepromotions?pageSize=100"))["Items"]

    amounts = {each["ID"]: each["Amount"] for each in eligible}
    assert {"vip25", "bundle5", "welcome10"} <= amounts.keys()
    assert not {"loyal3", "lastsummer", "carton"} & amounts.keys()
    applied = await alice.ok("POST", "/cart/promotions/VIP25")
    assert applied["Amount"] == amounts["vip25"]


async def test_some_promotions_need_no_code(oc: OrderCloud, alice: Caller) -> None:
    await make_promotion(oc, "SELF", AutoApply=True)
    assert await alice.ids("/cart/promotions") == []

    cart = await alice.ok("POST", "/cart/applypromotions")

    assert cart["PromotionDiscount"] == 10
    again = await alice.ok("POST", "/cart/applypromotions")
    assert again["PromotionDiscount"] == 10


async def test_refreshing_says_what_has_changed(oc: OrderCloud, alice: Caller) -> None:
    await alice.ok("POST", "/cart/promotions/BUNDLE5")
    admin = await oc.admin()
    await admin.ok("PATCH", "/promotions/bundle5", {"EligibleExpression": "false"})
    await make_promotion(oc, "SELF", AutoApply=True)

    changes = await alice.ok("POST", "/cart/refreshpromotions")

    assert [each["ID"] for each in changes["PromosAdded"]] == ["self"]
    removed = [(each["ID"], each["ErrorCode"]) for each in changes["PromosRemoved"]]
    assert removed == [("bundle5", "Promotion.NotEligible")]
    assert await alice.ids("/cart/promotions") == ["self"]


async def test_redemptions_are_counted_and_limited_per_user(oc: OrderCloud, alice: Caller) -> None:
    await make_promotion(oc, "ONCE", RedemptionLimitPerUser=1)
    await alice.ok("POST", "/cart/promotions/ONCE")
    await alice.ok("POST", "/cart/submit")
    await alice.ok("POST", "/cart/lineitems", {"ProductID": "p1"})

    assert (await alice.get("/me/promotions/once"))["RedemptionCount"] == 1
    again = await alice.refusal("POST", "/cart/promotions/ONCE")
    assert again == (400, "Promotion.ExceedsUsageLimit")
    bob = await oc.log_in("bob")
    await bob.ok("POST", "/cart/lineitems", {"ProductID": "p1"})
    await bob.ok("POST", "/cart/promotions/ONCE")
