"""Brings an order up to date with what is in it: discounts, line totals, totals."""

from decimal import Decimal

from sandbox.ordercloud.collections import Entity
from sandbox.ordercloud.marketplace import Marketplace
from sandbox.ordercloud.pricing import exact, rounded
from sandbox.ordercloud.shopping import discounts
from sandbox.ordercloud.store import Store

_ADDED = ("Subtotal", "ShippingCost", "TaxCost", "Gratuity", "Fees")


def settle(marketplace: Marketplace, owner: str, order: Entity) -> Entity:
    """Keep an order as its owner's and return it, with every amount worked out anew.

    Promotions that the order is no longer eligible for are dropped (assumed).
    """
    store = marketplace.store
    items = list(store.line_items.of(order["ID"]))
    subtotal = sum((exact(item["LineSubtotal"]) for item in items), Decimal(0))
    order = {
        **order,
        "LineItemCount": len(items),
        "Subtotal": rounded(subtotal),
        "LastUpdated": marketplace.now(),
    }
    discount = _settle_promotions(store, order, items)
    total = sum((exact(order[name]) for name in _ADDED), -discount)
    order |= {"PromotionDiscount": rounded(discount), "Total": rounded(total)}
    return store.orders.put(owner, order)


def _settle_promotions(store: Store, order: Entity, items: list[Entity]) -> Decimal:
    """Work out the order's promotions and put the items' share on them; return the whole."""
    before = {each["ID"]: each for each in store.order_promotions.get(order["ID"], ())}
    applied = [
        fresh
        for each in before.values()
        for fresh in discounts.apply(
            store.promotions.find(each["ID"]) or each,
            order,
            items,
            date_applied=each["DateApplied"],
        )
    ]
    store.order_promotions[order["ID"]] = applied
    for item in items:
        shares = (exact(each["Amount"]) for each in applied if each["LineItemID"] == item["ID"])
        discount = sum(shares, Decimal(0))
        total = exact(item["LineSubtotal"]) - discount
        shown = {"PromotionDiscount": rounded(discount), "LineTotal": rounded(total)}
        store.line_items.of(order["ID"]).put({**item, **shown})
    return sum((exact(each["Amount"]) for each in applied), Decimal(0))
