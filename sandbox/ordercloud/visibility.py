"""Who sees what: catalogs, categories, products, prices and promotions of a viewer.

The rules are OrderCloud's checklist for product visibility; docs/sandbox-ordercloud.md lists them
with their sources. Answers are kept until the catalog changes.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from sandbox.ordercloud.assignments import Offer, Party
from sandbox.ordercloud.categories import CategoryTree
from sandbox.ordercloud.collections import Entity
from sandbox.ordercloud.errors import not_found
from sandbox.ordercloud.listing import Table, View, XpTypes
from sandbox.ordercloud.pricing import lowest_quantity_price
from sandbox.ordercloud.store import Store

T = TypeVar("T")

_ANSWERS_KEPT = 512


@dataclass(frozen=True, slots=True)
class Viewer:
    """All that decides what a shopper sees: the buyer, its groups they are in, the currency."""

    buyer_id: str
    groups: frozenset[str]
    currency: str | None

    def parties(self) -> tuple[Party, ...]:
        """Return the parties that assignments may name: the buyer first, then its groups."""
        groups = (Party(self.buyer_id, group) for group in sorted(self.groups))
        return Party(self.buyer_id), *groups


@dataclass(frozen=True, slots=True)
class Shelf:
    """Which part of the catalogs a product list shows; None for all of it.

    *depth* is how many levels of categories count, from *category_id* or the top down.
    """

    catalog_id: str | None = None
    category_id: str | None = None
    depth: int | None = None


class Visibility:
    """Answers what a viewer sees in a store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._answers: OrderedDict[Hashable, Any] = OrderedDict()
        self._revision = store.catalog.number
        self._table = Table(())
        self._xp_types = XpTypes()

    def catalogs(self, viewer: Viewer) -> list[Entity]:
        """Return the active catalogs assigned to the viewer's buyer."""
        assigned = self._store.catalog_assignments.to(Party(viewer.buyer_id))
        catalogs = (self._store.catalogs.find(each.catalog_id) for each in assigned)
        return [catalog for catalog in catalogs if catalog and catalog["Active"]]

    def catalog(self, viewer: Viewer, catalog_id: str) -> Entity:
        """Return one catalog; raise NotFound if the viewer does not see it."""
        for catalog in self.catalogs(viewer):
            if catalog["ID"].casefold() == catalog_id.casefold():
                return catalog
        raise not_found("Catalog", catalog_id)

    def categories(self, viewer: Viewer, catalog_id: str) -> dict[str, Entity]:
        """Return the visible categories of a visible catalog by ID."""

        def visible() -> dict[str, Entity]:
            tree = CategoryTree(self._store, catalog_id)
            assigned = self._store.catalog_assignments.between(catalog_id, Party(viewer.buyer_id))
            everything = assigned is not None and assigned.view_all_categories
            return {
                category["ID"]: category
                for category in tree.active()
                if everything or tree.allows(category["ID"], viewer.parties(), "visible")
            }

        return self._kept(("categories", viewer, catalog_id), visible)

    def category(self, viewer: Viewer, catalog_id: str, category_id: str) -> Entity:
        """Return one category; raise NotFound if the viewer does not see it."""
        known = self._store.categories.of(catalog_id).find(category_id)
        visible = self.categories(viewer, catalog_id)
        if known is None or known["ID"] not in visible:
            raise not_found("Category", category_id)
        return visible[known["ID"]]

    def products(self, viewer: Viewer, shelf: Shelf) -> View:
        """Return the products of a shelf that the viewer sees."""

        def visible() -> View:
            table = self.table()
            return View(table, table.rows_of(set[str]().union(*self._ids_on(viewer, shelf))))

        return self._kept(("products", viewer, shelf), visible)

    def table(self) -> Table:
        """Return the index of all products, active or not, whose xp fits in."""
        return self._kept("table", self._refreshed)

    def product(self, viewer: Viewer, product_id: str) -> Entity:
        """Return one product; raise NotFound if the viewer does not see it."""
        product = self._store.products.get(product_id)
        catalogs = self.catalogs(viewer)
        if not any(product["ID"] in self._visible_ids(viewer, each["ID"]) for each in catalogs):
            raise not_found("Product", product_id)
        return product

    def promotions(self, viewer: Viewer) -> list[Entity]:
        """Return the active promotions that the viewer may use; expired ones are among them."""
        return [each for each in self.assigned_promotions(viewer) if each["Active"]]

    def assigned_promotions(self, viewer: Viewer) -> list[Entity]:
        """Return the promotions that are meant for the viewer, active or not."""
        assigned = {
            each.promotion_id
            for party in viewer.parties()
            for each in self._store.promotion_assignments.to(party)
        }
        return [
            promotion
            for promotion in self._store.promotions
            if promotion["AllowAllBuyers"] or promotion["ID"] in assigned
        ]

    def price_schedule(
        self, viewer: Viewer, product: Entity, seller_id: str | None = None
    ) -> Entity | None:
        """Return what the viewer pays: the group's schedule before the buyer's before the default.

        Of several groups' schedules the cheapest counts (assumed).
        """
        buyer, *groups = viewer.parties()
        of_groups = (self._assigned_price(viewer, product, group, seller_id) for group in groups)
        return (
            min(filter(None, of_groups), key=lowest_quantity_price, default=None)
            or self._assigned_price(viewer, product, buyer, seller_id)
            or self._usable_price(viewer, product["DefaultPriceScheduleID"])
        )

    def _assigned_price(
        self, viewer: Viewer, product: Entity, party: Party, seller_id: str | None
    ) -> Entity | None:
        offer = Offer(product["ID"], seller_id)
        assigned = self._store.product_assignments.between(offer, party)
        return self._usable_price(viewer, assigned.price_schedule_id if assigned else None)

    def _usable_price(self, viewer: Viewer, schedule_id: str | None) -> Entity | None:
        """Return the schedule if there is one and its currency is the viewer's."""
        schedule = self._store.price_schedules.find(schedule_id) if schedule_id else None
        if schedule is None or schedule["Currency"] not in (None, viewer.currency):
            return None
        return schedule

    def _ids_on(self, viewer: Viewer, shelf: Shelf) -> Iterator[set[str]]:
        """Yield the visible product IDs of a shelf, catalog by catalog."""
        catalogs = (
            [self.catalog(viewer, shelf.catalog_id)] if shelf.catalog_id else self.catalogs(viewer)
        )
        for catalog in catalogs:
            visible = self._visible_ids(viewer, catalog["ID"])
            if shelf.category_id is None and shelf.depth is None:
                yield visible
            else:
                yield visible & self._ids_below(viewer, catalog["ID"], shelf)

    def _ids_below(self, viewer: Viewer, catalog_id: str, shelf: Shelf) -> set[str]:
        tree = CategoryTree(self._store, catalog_id)
        if shelf.category_id is None:
            levels = tree.below(None, shelf.depth)
        else:
            top = self.category(viewer, catalog_id, shelf.category_id)["ID"]
            levels = [top, *tree.below(top, shelf.depth and shelf.depth - 1)]
        return set().union(*(tree.product_ids(category_id) for category_id in levels))

    def _visible_ids(self, viewer: Viewer, catalog_id: str) -> set[str]:
        """Return the IDs of a visible catalog's products that the viewer sees."""

        def visible() -> set[str]:
            held = self._active_in(catalog_id)
            assigned = self._store.catalog_assignments.between(catalog_id, Party(viewer.buyer_id))
            if assigned is not None and assigned.view_all_products:
                return held
            return held & set().union(*self._shown(viewer, catalog_id))

        return self._kept(("product ids", viewer, catalog_id), visible)

    def _active_in(self, catalog_id: str) -> set[str]:
        return {
            each.product_id
            for each in self._store.products_in_catalogs.to(catalog_id)
            if (product := self._store.products.find(each.product_id)) and product["Active"]
        }

    def _shown(self, viewer: Viewer, catalog_id: str) -> Iterator[Iterable[str]]:
        """Yield product IDs shown by the catalog's categories, then those assigned themselves."""
        tree = CategoryTree(self._store, catalog_id)
        for category in tree.active():
            if tree.allows(category["ID"], viewer.parties(), "view_all_products"):
                yield tree.product_ids(category["ID"])
        for party in viewer.parties():
            assigned = self._store.product_assignments.to(party)
            yield (each.offer.product_id for each in assigned)

    def _refreshed(self) -> Table:
        self._table.refresh(self._xp_types.listable(self._store.products))
        return self._table

    def _kept(self, question: Hashable, answer: Callable[[], T]) -> T:
        if self._revision != self._store.catalog.number:
            self._answers.clear()
            self._revision = self._store.catalog.number
        if question not in self._answers:
            self._answers[question] = answer()
            if len(self._answers) > _ANSWERS_KEPT:
                self._answers.popitem(last=False)
        kept: T = self._answers[question]
        return kept
