"""From a full cart to an order: validation, submit, and what may happen to it afterwards."""

from collections.abc import Iterator

from sandbox.ordercloud.call import Call
from sandbox.ordercloud.collections import Entity
from sandbox.ordercloud.errors import ApiError
from sandbox.ordercloud.shopping import orders


def worksheet(call: Call) -> Entity:
    """Return order, items and promotions together; integrations have no part in the sandbox."""
    order, store = orders.require(call), call.marketplace.store
    return {
        "Order": order,
        "LineItems": list(store.line_items.of(order["ID"])),
        "OrderPromotions": store.order_promotions.get(order["ID"], []),
        "Subscription": None,
        "ShipEstimateResponse": None,
        "OrderCalculateResponse": None,
        "OrderSubmitResponse": None,
        "OrderSubmitForApprovalResponse": None,
        "OrderApprovedResponse": None,
        "SubscriptionIntegrationResponse": None,
    }


def calculate(call: Call) -> Entity:
    """Work out every amount anew and return the worksheet."""
    orders.keep(call, orders.require_editable(call))
    return worksheet(call)


def validate(call: Call) -> None:
    """Raise what submit would raise."""
    _check(call, orders.require(call))


def submit(call: Call) -> Entity:
    """Turn an unsubmitted order into an open one; raise OrderCloud's `Order` errors."""
    order = orders.require(call)
    _check(call, order)
    _take_from_stock(call, order)
    _count_redemptions(call, order)
    submitted = {
        **order,
        "IsSubmitted": True,
        "Status": "Open",
        "DateSubmitted": call.marketplace.now(),
    }
    return orders.keep(call, submitted)


def cancel(call: Call) -> Entity:
    """Cancel an order that is neither open nor completed."""
    order = orders.require(call)
    if order["Status"] in {"Open", "Completed"}:
        raise ApiError("Order.CannotCancelInCurrentStatus")
    canceled = {**order, "Status": "Canceled", "DateCanceled": call.marketplace.now()}
    return orders.keep(call, canceled)


def complete(call: Call) -> Entity:
    """Complete an open order."""
    order = orders.require(call)
    if order["Status"] != "Open":
        raise ApiError("Order.CannotCompleteBadStatus")
    completed = {**order, "Status": "Completed", "DateCompleted": call.marketplace.now()}
    return orders.keep(call, completed)


def _check(call: Call, order: Entity) -> None:
    if order["Status"] != "Unsubmitted":
        raise ApiError("Order.CannotSubmitBadStatus")
    items = list(call.marketplace.store.line_items.of(order["ID"]))
    if not items:
        raise ApiError("Order.CannotSubmitWithNoLineItems")
    for item in items:
        _check_product(call, order, item["ProductID"])
    _check_stock(call, order)
    payments = call.marketplace.store.payments.of(order["ID"])
    if not all(payment["Accepted"] for payment in payments):
        raise ApiError("Order.CannotSubmitWithUnaccceptedPayments")


def _check_product(call: Call, order: Entity, product_id: str) -> None:
    """Raise unless the product can still be bought by the order's shopper."""
    product = call.marketplace.store.products.find(product_id)
    if product and not product["Active"]:
        raise ApiError("Order.CannotSubmitWithInactiveProduct", {"ProductID": product_id})
    try:
        call.marketplace.visibility.product(orders.shopper(call, order), product_id)
    except ApiError as exc:
        raise ApiError("Order.ProductsNotFound", {"ProductID": product_id}) from exc


def _check_stock(call: Call, order: Entity) -> None:
    for product, quantity in _stocked(call, order):
        if not product["Inventory"]["OrderCanExceed"] and _available(product) < quantity:
            raise ApiError("Inventory.Insufficient", {"ProductID": product["ID"]})


def _available(product: Entity) -> int:
    quantity: int = product["Inventory"]["QuantityAvailable"] or 0
    return quantity


def _stocked(call: Call, order: Entity) -> Iterator[tuple[Entity, int]]:
    """Yield the products whose stock is counted, with the quantity of each in the order."""
    store = call.marketplace.store
    wanted: dict[str, int] = {}
    for item in store.line_items.of(order["ID"]):
        wanted[item["ProductID"]] = wanted.get(item["ProductID"], 0) + item["Quantity"]
    for product_id, quantity in wanted.items():
        product = store.products.find(product_id)
        if product and (product["Inventory"] or {}).get("Enabled"):
            yield product, quantity


def _take_from_stock(call: Call, order: Entity) -> None:
    for product, quantity in list(_stocked(call, order)):
        left = {"QuantityAvailable": _available(product) - quantity}
        inventory = {**product["Inventory"], **left}
        call.marketplace.store.products.put({**product, "Inventory": inventory})


def _count_redemptions(call: Call, order: Entity) -> None:
    store = call.marketplace.store
    for promotion_id in {each["ID"] for each in store.order_promotions.get(order["ID"], [])}:
        promotion = store.promotions.find(promotion_id)
        if promotion:
            count = promotion["RedemptionCount"] + 1
            store.promotions.put({**promotion, "RedemptionCount": count})
