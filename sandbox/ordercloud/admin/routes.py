"""The administration's operations by verb and path."""

from collections.abc import Mapping

from sandbox.ordercloud.admin import (
    catalogs,
    categories,
    companies,
    integration,
    prices,
    products,
    promotions,
    users,
)
from sandbox.ordercloud.call import Endpoint

ROUTES: Mapping[str, Endpoint] = {
    **products.ROUTES,
    **catalogs.ROUTES,
    **categories.ROUTES,
    **prices.ROUTES,
    **promotions.ROUTES,
    **companies.ROUTES,
    **users.ROUTES,
    **integration.ROUTES,
}
