"""Catalogs, the buyers that see them and the products they hold."""

from collections.abc import Mapping

from sandbox.ordercloud import present
from sandbox.ordercloud.admin import categories
from sandbox.ordercloud.admin.relations import Relation
from sandbox.ordercloud.assignments import CatalogAssignment, CategoryKey, Party, ProductInCatalog
from sandbox.ordercloud.call import Call, Endpoint
from sandbox.ordercloud.collections import Entity
from sandbox.ordercloud.entities import Entities, Show
from sandbox.ordercloud.errors import ApiError


def _forget(call: Call, catalog: Entity) -> None:
    store = call.marketplace.store
    for category in store.categories.of(catalog["ID"]):
        categories.unassign(store, CategoryKey(catalog["ID"], category["ID"]))
    store.categories.drop(catalog["ID"])
    store.catalog_assignments.forget(catalog["ID"])
    store.products_in_catalogs.vacate(catalog["ID"])


def _check_delete(call: Call, catalog: Entity) -> None:
    if any(each["DefaultCatalogID"] == catalog["ID"] for each in call.marketplace.store.buyers):
        raise ApiError("Catalog.CannotDelete")


def _showing(call: Call) -> Show:
    return lambda catalog: present.catalog(call.marketplace, catalog)


_CATALOGS = Entities(
    model="Catalog",
    path="/catalogs",
    place="catalogID",
    within=lambda call: call.marketplace.store.catalogs,
    check_delete=_check_delete,
    forget=_forget,
    showing=_showing,
)


def _read_assignment(call: Call, assignment: Entity) -> CatalogAssignment:
    store = call.marketplace.store
    return CatalogAssignment(
        catalog_id=store.catalogs.get(assignment["CatalogID"])["ID"],
        party=Party(store.buyers.get(assignment["BuyerID"] or "")["ID"]),
        view_all_categories=bool(assignment["ViewAllCategories"]),
        view_all_products=bool(assignment["ViewAllProducts"]),
    )


def _write_assignment(assignment: CatalogAssignment) -> Entity:
    return {
        "CatalogID": assignment.catalog_id,
        "BuyerID": assignment.party.buyer_id,
        "BuyerGroupID": None,
        "ViewAllCategories": assignment.view_all_categories,
        "ViewAllProducts": assignment.view_all_products,
    }


_TO_BUYERS = Relation(
    model="CatalogAssignment",
    path="/catalogs/assignments",
    one="/catalogs/{catalogID}/assignments",
    kept=lambda store: store.catalog_assignments,
    read=_read_assignment,
    write=_write_assignment,
)


def _read_product(call: Call, assignment: Entity) -> ProductInCatalog:
    store = call.marketplace.store
    return ProductInCatalog(
        product_id=store.products.get(assignment["ProductID"])["ID"],
        catalog_id=store.catalogs.get(assignment["CatalogID"])["ID"],
    )


def _write_product(assignment: ProductInCatalog) -> Entity:
    return {"CatalogID": assignment.catalog_id, "ProductID": assignment.product_id}


def _delete_product(call: Call) -> None:
    """Take a product out of a catalog, and so out of the catalog's categories."""
    _PRODUCTS.delete(call)
    store = call.marketplace.store
    product_id = store.products.get(call.ids["productID"])["ID"]
    catalog_id = store.catalogs.get(call.ids["catalogID"])["ID"]
    for each in list(store.products_in_categories.of(product_id)):
        if each.category.catalog_id == catalog_id:
            store.products_in_categories.discard(each)


_PRODUCTS = Relation(
    model="ProductCatalogAssignment",
    path="/catalogs/productassignments",
    one="/catalogs/{catalogID}/productassignments/{productID}",
    kept=lambda store: store.products_in_catalogs,
    read=_read_product,
    write=_write_product,
)


ROUTES: Mapping[str, Endpoint] = {
    **_CATALOGS.routes(),
    **_TO_BUYERS.routes(),
    **_PRODUCTS.routes(),
    "DELETE /catalogs/{catalogID}/productassignments/{productID}": _delete_product,
}
