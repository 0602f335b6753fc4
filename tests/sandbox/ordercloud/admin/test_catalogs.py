from tests.sandbox.ordercloud.conftest import OrderCloud


async def test_a_default_catalog_cannot_be_deleted(oc: OrderCloud) -> None:
    admin = await oc.admin()
    refused = await admin.refusal("DELETE", "/catalogs/demo-catalog")
    assert refused == (400, "Catalog.CannotDelete")


async def test_a_deleted_catalog_takes_its_categories_and_assignments_along(oc: OrderCloud) -> None:
    admin, carol = await oc.admin(), await oc.log_in("carol")
    assert "globex-catalog" in await carol.ids("/me/catalogs")
    await admin.ok("DELETE", "/catalogs/globex-catalog")
    assert "globex-catalog" not in await carol.ids("/me/catalogs")
    assert (await admin.get("/catalogs/assignments?catalogID=globex-catalog"))["Items"] == []
    path = "/catalogs/globex-catalog/categories"
    assert await admin.refusal("GET", path) == (404, "NotFound")


async def test_a_product_that_leaves_a_catalog_leaves_its_categories(oc: OrderCloud) -> None:
    admin, alice = await oc.admin(), await oc.log_in("alice")
    assert await alice.ids("/me/products?ID=watch-1") == ["watch-1"]
    await admin.ok("DELETE", "/catalogs/demo-catalog/productassignments/watch-1")
    assert await alice.ids("/me/products?ID=watch-1") == []
    path = "/catalogs/demo-catalog/categories/productassignments?productID=watch-1"
    assert (await admin.get(path))["Items"] == []


async def test_a_catalog_counts_its_categories(oc: OrderCloud) -> None:
    admin = await oc.admin()
    before = (await admin.get("/catalogs/demo-catalog"))["CategoryCount"]
    await admin.ok("POST", "/catalogs/demo-catalog/categories", {"Name": "X"})
    assert (await admin.get("/catalogs/demo-catalog"))["CategoryCount"] == before + 1
