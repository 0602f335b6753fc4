import pytest

from tests.sandbox.ordercloud.conftest import OrderCloud

PATH = "/catalogs/demo-catalog/categories"


async def test_a_list_goes_down_as_many_levels_as_depth_says(oc: OrderCloud) -> None:
    admin = await oc.admin()
    assert "mens-watches" not in await admin.ids(f"{PATH}?pageSize=100")
    assert "mens-watches" in await admin.ids(f"{PATH}?pageSize=100&depth=all")
    assert await admin.ids(f"{PATH}?ParentID=watches") == ["mens-watches", "womens-watches"]
    await admin.ok("PATCH", f"{PATH}/womens-watches", {"ParentID": "mens-watches"})
    assert await admin.ids(f"{PATH}?ParentID=watches") == ["mens-watches"]
    below = await admin.ids(f"{PATH}?ParentID=watches&depth=all")
    assert below == ["mens-watches", "womens-watches"]


@pytest.mark.parametrize("parent", ["watches", "mens-watches"])
async def test_a_category_cannot_be_below_itself(oc: OrderCloud, parent: str) -> None:
    admin = await oc.admin()
    refused = await admin.refusal("PATCH", f"{PATH}/watches", {"ParentID": parent})
    assert refused == (400, "Category.CircularReference")


async def test_a_parent_must_exist(oc: OrderCloud) -> None:
    admin = await oc.admin()
    orphan = {"Name": "X", "ParentID": "nowhere"}
    assert await admin.refusal("POST", PATH, orphan) == (404, "NotFound")
    assert (await admin.ok("PATCH", f"{PATH}/watches", {"ParentID": "bags"}))["ParentID"] == "bags"
    assert (await admin.ok("PATCH", f"{PATH}/watches", {"ParentID": None}))["ParentID"] is None


async def test_a_deleted_category_takes_those_below_along(oc: OrderCloud) -> None:
    admin, alice = await oc.admin(), await oc.log_in("alice")
    await admin.ok("DELETE", f"{PATH}/watches")
    assert await admin.refusal("GET", f"{PATH}/mens-watches") == (404, "NotFound")
    assert await alice.refusal("GET", "/me/products?categoryID=mens-watches") == (404, "NotFound")
    assert (await admin.get(f"{PATH}/productassignments?categoryID=mens-watches"))["Items"] == []


async def test_a_new_category_with_a_product_is_seen_once_it_is_assigned(oc: OrderCloud) -> None:
    admin, bob = await oc.admin(), await oc.log_in("bob")
    await admin.ok("POST", PATH, {"ID": "x", "Name": "X", "Active": True})
    await admin.ok("POST", f"{PATH}/productassignments", {"CategoryID": "x", "ProductID": "p1"})
    assert "x" not in await bob.ids("/me/categories?pageSize=100")
    seen = {"CategoryID": "x", "BuyerID": "acme", "UserGroupID": "wholesale", "Visible": True}
    await admin.ok("POST", f"{PATH}/assignments", seen)
    assert "x" in await bob.ids("/me/categories?pageSize=100")
    assert await bob.ids("/me/products?categoryID=x") == ["p1"]
