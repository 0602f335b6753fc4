"""What shoppers read under `/v1/me`."""

import pytest

from tests.sandbox.ordercloud.conftest import OrderCloud


async def test_a_user_has_company_groups_roles_and_locale(oc: OrderCloud) -> None:
    alice = await oc.log_in("alice")

    me = await alice.get("/me")

    assert me["Buyer"] == {"ID": "acme", "DefaultCatalogID": "demo-catalog"}
    assert (me["Supplier"], me["Seller"]) == (None, {"ID": "demo"})
    assert (me["CompanyID"], me["Password"]) == ("acme", None)
    assert me["Locale"]["Currency"] == "USD"
    assert "Shopper" in me["AvailableRoles"]
    assert await alice.ids("/me/usergroups") == ["vip"]


async def test_the_seller_has_no_buyer(oc: OrderCloud) -> None:
    admin = await oc.admin()

    me = await admin.get("/me")

    assert (me["Buyer"], me["CompanyID"], me["AvailableRoles"]) == (None, "demo", ["FullAccess"])
    assert await admin.ids("/me/products") == []


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("ParentID=watches", ["mens-watches", "womens-watches"]),
        ("ParentID=watches&depth=all", ["mens-watches", "womens-watches"]),
        ("depth=2&ID=watches|mens-watches", ["watches", "mens-watches"]),
        ("ID=watches|mens-watches", ["watches"]),
        ("depth=all&productID=watch-1", ["mens-watches"]),
        ("depth=all&search=watch&sortBy=!ID", ["womens-watches", "watches", "mens-watches"]),
        ("depth=all&Name=Boots", ["boots"]),
    ],
)
async def test_categories_are_listed_by_level(oc: OrderCloud, query: str, found: list[str]) -> None:
    guest = await oc.anonymous()

    assert sorted(await guest.ids(f"/me/categories?{query}")) == sorted(found)


async def test_top_categories_come_by_default_with_their_number_of_children(
    oc: OrderCloud,
) -> None:
    guest = await oc.anonymous()

    categories = (await guest.get("/me/categories"))["Items"]

    counts = {each["ID"]: each["ChildCount"] for each in categories}
    assert counts["watches"] == 2
    assert counts["featured"] == 0
    assert "mens-watches" not in counts


@pytest.mark.parametrize("depth", ["0", "-1", "deep", "1.5"])
@pytest.mark.parametrize("path", ["/me/categories", "/me/products"])
async def test_a_depth_is_a_number_or_all(oc: OrderCloud, path: str, depth: str) -> None:
    guest = await oc.anonymous()

    refusal = await guest.refusal("GET", f"{path}?depth={depth}")

    assert refusal == (400, "Category.InvalidDepth")


async def test_lists_of_categories_keep_to_one_catalog(oc: OrderCloud) -> None:
    carol = await oc.log_in("carol")

    assert await carol.ids("/me/categories?catalogID=globex-catalog") == ["workwear"]
    assert "workwear" not in await carol.ids("/me/categories?depth=all&pageSize=100")
    workwear = await carol.get("/me/categories/workwear?catalogID=globex-catalog")
    assert workwear["Name"] == "Workwear"


async def test_a_catalog_of_another_buyer_is_not_found(oc: OrderCloud) -> None:
    alice = await oc.log_in("alice")

    for path in (
        "/me/catalogs/globex-catalog",
        "/me/categories?catalogID=globex-catalog",
        "/me/categories/workwear?catalogID=globex-catalog",
        "/me/products?catalogID=globex-catalog",
    ):
        assert await alice.refusal("GET", path) == (404, "NotFound")


async def test_catalogs_count_their_categories(oc: OrderCloud) -> None:
    carol = await oc.log_in("carol")

    catalog = await carol.get("/me/catalogs/globex-catalog")

    assert (catalog["CategoryCount"], catalog["OwnerID"]) == (1, "demo")


async def test_products_come_from_all_catalogs_unless_one_is_asked_for(oc: OrderCloud) -> None:
    carol = await oc.log_in("carol")

    everything = (await carol.get("/me/products"))["Meta"]["TotalCount"]
    demo = (await carol.get("/me/products?catalogID=demo-catalog"))["Meta"]["TotalCount"]
    globex = (await carol.get("/me/products?catalogID=globex-catalog"))["Meta"]["TotalCount"]

    assert everything == demo + globex
    assert globex > 0


async def test_a_category_means_its_whole_tree_unless_depth_says_otherwise(
    oc: OrderCloud,
) -> None:
    guest = await oc.anonymous()

    assert "watch-1" in await guest.ids("/me/products?categoryID=watches&pageSize=100")
    assert await guest.ids("/me/products?categoryID=watches&depth=1") == []
    assert len(await guest.ids("/me/products?categoryid=mens-watches&PAGESIZE=100")) == 10


