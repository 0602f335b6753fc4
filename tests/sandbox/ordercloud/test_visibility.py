from dataclasses import dataclass

import pytest

from sandbox.ordercloud import models
from sandbox.ordercloud.assignments import (
    CatalogAssignment,
    CategoryAssignment,
    CategoryKey,
    Offer,
    Party,
    ProductAssignment,
    ProductInCatalog,
    ProductInCategory,
    PromotionAssignment,
)
from sandbox.ordercloud.errors import ApiError
from sandbox.ordercloud.store import Store
from sandbox.ordercloud.visibility import Shelf, Viewer, Visibility

ACME, VIP, GLOBEX = Party("acme"), Party("acme", "vip"), Party("globex")
OUTER, INNER = CategoryKey("main", "outer"), CategoryKey("main", "inner")
VIEWERS = {
    "acme": Viewer("acme", frozenset(), "USD"),
    "vip": Viewer("acme", frozenset({"vip", "other"}), "USD"),
    "globex": Viewer("globex", frozenset({"vip"}), "EUR"),
}


def make_store() -> Store:
    """Return a catalog `main` with category `inner` in `outer`, and product `shoe` in `inner`."""
    store = Store()
    store.catalogs.add({**models.blank("Catalog"), "ID": "main", "Active": True})
    for category, parent in ((OUTER, None), (INNER, "outer")):
        entity = {"ID": category.category_id, "ParentID": parent, "Active": True}
        store.categories.of("main").add({**models.blank("Category"), **entity})
    store.products.add({**models.blank("Product"), "ID": "shoe", "Active": True})
    store.products_in_catalogs.save(ProductInCatalog("shoe", "main"))
    store.products_in_categories.save(ProductInCategory("shoe", INNER))
    return store


def seers_of_product(store: Store) -> set[str]:
    visibility = Visibility(store)
    return {name for name, who in VIEWERS.items() if visibility.products(who, Shelf()).rows}


def seers_of_category(store: Store) -> set[str]:
    visibility = Visibility(store)
    return {
        name
        for name, who in VIEWERS.items()
        if visibility.catalogs(who) and "inner" in visibility.categories(who, "main")
    }


@dataclass(frozen=True)
class Case:
    """Assignments, and who then sees the product and the category `inner`."""

    says: str
    catalog: tuple[CatalogAssignment, ...] = (CatalogAssignment("main", ACME),)
    category: tuple[CategoryAssignment, ...] = ()
    product: tuple[ProductAssignment, ...] = ()
    see_product: frozenset[str] = frozenset()
    see_category: frozenset[str] = frozenset()


