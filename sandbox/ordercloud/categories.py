"""The tree of one catalog's categories: what is active, below what, and allowed to whom."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Literal

from sandbox.ordercloud.assignments import CategoryKey, Party
from sandbox.ordercloud.collections import Entity
from sandbox.ordercloud.errors import ApiError
from sandbox.ordercloud.store import Store

Aspect = Literal["visible", "view_all_products"]


class CategoryTree:
    """The categories of a catalog as they are now; build it anew after a write."""

    def __init__(self, store: Store, catalog_id: str) -> None:
        self._store = store
        self._catalog_id = catalog_id
        self._categories = store.categories.of(catalog_id)
        self._children: defaultdict[str | None, list[str]] = defaultdict(list)
        for category in self._categories:
            self._children[category["ParentID"]].append(category["ID"])

    def below(self, top: str | None, depth: int | None) -> list[str]:
        """Return the IDs of *depth* levels (None: all) under a category, or under the root."""
        found: list[str] = []
        level: list[str | None] = [top]
        while level and depth != 0:
            level = [child for parent in level for child in self._children[parent]]
            found += filter(None, level)
            depth = depth and depth - 1
        return found

    def active(self) -> list[Entity]:
        """Return the categories that are active together with all their ancestors."""
        return [
            category
            for category in self._categories
            if all(each["Active"] for each in self._path(category["ID"]))
        ]

    def allows(self, category_id: str, parties: Iterable[Party], aspect: Aspect) -> bool:
        """Say whether any party may: what counts is its first word on the way up the tree."""
        return any(self._word(category_id, party, aspect) for party in parties)

    def product_ids(self, category_id: str) -> Iterator[str]:
        """Yield the IDs of the products directly in a category."""
        key = CategoryKey(self._catalog_id, category_id)
        return (each.product_id for each in self._store.products_in_categories.to(key))

    def _word(self, category_id: str, party: Party, aspect: Aspect) -> bool | None:
        for category in self._path(category_id):
            key = CategoryKey(self._catalog_id, category["ID"])
            assigned = self._store.category_assignments.between(key, party)
            word: bool | None = getattr(assigned, aspect, None)
            if word is not None:
                return word
        return None

    def _path(self, category_id: str | None) -> Iterator[Entity]:
        """Yield a category and its ancestors, upwards."""
        while category_id and (category := self._categories.find(category_id)):
            yield category
            category_id = category["ParentID"]


def parse_depth(text: str) -> int | None:
    """Return the levels that a `depth` parameter asks for, None for all; raise InvalidDepth."""
    if text.casefold() == "all":
        return None
    if not text.isdecimal() or int(text) < 1:
        raise ApiError("Category.InvalidDepth")
    return int(text)