async def test_a_category_filter_needs_a_catalog(oc: OrderCloud) -> None:
    admin = await oc.admin()

    refusal = await admin.refusal("GET", "/me/products?categoryID=watches")

    assert refusal == (400, "Product.CategoryFilterRequiresCatalogID")


async def test_without_a_default_catalog_there_are_no_categories(oc: OrderCloud) -> None:
    admin = await oc.admin()

    assert await admin.ids("/me/categories") == []
    assert await admin.refusal("GET", "/me/categories/watches") == (404, "NotFound")


@pytest.mark.parametrize("category", ["unknown", "vip-lounge"])
async def test_a_category_that_is_not_seen_is_not_found(oc: OrderCloud, category: str) -> None:
    bob = await oc.log_in("bob")

    assert await bob.refusal("GET", f"/me/products?categoryID={category}") == (404, "NotFound")
    assert await bob.refusal("GET", f"/me/categories/{category}") == (404, "NotFound")


async def test_products_show_the_shoppers_price_and_nothing_of_the_sellers(
    oc: OrderCloud,
) -> None:
    for username, schedule, currency in (
        ("guest-template", "list", "USD"),
        ("alice", "vip", "USD"),
        ("bob", "wholesale", "USD"),
        ("carol", "globex", "EUR"),
    ):
        shopper = await oc.log_in(username)
        product = await shopper.get("/me/products/watch-1")
        assert product["PriceSchedule"]["ID"].startswith(f"{schedule}-")
        assert product["PriceSchedule"]["Currency"] == currency
        assert not {"OwnerID", "DefaultPriceScheduleID", "AutoForward"} & product.keys()


async def test_a_product_looks_the_same_alone_and_in_a_list(oc: OrderCloud) -> None:
    alice = await oc.log_in("alice")

    listed = (await alice.get("/me/products?ID=watch-11"))["Items"]

    assert listed == [await alice.get("/me/products/watch-11")]


@pytest.mark.parametrize("product", ["watch-11", "watch-12", "unknown"])
async def test_products_that_are_not_seen_are_not_found(oc: OrderCloud, product: str) -> None:
    for shopper in (await oc.anonymous(), await oc.log_in("bob"), await oc.log_in("carol")):
        answer = await shopper.call("GET", f"/me/products/{product}")
        assert answer.status_code == 404
        data = {"ObjectType": "Product", "ObjectID": product}
        assert answer.json()["Errors"][0]["Data"] == data


async def test_sales_begin_and_end_by_the_clock(oc: OrderCloud) -> None:
    guest = await oc.anonymous()

    async def on_sale() -> set[bool]:
        products = (await guest.get("/me/products?categoryID=sale"))["Items"]
        return {product["PriceSchedule"]["IsOnSale"] for product in products}

    await oc.client.put("/_sandbox/clock", json={"now": "2026-01-01T00:00:00Z"})
    guest = await oc.anonymous()
    assert await on_sale() == {True}
    await oc.client.put("/_sandbox/clock", json={"now": "2044-01-01T00:00:00Z"})
    guest = await oc.anonymous()
    assert await on_sale() == {False}


async def test_promotions_are_seen_one_by_one_too(oc: OrderCloud) -> None:
    alice, bob = await oc.log_in("alice"), await oc.log_in("bob")

    assert (await alice.get("/me/promotions/vip25"))["Code"] == "VIP25"
    assert await bob.refusal("GET", "/me/promotions/vip25") == (404, "NotFound")


@pytest.mark.parametrize(
    "path",
    [
        "/me/costcenters",
        "/me/orderinvitations",
        "/me/orders/approvable",
        "/me/sellers",
        "/me/shipments",
        "/me/spendingAccounts",
        "/me/subscriptions",
        "/me/products/p1/specs",
        "/me/products/p1/variants",
        "/me/products/p1/sellers",
        "/me/products/p1/inventoryrecords",
    ],
)
async def test_what_the_seed_has_none_of_is_an_empty_list(oc: OrderCloud, path: str) -> None:
    alice = await oc.log_in("alice")

    page = await alice.get(path)

    assert page["Items"] == []
    assert page["Meta"]["TotalCount"] == 0


async def test_parts_of_unseen_products_are_not_found(oc: OrderCloud) -> None:
    bob = await oc.log_in("bob")

    assert await bob.refusal("GET", "/me/products/watch-11/specs") == (404, "NotFound")
