from typing import Any

import pytest

from tests.sandbox.ordercloud.conftest import OrderCloud

ONE, FIVE = {"Quantity": 1, "Price": 10}, {"Quantity": 5, "Price": 8}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"PriceBreaks": [ONE, ONE]}, "PriceSchedule.DuplicatePriceBreaks"),
        ({"MinQuantity": 5, "MaxQuantity": 2}, "PriceSchedule.MinGreaterThanMax"),
        (
            {"SaleStart": "2024-02-01", "SaleEnd": "2024-01-01"},
            "PriceSchedule.InvalidSaleStartOrSaleEnd",
        ),
    ],
)
async def test_a_schedule_that_contradicts_itself_is_refused(
    oc: OrderCloud, change: dict[str, Any], code: str
) -> None:
    admin = await oc.admin()
    assert await admin.refusal("POST", "/priceschedules", {"Name": "X", **change}) == (400, code)


async def test_price_breaks_are_saved_and_deleted_one_by_one(oc: OrderCloud) -> None:
    admin = await oc.admin()
    await admin.ok("POST", "/priceschedules", {"ID": "x", "Name": "X", "PriceBreaks": [FIVE]})
    path = "/priceschedules/x/PriceBreaks"
    saved = await admin.call("POST", path, ONE)
    assert saved.status_code == 201
    assert [each["Quantity"] for each in saved.json()["PriceBreaks"]] == [1, 5]
    await admin.ok("POST", path, {"Quantity": 5, "Price": 7})
    await admin.ok("DELETE", f"{path}?quantity=1")
    [left] = (await admin.get("/priceschedules/x"))["PriceBreaks"]
    assert (left["Quantity"], left["Price"]) == (5, 7)
    for quantity in ("1", "", "x"):
        refused = await admin.refusal("DELETE", f"{path}?quantity={quantity}")
        assert refused == (400, "PriceSchedule.QtyNotFound")


async def test_a_price_change_is_on_the_next_list(oc: OrderCloud) -> None:
    admin, alice = await oc.admin(), await oc.log_in("alice")
    [product] = (await alice.get("/me/products?ID=watch-1"))["Items"]
    path = f"/priceschedules/{product['PriceSchedule']['ID']}"
    await admin.ok("PATCH", path, {"PriceBreaks": [{"Quantity": 1, "Price": 1.25}]})
    [product] = (await alice.get("/me/products?ID=watch-1"))["Items"]
    assert [each["Price"] for each in product["PriceSchedule"]["PriceBreaks"]] == [1.25]
