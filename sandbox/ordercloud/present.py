"""How stored entities look to those who read them: what is computed, added or left out."""

from collections.abc import Callable

from sandbox.ordercloud import models, pricing
from sandbox.ordercloud.accounts import Account
from sandbox.ordercloud.categories import CategoryTree
from sandbox.ordercloud.collections import Entity
from sandbox.ordercloud.marketplace import Marketplace
from sandbox.ordercloud.visibility import Viewer, Visibility

_SELLER_ONLY = {"OwnerID", "DefaultPriceScheduleID", "AutoForward"}


def buyer_product(
    marketplace: Marketplace,
    viewer: Viewer,
    seller_id: str | None = None,
    *,
    catalog: Visibility | None = None,
) -> Callable[[Entity], Entity]:
    """Return how a product looks to a viewer: with their price, without what is the seller's.

    *catalog* is where the prices come from: that of a list may trail behind.
    """
    prices = catalog or marketplace.visibility

    def show(product: Entity) -> Entity:
        schedule = prices.price_schedule(viewer, product, seller_id)
        shown = {name: value for name, value in product.items() if name not in _SELLER_ONLY}
        return {"PriceSchedule": schedule and price_schedule(marketplace, schedule), **shown}

    return show


def price_schedule(marketplace: Marketplace, schedule: Entity) -> Entity:
    """Return a price schedule as it is now, in or out of its sale."""
    return {**schedule, "IsOnSale": pricing.is_on_sale(schedule, marketplace.clock.now())}


def categories(marketplace: Marketplace, catalog_id: str) -> Callable[[Entity], Entity]:
    """Return how a catalog's categories look: with the number of their children."""
    tree = CategoryTree(marketplace.store, catalog_id)
    return lambda category: {**category, "ChildCount": len(tree.below(category["ID"], 1))}


def catalog(marketplace: Marketplace, catalog: Entity) -> Entity:
    """Return a catalog with the number of its categories."""
    return {**catalog, "CategoryCount": len(marketplace.store.categories.of(catalog["ID"]))}


def me(marketplace: Marketplace, account: Account) -> Entity:
    """Return a user as `GET /me` shows them (model MeUser)."""
    buyer = marketplace.store.buyers.find(account.buyer_id or "")
    owner = marketplace.settings.marketplace_id
    me = {
        "Buyer": buyer and {"ID": buyer["ID"], "DefaultCatalogID": buyer["DefaultCatalogID"]},
        "Supplier": None,
        "Seller": {"ID": owner},
        **account.user,
        "CompanyID": account.buyer_id or owner,
        "AvailableRoles": list(marketplace.accounts.roles(account)),
        "Locale": marketplace.accounts.locale(account),
    }
    return models.narrowed("MeUser", me)
