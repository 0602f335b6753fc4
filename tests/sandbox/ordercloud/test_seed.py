"""What the demo, the rules and outside checks rely on."""

import time
from collections import Counter

import pytest

from sandbox.ordercloud import seed
from sandbox.ordercloud.store import Store
from tests.sandbox.ordercloud.conftest import OrderCloud

EVERYONE = ("guest-template", "alice", "bob", "carol")
CATEGORIES = {
    "watches",
    "mens-watches",
    "womens-watches",
    "shoes",
    "sneakers",
    "boots",
    "bags",
    "jackets",
    "featured",
    "new",
    "sale",
}
PRIVATE = {"alice": "vip-lounge", "bob": "wholesale-packs", "carol": "globex-exclusives"}


def make_store(products: int = 240) -> Store:
    store = Store()
    seed.plant(store, products_count=products, base_url="http://oc.test")
    return store


def test_the_same_seed_is_the_same_data() -> None:
    first, second = make_store(), make_store()

    for kind in ("products", "price_schedules", "promotions", "catalogs", "buyers"):
        assert list(getattr(first, kind)) == list(getattr(second, kind))


def test_a_larger_catalog_begins_like_a_smaller_one() -> None:
    small, large = list(make_store(50).products), list(make_store(300).products)

    assert large[: len(small)] == small
    assert [each["ID"] for each in large[-1:]] == ["p300"]


def test_products_have_extended_properties_of_several_types() -> None:
    for product in make_store().products:
        xp = product["xp"]
        assert isinstance(xp["color"], str)
        assert isinstance(xp["brand"], str)
        assert isinstance(xp["rating"], float)
        assert isinstance(xp["margin"], float)
        assert isinstance(xp["isNew"], bool)
        assert all(isinstance(tag, str) for tag in xp["tags"])
        assert xp["details"].keys() == {"material", "season"}
        assert len(product["Name"]) <= 100


def test_every_audience_has_products_and_some_are_inactive() -> None:
    products = list(make_store().products)

    audiences = Counter(product["xp"]["targetAudience"] for product in products)
    assert audiences.keys() == {"newVisitor", "repeatCustomer", "vip", "bargainHunter"}
    assert min(audiences.values()) >= 20
    assert 1 <= sum(not product["Active"] for product in products) <= 20


@pytest.mark.parametrize("username", EVERYONE)
async def test_everyone_sees_the_public_catalog(oc: OrderCloud, username: str) -> None:
    shopper = await oc.log_in(username)

    categories = set(await shopper.ids("/me/categories?depth=all&pageSize=100"))
    own = {PRIVATE[username]} if username in PRIVATE else set()
    assert categories >= CATEGORIES
    assert categories & set(PRIVATE.values()) == own
    assert await shopper.ids("/me/products?ID=p1|p2|p3&sortBy=ID") == ["p1", "p2", "p3"]
    for category in CATEGORIES:
        page = await shopper.get(f"/me/products?categoryID={category}")
        assert page["Meta"]["TotalCount"] > 0, category


@pytest.mark.parametrize("username", EVERYONE)
async def test_mens_watches_are_twelve_two_of_them_for_vips(oc: OrderCloud, username: str) -> None:
    shopper = await oc.log_in(username)

    watches = await shopper.ids("/me/products?categoryID=mens-watches&pageSize=100")

    last = 12 if username == "alice" else 10
    assert set(watches) == {f"watch-{number}" for number in range(1, last + 1)}


async def test_anonymous_shoppers_see_what_the_template_user_sees(oc: OrderCloud) -> None:
    guest, template = await oc.anonymous(), await oc.log_in("guest-template")

    for path in ("/me/products?pageSize=100", "/me/categories?depth=all", "/me/promotions"):
        assert await guest.get(path) == await template.get(path)


@pytest.mark.parametrize("username", PRIVATE)
async def test_each_party_has_products_of_its_own(oc: OrderCloud, username: str) -> None:
    shopper, guest = await oc.log_in(username), await oc.anonymous()

    own = await shopper.ids(f"/me/products?categoryID={PRIVATE[username]}&Active=true")

    assert own
    assert await guest.ids(f"/me/products?ID={'|'.join(own)}") == []


async def test_vips_pay_less_and_wholesale_by_quantity(oc: OrderCloud) -> None:
    prices = {}
    for username in EVERYONE:
        shopper = await oc.log_in(username)
        product = await shopper.get("/me/products/p1")
        prices[username] = product["PriceSchedule"]["PriceBreaks"]

    assert prices["alice"][0]["Price"] < prices["guest-template"][0]["Price"]
    assert [each["Quantity"] for each in prices["bob"]] == [1, 10, 50]
    assert prices["bob"][2]["Price"] < prices["bob"][0]["Price"]


async def test_promotions_are_for_everyone_for_groups_and_for_one_buyer(oc: OrderCloud) -> None:
    store = make_store()
    seen = {}
    for username in EVERYONE:
        shopper = await oc.log_in(username)
        seen[username] = set(await shopper.ids("/me/promotions?pageSize=100"))
        loyal = await shopper.ids("/me/promotions?xp.targetAudience=repeatCustomer")
        assert len(loyal) >= 3

    assert len(store.promotions) >= 12
    assert {"vip25", "vipearly"} == seen["alice"] - seen["guest-template"]
    assert {"globex10", "globexfreight"} == seen["carol"] - seen["guest-template"]
    assert "paused20" not in set().union(*seen.values())
    assert "lastsummer" in seen["guest-template"]


def test_a_large_catalog_is_planted_quickly() -> None:
    begin = time.process_time()

    store = make_store(10_000)

    assert len(store.products) == 10_012
    assert time.process_time() - begin < 5


async def test_product_lists_count_what_shoppers_choose_by(oc: OrderCloud) -> None:
    alice = await oc.log_in("alice")

    meta = (await alice.get("/me/products?categoryID=mens-watches"))["Meta"]

    facets = {facet["Name"]: facet["Values"] for facet in meta["Facets"]}
    assert list(facets) == ["Color", "Brand", "Material", "New"]
    counts = [value["Count"] for value in facets["Color"]]
    assert sum(counts) == meta["TotalCount"]
    assert counts == sorted(counts, reverse=True)
