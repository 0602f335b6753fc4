"""The catalogs, their trees of categories, and who sees which."""

from collections.abc import Iterable
from typing import NamedTuple

from sandbox.ordercloud import models
from sandbox.ordercloud.assignments import (
    CatalogAssignment,
    CategoryAssignment,
    CategoryKey,
    Party,
)
from sandbox.ordercloud.seed.names import (
    ACME,
    DEMO_CATALOG,
    GLOBEX,
    GLOBEX_CATALOG,
    OWNER,
    VIP,
    WHOLESALE,
)
from sandbox.ordercloud.store import Store

_EVERYONE = (Party(ACME), Party(GLOBEX))


class _Category(NamedTuple):
    id: str
    name: str
    text: str
    parent_id: str | None = None


_TREE = (
    _Category("featured", "Featured", "Hand-picked for this week."),
    _Category("new", "New arrivals", "Fresh in the warehouse."),
    _Category("sale", "Sale", "Good things at better prices."),
    _Category("watches", "Watches", "Mechanical, quartz and everything that ticks."),
    _Category("mens-watches", "Men's watches", "Chronographs, divers, field watches.", "watches"),
    _Category("womens-watches", "Women's watches", "For the day and the evening.", "watches"),
    _Category("shoes", "Shoes", "From the court to the mountain."),
    _Category("sneakers", "Sneakers", "Light, soft and ready to run.", "shoes"),
    _Category("boots", "Boots", "Made for weather.", "shoes"),
    _Category("bags", "Bags", "Carry more, carry better."),
    _Category("backpacks", "Backpacks", "Hands free, all day.", "bags"),
    _Category("totes", "Totes", "Room for the market and the office.", "bags"),
    _Category("jackets", "Jackets", "Layers for every season."),
)
_PRIVATE = (
    (_Category("vip-lounge", "VIP lounge", "Early access for members."), Party(ACME, VIP)),
    (_Category("wholesale-packs", "Wholesale packs", "By the carton."), Party(ACME, WHOLESALE)),
    (_Category("globex-exclusives", "Globex exclusives", "Made for Globex only."), Party(GLOBEX)),
)
_WORKWEAR = _Category("workwear", "Workwear", "For the shop floor.")


def plant(store: Store) -> None:
    """Fill in both catalogs.

    In `mens-watches` every product needs an assignment of its own; all other categories show
    what they hold to everyone who sees them.
    """
    _plant_catalog(store, DEMO_CATALOG, "Demo catalog", _EVERYONE)
    _plant_categories(store, DEMO_CATALOG, (*_TREE, *(category for category, _ in _PRIVATE)))
    for category in _TREE:
        if category.parent_id is None:
            _show(store, CategoryKey(DEMO_CATALOG, category.id), _EVERYONE)
    _show(store, CategoryKey(DEMO_CATALOG, "mens-watches"), _EVERYONE, all_products=False)
    for category, party in _PRIVATE:
        _show(store, CategoryKey(DEMO_CATALOG, category.id), [party])
    _plant_catalog(store, GLOBEX_CATALOG, "Globex workwear", [Party(GLOBEX)])
    _plant_categories(store, GLOBEX_CATALOG, [_WORKWEAR])
    _show(store, CategoryKey(GLOBEX_CATALOG, _WORKWEAR.id), [Party(GLOBEX)])


def _plant_catalog(store: Store, catalog_id: str, name: str, parties: Iterable[Party]) -> None:
    catalog = {"ID": catalog_id, "OwnerID": OWNER, "Name": name, "Active": True}
    store.catalogs.add({**models.blank("Catalog"), **catalog})
    for party in parties:
        store.catalog_assignments.save(CatalogAssignment(catalog_id, party))


def _plant_categories(store: Store, catalog_id: str, categories: Iterable[_Category]) -> None:
    for order, category in enumerate(categories, start=1):
        entity = {
            "ID": category.id,
            "Name": category.name,
            "Description": category.text,
            "ListOrder": order,
            "Active": True,
            "ParentID": category.parent_id,
        }
        store.categories.of(catalog_id).add({**models.blank("Category"), **entity})


def _show(
    store: Store, key: CategoryKey, parties: Iterable[Party], *, all_products: bool = True
) -> None:
    for party in parties:
        assignment = CategoryAssignment(key, party, visible=True, view_all_products=all_products)
        store.category_assignments.save(assignment)
