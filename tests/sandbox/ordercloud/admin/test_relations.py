from typing import Any, NamedTuple

import pytest

from tests.sandbox.ordercloud.conftest import OrderCloud


class Kind(NamedTuple):
    """One kind of assignment: where it is listed and made, one of them, how to delete it."""

    path: str
    body: dict[str, Any]
    one: str


CATEGORIES = "/catalogs/demo-catalog/categories"
KINDS = [
    Kind(
        "/catalogs/assignments",
        {"CatalogID": "globex-catalog", "BuyerID": "acme"},
        "/catalogs/globex-catalog/assignments?buyerID=acme",
    ),
    Kind(
        "/catalogs/productassignments",
        {"CatalogID": "globex-catalog", "ProductID": "watch-1"},
        "/catalogs/globex-catalog/productassignments/watch-1",
    ),
    Kind(
        f"{CATEGORIES}/assignments",
        {"CategoryID": "vip-lounge", "BuyerID": "acme", "UserGroupID": "wholesale"},
        f"{CATEGORIES}/vip-lounge/assignments?buyerID=acme&userGroupID=wholesale",
    ),
    Kind(
        f"{CATEGORIES}/productassignments",
        {"CategoryID": "bags", "ProductID": "watch-1"},
        f"{CATEGORIES}/bags/productassignments/watch-1",
    ),
    Kind(
        "/products/assignments",
        {"ProductID": "x", "BuyerID": "acme"},
        "/products/x/assignments/acme",
    ),
    Kind(
        "/buyers/acme/usergroups/assignments",
        {"UserGroupID": "wholesale", "UserID": "alice"},
        "/buyers/acme/usergroups/wholesale/assignments/alice",
    ),
]


def query(body: dict[str, Any]) -> str:
    return "&".join(f"{name[0].lower()}{name[1:]}={value}" for name, value in body.items())


@pytest.mark.parametrize("kind", KINDS, ids=[kind.path for kind in KINDS])
async def test_an_assignment_is_made_listed_and_deleted(oc: OrderCloud, kind: Kind) -> None:
    admin = await oc.admin()
    listed = f"{kind.path}?{query(kind.body)}"
    await admin.ok("POST", "/products", {"ID": "x", "Name": "X"})

    assert (await admin.get(listed))["Items"] == []
    for _ in range(2):
        made = await admin.call("POST", kind.path, kind.body)
        assert (made.status_code, made.content) == (204, b"")
    [found] = (await admin.get(listed))["Items"]
    assert found.items() >= kind.body.items()
    assert (await admin.call("DELETE", kind.one)).status_code == 204
    assert (await admin.get(listed))["Items"] == []
    assert await admin.refusal("DELETE", kind.one) == (404, "NotFound")


@pytest.mark.parametrize("kind", KINDS, ids=[kind.path for kind in KINDS])
async def test_what_does_not_exist_cannot_be_assigned(oc: OrderCloud, kind: Kind) -> None:
    admin = await oc.admin()
    for name in kind.body:
        nowhere = {**kind.body, name: "nowhere"}
        assert await admin.refusal("POST", kind.path, nowhere) == (404, "NotFound")


@pytest.mark.parametrize("kind", KINDS, ids=[kind.path for kind in KINDS])
async def test_an_assignment_without_its_thing_is_refused(oc: OrderCloud, kind: Kind) -> None:
    admin = await oc.admin()
    _, *rest = kind.body.items()
    assert await admin.refusal("POST", kind.path, dict(rest)) == (400, "ValidationFailure")


async def test_a_level_narrows_to_buyers_or_to_groups(oc: OrderCloud) -> None:
    admin = await oc.admin()
    path = f"{CATEGORIES}/assignments"
    everything = (await admin.get(f"{path}?pageSize=100"))["Items"]
    groups = (await admin.get(f"{path}?level=Group&pageSize=100"))["Items"]
    companies = (await admin.get(f"{path}?level=Company&pageSize=100"))["Items"]
    assert groups == [each for each in everything if each["UserGroupID"]]
    assert companies == [each for each in everything if not each["UserGroupID"]]


async def test_a_product_assignment_sets_the_price_of_a_group(oc: OrderCloud) -> None:
    admin, alice = await oc.admin(), await oc.log_in("alice")
    schedule = {"ID": "special", "Name": "X", "PriceBreaks": [{"Quantity": 1, "Price": 7}]}
    await admin.ok("POST", "/priceschedules", schedule)
    offer = {"ProductID": "watch-1", "BuyerID": "acme", "UserGroupID": "vip"}
    await admin.ok("POST", "/products/assignments", {**offer, "PriceScheduleID": "special"})
    product = await alice.get("/me/products/watch-1")
    assert product["PriceSchedule"]["ID"] == "special"
    assert product["PriceSchedule"]["PriceBreaks"][0]["Price"] == 7
