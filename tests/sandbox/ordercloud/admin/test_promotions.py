from typing import Any

import pytest

from tests.sandbox.ordercloud.conftest import OrderCloud

NEW = {"ID": "x", "Code": "X", "EligibleExpression": "true", "ValueExpression": "1"}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"ValueExpression": None}, "Promotion.ValueExpressionCannotBeNull"),
        (
            {"StartDate": "2024-02-01", "ExpirationDate": "2024-01-01"},
            "Promotion.ExpirationPrecedsStart",
        ),
    ],
)
async def test_a_promotion_that_cannot_be_is_refused(
    oc: OrderCloud, change: dict[str, Any], code: str
) -> None:
    admin = await oc.admin()
    assert await admin.refusal("POST", "/promotions", {**NEW, **change}) == (400, code)


async def test_a_code_is_given_once(oc: OrderCloud) -> None:
    admin = await oc.admin()
    await admin.ok("POST", "/promotions", NEW)
    twin = {**NEW, "ID": "y", "Code": "x"}
    assert await admin.refusal("POST", "/promotions", twin) == (400, "Promotion.CodeInUse")


async def test_a_promotion_is_seen_by_those_it_is_assigned_to(oc: OrderCloud) -> None:
    admin, alice, bob = await oc.admin(), await oc.log_in("alice"), await oc.log_in("bob")
    await admin.ok("POST", "/promotions", NEW)
    party = {"PromotionID": "x", "BuyerID": "acme", "UserGroupID": "vip"}
    await admin.ok("POST", "/promotions/assignments", party)
    assert await alice.ids("/me/promotions?ID=x") == ["x"]
    listed = await admin.get("/promotions/assignments?promotionID=x&userGroupID=vip")
    assert listed["Items"] == [party]
    assert await bob.ids("/me/promotions?ID=x") == []
    await admin.ok("DELETE", "/promotions/x/assignments?buyerID=acme&userGroupID=vip")
    assert await alice.ids("/me/promotions?ID=x") == []
    await admin.ok("PATCH", "/promotions/x", {"AllowAllBuyers": True})
    assert await bob.ids("/me/promotions?ID=x") == ["x"]