ALL_ACME = frozenset({"acme", "vip"})
ONLY_VIP = frozenset({"vip"})
CASES = [
    Case("without any assignment nobody sees anything", catalog=()),
    Case("a catalog alone shows nothing of what it holds"),
    Case(
        "a catalog may show all products",
        catalog=(CatalogAssignment("main", ACME, view_all_products=True),),
        see_product=ALL_ACME,
    ),
    Case(
        "a catalog may show all categories",
        catalog=(CatalogAssignment("main", ACME, view_all_categories=True),),
        see_category=ALL_ACME,
    ),
    Case(
        "a category shows itself without its products",
        category=(CategoryAssignment(INNER, ACME, visible=True),),
        see_category=ALL_ACME,
    ),
    Case(
        "a category shows its products without being visible itself",
        category=(CategoryAssignment(INNER, ACME, view_all_products=True),),
        see_product=ALL_ACME,
    ),
    Case(
        "a category inherits both from its parent",
        category=(CategoryAssignment(OUTER, ACME, visible=True, view_all_products=True),),
        see_product=ALL_ACME,
        see_category=ALL_ACME,
    ),
    Case(
        "a category's own word goes before its parent's",
        category=(
            CategoryAssignment(OUTER, ACME, visible=True, view_all_products=True),
            CategoryAssignment(INNER, ACME, visible=False, view_all_products=False),
        ),
    ),
    Case(
        "null in an assignment leaves the word to the parent",
        category=(
            CategoryAssignment(OUTER, ACME, visible=True, view_all_products=True),
            CategoryAssignment(INNER, ACME),
        ),
        see_product=ALL_ACME,
        see_category=ALL_ACME,
    ),
    Case(
        "an assignment to a group is for its members only",
        category=(CategoryAssignment(INNER, VIP, visible=True, view_all_products=True),),
        see_product=ONLY_VIP,
        see_category=ONLY_VIP,
    ),
    Case(
        "what the group may see is not lost by what the buyer may not",
        category=(
            CategoryAssignment(INNER, ACME, visible=False, view_all_products=False),
            CategoryAssignment(INNER, VIP, visible=True, view_all_products=True),
        ),
        see_product=ONLY_VIP,
        see_category=ONLY_VIP,
    ),
    Case(
        "a product may be assigned to a buyer",
        product=(ProductAssignment(Offer("shoe"), ACME),),
        see_product=ALL_ACME,
    ),
    Case(
        "a product may be assigned to a group",
        product=(ProductAssignment(Offer("shoe"), VIP),),
        see_product=ONLY_VIP,
    ),
    Case(
        "another buyer's group of the same name is another group",
        catalog=(CatalogAssignment("main", ACME), CatalogAssignment("main", GLOBEX)),
        product=(ProductAssignment(Offer("shoe"), Party("globex", "vip")),),
        see_product=frozenset({"globex"}),
    ),
    Case(
        "an assigned product stays hidden without its catalog",
        catalog=(CatalogAssignment("main", GLOBEX),),
        product=(ProductAssignment(Offer("shoe"), ACME),),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=[case.says for case in CASES])
def test_visibility_follows_from_assignments(case: Case) -> None:
    store = make_store()
    for catalog in case.catalog:
        store.catalog_assignments.save(catalog)
    for category in case.category:
        store.category_assignments.save(category)
    for product in case.product:
        store.product_assignments.save(product)

    assert seers_of_product(store) == case.see_product
    assert seers_of_category(store) == case.see_category


def make_open_store() -> Store:
    """Return the store with everything shown to both buyers."""
    store = make_store()
    for buyer in (ACME, GLOBEX):
        store.catalog_assignments.save(CatalogAssignment("main", buyer, True, True))
    return store


def test_inactive_products_are_hidden() -> None:
    store = make_open_store()
    store.products.put({**store.products.get("shoe"), "Active": False})

    assert seers_of_product(store) == set()


def test_inactive_catalogs_hide_what_they_hold() -> None:
    store = make_open_store()
    store.catalogs.put({**store.catalogs.get("main"), "Active": False})

    assert seers_of_product(store) == set()
    assert seers_of_category(store) == set()


def test_a_category_below_an_inactive_one_is_hidden() -> None:
    store = make_open_store()
    outer = store.categories.of("main").get("outer")
    store.categories.of("main").put({**outer, "Active": False})

    assert seers_of_category(store) == set()


def test_an_inactive_category_does_not_show_its_products() -> None:
    store = make_store()
    store.catalog_assignments.save(CatalogAssignment("main", ACME))
    store.category_assignments.save(CategoryAssignment(INNER, ACME, view_all_products=True))
    inner = store.categories.of("main").get("inner")
    store.categories.of("main").put({**inner, "Active": False})

    assert seers_of_product(store) == set()


@pytest.mark.parametrize(
    ("shelf", "found"),
    [
        (Shelf("main"), 1),
        (Shelf("main", "inner"), 1),
        (Shelf("main", "outer"), 1),
        (Shelf("main", "outer", depth=1), 0),
        (Shelf("main", "outer", depth=2), 1),
        (Shelf(depth=1), 0),
        (Shelf(depth=2), 1),
        (Shelf("MAIN", "INNER"), 1),
    ],
)
def test_a_shelf_is_a_part_of_the_catalogs(shelf: Shelf, found: int) -> None:
    visible = Visibility(make_open_store()).products(VIEWERS["acme"], shelf)

    assert visible.rows.bit_count() == found


@pytest.mark.parametrize("shelf", [Shelf("none"), Shelf("main", "none")])
def test_a_shelf_that_is_not_there_is_not_found(shelf: Shelf) -> None:
    with pytest.raises(ApiError, match="NotFound"):
        Visibility(make_open_store()).products(VIEWERS["acme"], shelf)


def test_answers_follow_the_store() -> None:
    store = make_open_store()
    visibility = Visibility(store)
    assert visibility.products(VIEWERS["acme"], Shelf()).rows

    store.products.put({**store.products.get("shoe"), "Active": False})

    assert not visibility.products(VIEWERS["acme"], Shelf()).rows


def price(store: Store, viewer: str, seller_id: str | None = None) -> str | None:
    shoe = store.products.get("shoe")
    schedule = Visibility(store).price_schedule(VIEWERS[viewer], shoe, seller_id)
    return schedule["ID"] if schedule else None


def make_priced_store(**schedules: tuple[float, str | None]) -> Store:
    """Return the open store with price schedules: ID to price and currency."""
    store = make_open_store()
    for schedule_id, (amount, currency) in schedules.items():
        breaks = [{**models.blank("PriceBreak"), "Quantity": 1, "Price": amount}]
        entity = {"ID": schedule_id, "Currency": currency, "PriceBreaks": breaks}
        store.price_schedules.add({**models.blank("PriceSchedule"), **entity})
    return store


def assign_price(
    store: Store, party: Party, schedule_id: str, seller_id: str | None = None
) -> None:
    offer = Offer("shoe", seller_id)
    store.product_assignments.save(ProductAssignment(offer, party, schedule_id))


def set_default_price(store: Store, schedule_id: str) -> None:
    shoe = {**store.products.get("shoe"), "DefaultPriceScheduleID": schedule_id}
    store.products.put(shoe)


def test_without_a_price_schedule_there_is_no_price() -> None:
    assert price(make_open_store(), "acme") is None


def test_a_groups_price_goes_before_the_buyers_before_the_default() -> None:
    store = make_priced_store(default=(1, None), buyer=(2, None), group=(3, None))
    set_default_price(store, "default")
    assert (price(store, "acme"), price(store, "vip")) == ("default", "default")

    assign_price(store, ACME, "buyer")
    assert (price(store, "acme"), price(store, "vip")) == ("buyer", "buyer")

    assign_price(store, VIP, "group")
    assert (price(store, "acme"), price(store, "vip")) == ("buyer", "group")


def test_of_several_groups_the_cheapest_price_counts() -> None:
    store = make_priced_store(dear=(9, None), cheap=(8, None))
    assign_price(store, VIP, "dear")
    assign_price(store, Party("acme", "other"), "cheap")

    assert price(store, "vip") == "cheap"


def test_a_price_in_another_currency_is_passed_over() -> None:
    store = make_priced_store(dollar=(1, "USD"), euro=(1, "EUR"))
    set_default_price(store, "dollar")
    assign_price(store, ACME, "euro")
    assign_price(store, GLOBEX, "euro")

    assert (price(store, "acme"), price(store, "globex")) == ("dollar", "euro")


def test_an_assignment_without_schedule_leaves_the_default_price() -> None:
    store = make_priced_store(default=(1, None))
    set_default_price(store, "default")
    store.product_assignments.save(ProductAssignment(Offer("shoe"), ACME))

    assert price(store, "acme") == "default"


def test_another_seller_has_prices_of_its_own() -> None:
    store = make_priced_store(own=(1, None), supplier=(2, None))
    assign_price(store, ACME, "own")
    assign_price(store, ACME, "supplier", seller_id="northwind")

    assert price(store, "acme") == "own"
    assert price(store, "acme", "northwind") == "supplier"


def promotions(store: Store, viewer: str) -> list[str]:
    return [each["ID"] for each in Visibility(store).promotions(VIEWERS[viewer])]


def test_promotions_are_for_those_they_are_assigned_to_or_for_all() -> None:
    store = make_store()
    for promotion_id, is_open, active in (
        ("open", True, True),
        ("off", True, False),
        ("buyer", False, True),
        ("group", False, True),
        ("nobody", False, True),
    ):
        entity = {"ID": promotion_id, "AllowAllBuyers": is_open, "Active": active}
        store.promotions.add({**models.blank("Promotion"), **entity})
    store.promotion_assignments.save(PromotionAssignment("buyer", ACME))
    store.promotion_assignments.save(PromotionAssignment("group", VIP))

    assert promotions(store, "acme") == ["open", "buyer"]
    assert promotions(store, "vip") == ["open", "buyer", "group"]
    assert promotions(store, "globex") == ["open"]
