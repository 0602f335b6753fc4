"""Every operation under `/v1` that the sandbox offers, and the function that answers it."""

from collections.abc import Mapping

from sandbox.ordercloud import me
from sandbox.ordercloud.call import Endpoint

ROUTES: Mapping[str, Endpoint] = {
    "GET /me": me.get,
    "GET /me/usergroups": me.list_user_groups,
    "GET /me/catalogs": me.list_catalogs,
    "GET /me/catalogs/{catalogID}": me.get_catalog,
    "GET /me/categories": me.list_categories,
    "GET /me/categories/{categoryID}": me.get_category,
    "GET /me/products": me.list_products,
    "GET /me/products/{productID}": me.get_product,
    "GET /me/promotions": me.list_promotions,
    "GET /me/promotions/{promotionID}": me.get_promotion,
}
