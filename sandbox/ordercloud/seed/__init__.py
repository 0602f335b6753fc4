"""The demo's marketplace: always the same for the same number of products."""

from sandbox.ordercloud.seed import (
    catalogs,
    companies,
    facets,
    prices,
    products,
    promotions,
)
from sandbox.ordercloud.store import Store


def plant(store: Store, *, products_count: int, base_url: str) -> None:
    """Fill an empty store: companies, catalogs, prices, products, facets, promotions."""
    companies.plant(store)
    catalogs.plant(store)
    prices.plant(store)
    products.plant(store, count=products_count, base_url=base_url)
    facets.plant(store)
    promotions.plant(store, base_url=base_url)
