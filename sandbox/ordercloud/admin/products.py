"""Products, the parties that see them, and the facets that their lists count."""

from collections.abc import Iterator, Mapping
from functools import reduce
from operator import and_

from sandbox.ordercloud.admin.relations import Relation, party
from sandbox.ordercloud.assignments import CategoryKey, Offer, ProductAssignment
from sandbox.ordercloud.call import Call, Endpoint
from sandbox.ordercloud.collections import Entity
from sandbox.ordercloud.entities import Entities
from sandbox.ordercloud.errors import ApiError
from sandbox.ordercloud.listing import View, run


def _list(call: Call) -> Entity:
    """List the products, of a catalog or of one of its categories."""
    request = call.listing()
    if "categoryID" in request.parameters and "catalogID" not in request.parameters:
        raise ApiError("Product.CategoryFilterRequiresCatalogID")
    table = call.marketplace.index.catalog().table()
    held = [table.rows_of(ids) for ids in _held(call, request.parameters)]
    view = View(table, reduce(and_, held)) if held else table
    return run(request, view, call.marketplace.store.product_facets)


def _held(call: Call, parameters: Mapping[str, str]) -> Iterator[Iterator[str]]:
    """Yield the IDs of the products in the catalog, and in the category, that are asked for."""
    store = call.marketplace.store
    if catalog_id := parameters.get("catalogID"):
        yield (each.product_id for each in store.products_in_catalogs.to(catalog_id))
        if category_id := parameters.get("categoryID"):
            key = CategoryKey(catalog_id, category_id)
            yield (each.product_id for each in store.products_in_categories.to(key))
    if supplier_id := parameters.get("supplierID"):
        yield (each["ID"] for each in store.products if each["DefaultSupplierID"] == supplier_id)


def _prepare(call: Call, product: Entity) -> Entity:
    """Refuse a price schedule or a parent that does not exist."""
    store = call.marketplace.store
    if product["DefaultPriceScheduleID"]:
        store.price_schedules.get(product["DefaultPriceScheduleID"])
    if product["ParentID"]:
        _check_parent(product, store.products.get(product["ParentID"]))
    return product


def _check_parent(product: Entity, parent: Entity) -> None:
    if product["IsParent"]:
        raise ApiError("Product.ParentProductCannotHaveParent")
    if not parent["IsParent"]:
        raise ApiError("Product.IsNotParent")


def _check_delete(call: Call, product: Entity) -> None:
    if any(each["ParentID"] == product["ID"] for each in call.marketplace.store.products):
        raise ApiError("Product.CannotDeleteParentProduct")


def _forget(call: Call, product: Entity) -> None:
    store = call.marketplace.store
    store.products_in_catalogs.forget(product["ID"])
    store.products_in_categories.forget(product["ID"])
    for offer in {each.offer for each in store.product_assignments}:
        if offer.product_id == product["ID"]:
            store.product_assignments.forget(offer)


_PRODUCTS = Entities(
    model="Product",
    path="/products",
    place="productID",
    within=lambda call: call.marketplace.store.products,
    prepare=_prepare,
    check_delete=_check_delete,
    forget=_forget,
)


def _read_assignment(call: Call, assignment: Entity) -> ProductAssignment:
    store = call.marketplace.store
    product, schedule_id = (
        store.products.get(assignment["ProductID"]),
        assignment["PriceScheduleID"],
    )
    return ProductAssignment(
        offer=Offer(product["ID"], _seller_id(call, assignment)),
        party=party(call, assignment),
        price_schedule_id=store.price_schedules.get(schedule_id)["ID"] if schedule_id else None,
    )


def _seller_id(call: Call, assignment: Entity) -> str | None:
    """Return another seller than the marketplace's owner, None for the owner."""
    owner = call.marketplace.settings.marketplace_id
    seller_id: str | None = assignment["SellerID"]
    return None if seller_id == owner else seller_id


def _write_assignment(assignment: ProductAssignment) -> Entity:
    return {
        "SellerID": assignment.offer.seller_id,
        "ProductID": assignment.offer.product_id,
        "BuyerID": assignment.party.buyer_id,
        "UserGroupID": assignment.party.user_group_id,
        "PriceScheduleID": assignment.price_schedule_id,
    }


_TO_PARTIES = Relation(
    model="ProductAssignment",
    path="/products/assignments",
    one="/products/{productID}/assignments/{buyerID}",
    kept=lambda store: store.product_assignments,
    read=_read_assignment,
    write=_write_assignment,
)


def _prepare_facet(call: Call, facet: Entity) -> Entity:
    """Give a facet its default path; refuse a path that another facet has."""
    path = facet["XpPath"] or f"xp.{facet['ID']}"
    others = (each for each in call.marketplace.store.product_facets if each["ID"] != facet["ID"])
    if any(each["XpPath"] == path for each in others):
        raise ApiError("ProductFacet.XpPathInUse")
    return {**facet, "XpPath": path}


_FACETS = Entities(
    model="ProductFacet",
    path="/productfacets",
    place="productFacetID",
    within=lambda call: call.marketplace.store.product_facets,
    prepare=_prepare_facet,
)

ROUTES: Mapping[str, Endpoint] = {
    **_PRODUCTS.routes(),
    "GET /products": _list,
    **_TO_PARTIES.routes(),
    **_FACETS.routes(),
}
