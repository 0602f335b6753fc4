import pytest

from tests.sandbox.ordercloud.conftest import OrderCloud


async def test_the_list_narrows_to_a_catalog_and_a_category(oc: OrderCloud) -> None:
    admin = await oc.admin()
    everything = (await admin.get("/products"))["Meta"]["TotalCount"]
    in_catalog = (await admin.get("/products?catalogID=globex-catalog"))["Meta"]["TotalCount"]
    assert 0 < in_catalog < everything
    watches = await admin.ids("/products?catalogID=demo-catalog&categoryID=mens-watches")
    assert {"watch-1", "watch-12"} <= set(watches)
    await admin.ok("PATCH", "/products/p1", {"DefaultSupplierID": "maker"})
    assert await admin.ids("/products?supplierID=maker") == ["p1"]


async def test_a_category_needs_its_catalog(oc: OrderCloud) -> None:
    admin = await oc.admin()
    refused = await admin.refusal("GET", "/products?categoryID=mens-watches")
    assert refused == (400, "Product.CategoryFilterRequiresCatalogID")


async def test_inactive_products_are_listed(oc: OrderCloud) -> None:
    admin, alice = await oc.admin(), await oc.log_in("alice")
    assert (await admin.get("/products?Active=false"))["Meta"]["TotalCount"]
    assert (await alice.get("/me/products?Active=false"))["Meta"]["TotalCount"] == 0


async def test_a_write_is_on_the_next_list(oc: OrderCloud) -> None:
    admin, alice = await oc.admin(), await oc.log_in("alice")
    await admin.ok("PATCH", "/products/watch-1", {"Name": "Renamed", "xp": {"color": "mauve"}})
    assert await alice.ids("/me/products?xp.color=mauve") == ["watch-1"]
    assert await alice.ids("/me/products?search=renamed") == ["watch-1"]
    await admin.ok("PATCH", "/products/watch-1", {"Active": False})
    assert await alice.ids("/me/products?xp.color=mauve") == []


async def test_an_xp_key_of_another_type_takes_a_product_off_the_lists(oc: OrderCloud) -> None:
    admin, alice = await oc.admin(), await oc.log_in("alice")
    await admin.ok("PATCH", "/products/p1", {"xp": {"rating": "high"}})
    assert (await alice.get("/me/products/p1"))["xp"]["rating"] == "high"
    assert await alice.ids("/me/products?ID=p1|p2") == ["p2"]
    assert await admin.ids("/products?ID=p1") == []
    await admin.ok("PATCH", "/products/p1", {"xp": {"rating": 5}})
    assert set(await alice.ids("/me/products?ID=p1|p2")) == {"p1", "p2"}


async def test_a_deleted_product_takes_its_assignments_along(oc: OrderCloud) -> None:
    admin, alice = await oc.admin(), await oc.log_in("alice")
    await admin.ok("DELETE", "/products/watch-1")
    assert await alice.ids("/me/products?ID=watch-1") == []
    for path in ("/products", "/catalogs", "/catalogs/demo-catalog/categories"):
        kind = "assignments" if path == "/products" else "productassignments"
        assert (await admin.get(f"{path}/{kind}?productID=watch-1"))["Items"] == []


@pytest.mark.parametrize("name", ["ParentID", "DefaultPriceScheduleID"])
async def test_what_a_product_refers_to_must_exist(oc: OrderCloud, name: str) -> None:
    admin = await oc.admin()
    assert await admin.refusal("PATCH", "/products/p1", {name: "nowhere"}) == (404, "NotFound")


async def test_parents_have_children_but_no_parents(oc: OrderCloud) -> None:
    admin = await oc.admin()
    child = {"ID": "child", "Name": "X", "ParentID": "p1"}
    assert await admin.refusal("POST", "/products", child) == (400, "Product.IsNotParent")
    await admin.ok("PATCH", "/products/p1", {"IsParent": True})
    await admin.ok("POST", "/products", child)
    refused = await admin.refusal("PATCH", "/products/child", {"IsParent": True})
    assert refused == (400, "Product.ParentProductCannotHaveParent")
    refused = await admin.refusal("DELETE", "/products/p1")
    assert refused == (400, "Product.CannotDeleteParentProduct")


async def test_a_new_facet_is_counted_on_every_product_list(oc: OrderCloud) -> None:
    admin, alice = await oc.admin(), await oc.log_in("alice")
    facet = await admin.ok("POST", "/productfacets", {"ID": "audience", "Name": "Audience"})
    assert facet["XpPath"] == "xp.audience"
    assert facet["MinCount"] == 1
    await admin.ok("PATCH", "/productfacets/audience", {"XpPath": "xp.targetAudience"})
    page = await alice.get("/me/products?xp.targetAudience=vip")
    found = {each["Name"]: each["Values"] for each in page["Meta"]["Facets"]}
    assert found["Audience"] == [{"Value": "vip", "Count": page["Meta"]["TotalCount"]}]


async def test_two_facets_cannot_count_the_same_field(oc: OrderCloud) -> None:
    admin = await oc.admin()
    await admin.ok("POST", "/productfacets", {"ID": "one", "Name": "One", "XpPath": "xp.one"})
    twin = {"ID": "two", "Name": "Two", "XpPath": "xp.one"}
    refused = await admin.refusal("POST", "/productfacets", twin)
    assert refused == (400, "ProductFacet.XpPathInUse")
