"""The products: `p1` to `pN` all over the catalogs, and the twelve `mens-watches`."""

import random
from collections.abc import Iterator
from typing import Any

from sandbox.ordercloud import models
from sandbox.ordercloud.assignments import (
    CategoryKey,
    Offer,
    Party,
    ProductAssignment,
    ProductInCatalog,
    ProductInCategory,
)
from sandbox.ordercloud.collections import Entity
from sandbox.ordercloud.seed import prices
from sandbox.ordercloud.seed.names import (
    ACME,
    DEMO_CATALOG,
    GLOBEX,
    GLOBEX_CATALOG,
    OWNER,
    VIP,
    WHOLESALE,
    moment,
)
from sandbox.ordercloud.seed.words import (
    AUDIENCES,
    BRANDS,
    COLORS,
    KINDS,
    LINES,
    MENS_WATCHES,
    PROMISES,
    Kind,
)
from sandbox.ordercloud.store import Store

_SEED = 8101
_PARTIES = {
    "vip": Party(ACME, VIP),
    "wholesale": Party(ACME, WHOLESALE),
    "globex": Party(GLOBEX),
}
_DAYS = 730
_NEW_DAYS = 60
_WATCHES, _VIP_WATCHES = 12, 2
_FEATURED = (1, 2, 3)
_EVERY_WORKWEAR = 25


def plant(store: Store, *, count: int, base_url: str) -> None:
    """Add the watches and *count* other products; a larger catalog begins like a smaller one."""
    maker = Maker(base_url)
    for number in range(1, _WATCHES + 1):
        _plant_watch(store, maker.product(f"watch-{number}", MENS_WATCHES, number), number)
    for number in range(1, count + 1):
        _plant_product(store, maker, number)


class Maker:
    """Makes up products, the same ones in the same order every time."""

    def __init__(self, base_url: str) -> None:
        self._random = random.Random(_SEED)  # noqa: S311 - the same every time is the point
        self._blank = models.blank("Product")
        self._base_url = base_url

    def product(self, product_id: str, kind: Kind, number: int) -> Entity:
        """Return the next product; its DefaultPriceScheduleID is that of its list price."""
        choose = self._random.choice
        brand, line, noun = choose(BRANDS), choose(LINES), choose(kind.nouns)
        color, material = choose(COLORS), choose(kind.materials)
        age_days = self._random.randrange(_DAYS)
        rung = prices.rung_of(self._random.uniform(*kind.prices))
        return {
            **self._blank,
            "ID": product_id,
            "OwnerID": OWNER,
            "DefaultPriceScheduleID": prices.schedule_id("list", rung),
            "Name": f"{brand} {line} {noun}",
            "Description": f"{noun} in {color.lower()} {material}. {choose(PROMISES)}",
            "ShipWeight": self._random.randrange(2, 40) / 10,
            "Active": True,
            "Returnable": True,
            "DateCreated": moment(_DAYS - age_days + number / 1_000_000),
            "xp": {
                "color": color,
                "brand": brand,
                "rating": self._random.randrange(25, 51) / 10,
                "margin": self._random.randrange(5, 61) / 100,
                "isNew": age_days < _NEW_DAYS,
                "tags": sorted(self._random.sample(kind.tags, 2)),
                "targetAudience": choose(AUDIENCES),
                "details": {"material": material, "season": choose(kind.seasons)},
                "Images": [self._image(kind, color, number)],
            },
        }

    def _image(self, kind: Kind, color: str, number: int) -> dict[str, Any]:
        name = f"{kind.picture}-{color.lower()}-{number % 1000}"
        url = f"{self._base_url}/_sandbox/images/{name}.svg"
        return {"Url": url, "ThumbnailUrl": f"{url}?width=240"}


def _plant_watch(store: Store, watch: Entity, number: int) -> None:
    """Show the last two watches to the VIPs only, the others to everyone."""
    _add(store, watch, ["mens-watches"])
    if number > _WATCHES - _VIP_WATCHES:
        _assign(store, watch, "vip")
        return
    store.product_assignments.save(ProductAssignment(Offer(watch["ID"]), Party(ACME)))
    for party in _PARTIES:
        _assign(store, watch, party)


def _plant_product(store: Store, maker: Maker, number: int) -> None:
    kind = KINDS[number % len(KINDS)]
    product = maker.product(f"p{number}", kind, number)
    if number % 37 == 0:
        product["Active"] = False
    if private := _private_category(number):
        category_id, party = private
        _add(store, product, [category_id])
        _assign(store, product, party)
    elif number % _EVERY_WORKWEAR == 0:
        _add(store, product, ["workwear"], GLOBEX_CATALOG)
        _assign(store, product, "globex")
    else:
        if number % 7 == 0:
            product["DefaultPriceScheduleID"] = prices.schedule_id("sale", _rung(product))
        _add(store, product, [kind.category_id, *_shop_windows(product, number)])
        for party in _PARTIES:
            _assign(store, product, party)


def _private_category(number: int) -> tuple[str, str] | None:
    if number % 40 == 0:
        return "vip-lounge", "vip"
    if number % 45 == 0:
        return "wholesale-packs", "wholesale"
    if number % 50 == 0:
        return "globex-exclusives", "globex"
    return None


def _shop_windows(product: Entity, number: int) -> Iterator[str]:
    """Yield the categories that a product is also in."""
    if number in _FEATURED or number % 12 == 0:
        yield "featured"
    if product["xp"]["isNew"]:
        yield "new"
    if number % 7 == 0:
        yield "sale"


def _add(
    store: Store, product: Entity, category_ids: list[str], catalog_id: str = DEMO_CATALOG
) -> None:
    store.products.add(product)
    store.products_in_catalogs.save(ProductInCatalog(product["ID"], catalog_id))
    for category_id in category_ids:
        key = CategoryKey(catalog_id, category_id)
        store.products_in_categories.save(ProductInCategory(product["ID"], key))


def _assign(store: Store, product: Entity, party: str) -> None:
    """Show a product to a party, at the party's own price."""
    schedule_id = prices.schedule_id(party, _rung(product))
    assignment = ProductAssignment(Offer(product["ID"]), _PARTIES[party], schedule_id)
    store.product_assignments.save(assignment)


def _rung(product: Entity) -> int:
    return int(product["DefaultPriceScheduleID"].rpartition("-")[2])
