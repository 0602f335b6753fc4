"""`/v1/me`: what a shopper reads of themselves and of the catalogs."""

from dataclasses import replace

from sandbox.ordercloud import category_list, present
from sandbox.ordercloud.call import Call
from sandbox.ordercloud.categories import parse_depth
from sandbox.ordercloud.collections import Entity
from sandbox.ordercloud.errors import ApiError, not_found
from sandbox.ordercloud.listing import run
from sandbox.ordercloud.visibility import Shelf


def get(call: Call) -> Entity:
    """Return who the token's holder is; for anonymous shoppers the template user."""
    return present.me(call.marketplace, call.session.account)


def list_user_groups(call: Call) -> Entity:
    """List the holder's user groups."""
    return call.page(call.marketplace.accounts.groups(call.session.account))


def list_catalogs(call: Call) -> Entity:
    """List the visible catalogs."""
    catalogs = call.marketplace.visibility.catalogs(call.session.viewer)
    return call.page([present.catalog(call.marketplace, each) for each in catalogs])


def get_catalog(call: Call) -> Entity:
    """Return a visible catalog."""
    catalog = call.marketplace.visibility.catalog(call.session.viewer, call.ids["catalogID"])
    return present.catalog(call.marketplace, catalog)


def list_categories(call: Call) -> Entity:
    """List one catalog's visible categories, of which those that hold a product if one is named."""
    catalog_id = _catalog_id(call)
    if catalog_id is None:
        return call.page([])
    catalog = call.marketplace.visibility.catalog(call.session.viewer, catalog_id)
    visible = call.marketplace.visibility.categories(call.session.viewer, catalog["ID"])
    if product_id := call.parameter("productID"):
        holding = _holding(call, catalog["ID"], product_id)
        visible = {each: visible[each] for each in visible if each in holding}
    return category_list.page(call, catalog["ID"], visible.values())


def get_category(call: Call) -> Entity:
    """Return a visible category of `catalogID`, or of the buyer's default catalog."""
    catalog_id = _catalog_id(call)
    if catalog_id is None:
        raise not_found("Category", call.ids["categoryID"])
    visibility, viewer = call.marketplace.visibility, call.session.viewer
    catalog = visibility.catalog(viewer, catalog_id)
    category = visibility.category(viewer, catalog["ID"], call.ids["categoryID"])
    return present.categories(call.marketplace, catalog["ID"])(category)


def list_products(call: Call) -> Entity:
    """List visible products, each with the price that the shopper pays."""
    request = call.listing()
    catalog, viewer = call.marketplace.index.catalog(), call.session.viewer
    visible = catalog.products(viewer, _shelf(call))
    seller_id = call.parameter("sellerID") or call.parameter("supplierID")
    show = present.buyer_product(call.marketplace, viewer, seller_id, catalog=catalog)
    return run(request, replace(visible, show=show), call.marketplace.store.product_facets)


def get_product(call: Call) -> Entity:
    """Return a visible product with the shopper's price."""
    product = call.marketplace.visibility.product(call.session.viewer, call.ids["productID"])
    seller_id = call.parameter("sellerID")
    return present.buyer_product(call.marketplace, call.session.viewer, seller_id)(product)


def list_promotions(call: Call) -> Entity:
    """List the promotions that the shopper may use."""
    return call.page(call.marketplace.visibility.promotions(call.session.viewer))


def get_promotion(call: Call) -> Entity:
    """Return a promotion that the shopper may use."""
    wanted = call.ids["promotionID"]
    for promotion in call.marketplace.visibility.promotions(call.session.viewer):
        if promotion["ID"].casefold() == wanted.casefold():
            return promotion
    raise not_found("Promotion", wanted)


def list_nothing(call: Call) -> Entity:
    """List what the seed has none of and the sandbox does not let make."""
    return call.page([])


def list_nothing_of_product(call: Call) -> Entity:
    """List what no product of the sandbox has: specs, variants, other sellers, stock records."""
    call.marketplace.visibility.product(call.session.viewer, call.ids["productID"])
    return call.page([])


def _shelf(call: Call) -> Shelf:
    """Return what part of the catalogs the query asks for."""
    category_id, depth = call.parameter("categoryID"), call.parameter("depth") or "all"
    catalog_id = _catalog_id(call) if category_id else call.parameter("catalogID")
    if category_id and catalog_id is None:
        raise ApiError("Product.CategoryFilterRequiresCatalogID")
    return Shelf(catalog_id, category_id, parse_depth(depth))


def _catalog_id(call: Call) -> str | None:
    """Return the catalog asked for, else the buyer's default."""
    buyer = call.marketplace.store.buyers.find(call.session.viewer.buyer_id)
    return call.parameter("catalogID") or (buyer["DefaultCatalogID"] if buyer else None)


def _holding(call: Call, catalog_id: str, product_id: str) -> set[str]:
    product = call.marketplace.visibility.product(call.session.viewer, product_id)
    held = call.marketplace.store.products_in_categories.of(product["ID"])
    return {each.category.category_id for each in held if each.category.catalog_id == catalog_id}
