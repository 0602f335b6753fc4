"""Categories of a catalog, the parties that see them and the products they hold."""

from collections.abc import Mapping

from sandbox.ordercloud import category_list, present
from sandbox.ordercloud.admin.relations import Relation, party
from sandbox.ordercloud.assignments import CategoryAssignment, CategoryKey, ProductInCategory
from sandbox.ordercloud.call import Call, Endpoint
from sandbox.ordercloud.categories import CategoryTree
from sandbox.ordercloud.collections import Collection, Entity
from sandbox.ordercloud.entities import Entities, Show
from sandbox.ordercloud.errors import ApiError
from sandbox.ordercloud.store import Store


def unassign(store: Store, category: CategoryKey) -> None:
    """Remove every assignment of a category that was deleted."""
    store.category_assignments.forget(category)
    store.products_in_categories.vacate(category)


def _catalog_id(call: Call) -> str:
    """Return the ID of the catalog in the path as it is written; raise NotFound."""
    catalog_id: str = call.marketplace.store.catalogs.get(call.ids["catalogID"])["ID"]
    return catalog_id


def _categories(call: Call) -> Collection:
    return call.marketplace.store.categories.of(_catalog_id(call))


def _prepare(call: Call, category: Entity) -> Entity:
    """Refuse a parent that does not exist, or that is below the category itself."""
    if category["ParentID"]:
        parent = _categories(call).get(category["ParentID"])
        tree = CategoryTree(call.marketplace.store, _catalog_id(call))
        if parent["ID"] in (category["ID"], *tree.below(category["ID"], None)):
            raise ApiError("Category.CircularReference")
    return category


def _forget(call: Call, category: Entity) -> None:
    """Delete the categories below, and every assignment of all of them."""
    store, catalog_id = call.marketplace.store, _catalog_id(call)
    below = CategoryTree(store, catalog_id).below(category["ID"], None)
    for category_id in below:
        store.categories.of(catalog_id).remove(category_id)
    for category_id in (category["ID"], *below):
        unassign(store, CategoryKey(catalog_id, category_id))


def _showing(call: Call) -> Show:
    return present.categories(call.marketplace, _catalog_id(call))


def _list(call: Call) -> Entity:
    """List the categories of a catalog, `depth` levels of them."""
    return category_list.page(call, _catalog_id(call), _categories(call))


_CATEGORIES = Entities(
    model="Category",
    path="/catalogs/{catalogID}/categories",
    place="categoryID",
    within=_categories,
    prepare=_prepare,
    forget=_forget,
    showing=_showing,
)


def _category(call: Call, assignment: Entity) -> CategoryKey:
    return CategoryKey(_catalog_id(call), _categories(call).get(assignment["CategoryID"])["ID"])


def _read_assignment(call: Call, assignment: Entity) -> CategoryAssignment:
    return CategoryAssignment(
        category=_category(call, assignment),
        party=party(call, assignment),
        visible=assignment["Visible"],
        view_all_products=assignment["ViewAllProducts"],
    )


def _write_assignment(assignment: CategoryAssignment) -> Entity:
    return {
        "CategoryID": assignment.category.category_id,
        "BuyerID": assignment.party.buyer_id,
        "UserGroupID": assignment.party.user_group_id,
        "Visible": assignment.visible,
        "ViewAllProducts": assignment.view_all_products,
    }


_TO_PARTIES = Relation(
    model="CategoryAssignment",
    path="/catalogs/{catalogID}/categories/assignments",
    one="/catalogs/{catalogID}/categories/{categoryID}/assignments",
    kept=lambda store: store.category_assignments,
    read=_read_assignment,
    write=_write_assignment,
    concerns=lambda call, each: each.category.catalog_id == _catalog_id(call),
)


def _read_product(call: Call, assignment: Entity) -> ProductInCategory:
    return ProductInCategory(
        product_id=call.marketplace.store.products.get(assignment["ProductID"])["ID"],
        category=_category(call, assignment),
        list_order=assignment["ListOrder"],
    )


def _write_product(assignment: ProductInCategory) -> Entity:
    return {
        "CategoryID": assignment.category.category_id,
        "ProductID": assignment.product_id,
        "ListOrder": assignment.list_order,
    }


_PRODUCTS = Relation(
    model="CategoryProductAssignment",
    path="/catalogs/{catalogID}/categories/productassignments",
    one="/catalogs/{catalogID}/categories/{categoryID}/productassignments/{productID}",
    kept=lambda store: store.products_in_categories,
    read=_read_product,
    write=_write_product,
    concerns=lambda call, each: each.category.catalog_id == _catalog_id(call),
)

ROUTES: Mapping[str, Endpoint] = {
    **_CATEGORIES.routes(),
    "GET /catalogs/{catalogID}/categories": _list,
    **_TO_PARTIES.routes(),
    **_PRODUCTS.routes(),
}
