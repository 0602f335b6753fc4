"""Lists of a catalog's categories, for shoppers and for the seller."""

from collections.abc import Iterable

from sandbox.ordercloud import present
from sandbox.ordercloud.call import Call
from sandbox.ordercloud.categories import CategoryTree, parse_depth
from sandbox.ordercloud.collections import Entity


def page(call: Call, catalog_id: str, categories: Iterable[Entity]) -> Entity:
    """Return the page of *categories* within `depth` levels of the root or a `ParentID`.

    That filter says where the levels begin, so it is not held against the deeper ones.
    """
    depth = parse_depth(call.parameter("depth") or "1")
    known = call.marketplace.store.categories.of(catalog_id)
    parent = known.find(call.parameter("ParentID") or "")
    tree = CategoryTree(call.marketplace.store, catalog_id)
    wanted = set(tree.below(parent["ID"] if parent else None, depth))
    show = present.categories(call.marketplace, catalog_id)
    asked = call.without("ParentID") if parent else call
    return asked.page([show(each) for each in categories if each["ID"] in wanted])
