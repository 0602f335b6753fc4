"""Product lists trail writes by a settable delay; nothing else does."""

import pytest

from tests.sandbox.ordercloud.conftest import Caller, OrderCloud

NOON = 1_767_268_800  # seconds, a moment all tests begin at


async def at(oc: OrderCloud, seconds: float) -> None:
    await oc.client.put("/_sandbox/clock", json={"now": NOON + seconds})


async def with_lag(oc: OrderCloud, lag_s: float) -> tuple[Caller, Caller]:
    """Return an administrator and a shopper of an emulator whose index lags from now on."""
    await at(oc, 0)
    await oc.client.put("/_sandbox/options", json={"index_lag_s": lag_s})
    return await oc.admin(), await oc.log_in("alice")


async def names(caller: Caller, path: str = "/me/products?ID=p1|p2|x") -> list[str]:
    return [product["Name"] for product in (await caller.get(path))["Items"]]


@pytest.mark.parametrize("path", ["/me/products", "/products"])
async def test_a_change_is_on_lists_after_the_lag_and_by_id_at_once(
    oc: OrderCloud, path: str
) -> None:
    admin, alice = await with_lag(oc, 500)
    reader = alice if path.startswith("/me") else admin
    [before] = await names(reader, f"{path}?ID=p1")
    await admin.ok("PATCH", "/products/p1", {"Name": "New"})

    assert (await reader.get(f"{path}/p1"))["Name"] == "New"
    await at(oc, 400)
    assert await names(reader, f"{path}?ID=p1") == [before]
    await at(oc, 600)
    assert await names(reader, f"{path}?ID=p1") == ["New"]


async def test_each_write_has_its_own_moment(oc: OrderCloud) -> None:
    admin, alice = await with_lag(oc, 1000)
    await admin.ok("PATCH", "/products/p1", {"Name": "AAA"})
    await at(oc, 600)
    await admin.ok("PATCH", "/products/p2", {"Name": "BBB"})
    await at(oc, 1200)
    between = await names(alice)
    assert "AAA" in between
    assert "BBB" not in between
    await at(oc, 1800)
    assert await names(alice) == ["AAA", "BBB"]


async def test_prices_assignments_and_deletions_lag_as_well(oc: OrderCloud) -> None:
    admin, alice = await with_lag(oc, 500)
    [p1] = (await alice.get("/me/products?ID=p1"))["Items"]
    schedule = f"/priceschedules/{p1['PriceSchedule']['ID']}"
    await admin.ok("PATCH", schedule, {"PriceBreaks": [{"Quantity": 1, "Price": 1}]})
    await admin.ok("DELETE", "/catalogs/demo-catalog/productassignments/p2")
    await admin.ok("DELETE", "/products/p3")

    assert await alice.ids("/me/products?ID=p1|p2|p3&sortBy=ID") == ["p1", "p2", "p3"]
    assert (await alice.get("/me/products?ID=p1"))["Items"] == [p1]
    await at(oc, 600)
    assert await alice.ids("/me/products?ID=p1|p2|p3") == ["p1"]
    [p1] = (await alice.get("/me/products?ID=p1"))["Items"]
    assert [each["Price"] for each in p1["PriceSchedule"]["PriceBreaks"]] == [1]


async def test_without_lag_all_that_was_held_back_is_seen(oc: OrderCloud) -> None:
    admin, alice = await with_lag(oc, 3600)
    await admin.ok("PATCH", "/products/p1", {"Name": "New"})
    assert "New" not in await names(alice)
    await oc.client.put("/_sandbox/options", json={"index_lag_s": 0})
    assert "New" in await names(alice)


async def test_a_reset_ends_the_lag(oc: OrderCloud) -> None:
    admin, _ = await with_lag(oc, 3600)
    await admin.ok("PATCH", "/products/p1", {"Name": "New"})
    await oc.client.post("/_sandbox/reset")
    admin, alice = await oc.admin(), await oc.log_in("alice")
    assert "New" not in await names(alice)
    await admin.ok("PATCH", "/products/p1", {"Name": "Newer"})
    assert "Newer" in await names(alice)
