"""Line items of a cart or order: what is bought, how much of it, at which price."""

from sandbox.ordercloud import models, pricing
from sandbox.ordercloud.call import Call
from sandbox.ordercloud.collections import Collection, Entity
from sandbox.ordercloud.errors import ApiError
from sandbox.ordercloud.pricing import exact, rounded
from sandbox.ordercloud.shopping import orders


def list_all(call: Call) -> Entity:
    """List the items; without a cart there are none."""
    order = orders.find(call)
    return call.page(list(_items(call, order)) if order else [])


def get(call: Call) -> Entity:
    """Return an item."""
    return _items(call, orders.require(call)).get(call.ids["lineItemID"])


def create(call: Call) -> Entity:
    """Add an item. A product that is already in the order gets a second one (assumed)."""
    order = orders.require_editable(call)
    return _keep(call, order, _new(call))


def save(call: Call) -> Entity:
    """Replace an item, or add one with the ID in the path."""
    order = orders.require_editable(call)
    old = _items(call, order).find(call.ids["lineItemID"])
    if old is None:
        return _keep(call, order, {**_new(call), "ID": call.ids["lineItemID"]})
    return _keep(call, order, _same_product(old, models.replace("LineItem", old, call.body)))


def patch(call: Call) -> Entity:
    """Set some properties of an item: the quantity, mostly."""
    order = orders.require_editable(call)
    old = _items(call, order).get(call.ids["lineItemID"])
    return _keep(call, order, _same_product(old, models.patch("LineItem", old, call.body)))


def delete(call: Call) -> None:
    """Take an item out of the order."""
    order = orders.require_editable(call)
    _items(call, order).remove(call.ids["lineItemID"])
    orders.keep(call, order)


def _items(call: Call, order: Entity) -> Collection:
    return call.marketplace.store.line_items.of(order["ID"])


def _new(call: Call) -> Entity:
    item = models.create("LineItem", call.body)
    return {**item, "DateAdded": call.marketplace.now(), "Specs": item["Specs"] or []}


def _same_product(old: Entity, new: Entity) -> Entity:
    if new["ProductID"] != old["ProductID"]:
        raise ApiError("LineItem.CannotChangeProductID")
    return new


def _keep(call: Call, order: Entity, item: Entity) -> Entity:
    """Keep an item with its price, and return it as the settled order has it."""
    items = _items(call, order)
    items.put(_addressed(call, order, _priced(call, order, item)))
    orders.keep(call, order)
    return items.get(item["ID"])


def _priced(call: Call, order: Entity, item: Entity) -> Entity:
    """Return an item with the product and price that the order's shopper sees."""
    product, schedule = _offer(call, order, item["ProductID"])
    price = _unit_price(call, order, {**item, "ProductID": product["ID"]}, schedule)
    return {
        **item,
        "ProductID": product["ID"],
        "Product": models.narrowed("LineItemProduct", product),
        "UnitPrice": price,
        "LineSubtotal": rounded(exact(price) * item["Quantity"]),
        "PriceScheduleID": schedule["ID"],
        "IsOnSale": pricing.is_on_sale(schedule, call.marketplace.clock.now()),
    }


def _offer(call: Call, order: Entity, product_id: str) -> tuple[Entity, Entity]:
    """Return a product and its price schedule; raise if the order's shopper cannot buy it."""
    visibility, viewer = call.marketplace.visibility, orders.shopper(call, order)
    product = visibility.product(viewer, product_id)
    if product["IsParent"]:
        raise ApiError("LineItem.CannotPurchaseParentProduct")
    schedule = visibility.price_schedule(viewer, product)
    if schedule is None:
        raise ApiError("PriceSchedule.MissingOrConflicting")
    return product, schedule


def _unit_price(call: Call, order: Entity, item: Entity, schedule: Entity) -> float:
    quantity = item["Quantity"]
    if quantity is None or quantity < 1:
        raise ApiError("LineItem.QuantityMustBePositive")
    others = (
        each["Quantity"]
        for each in _items(call, order)
        if each["ProductID"] == item["ProductID"] and each["ID"] != item["ID"]
    )
    in_cart = quantity + sum(others)
    now = call.marketplace.clock.now()
    return pricing.unit_price(schedule, quantity, in_cart=in_cart, now=now)


def _addressed(call: Call, order: Entity, item: Entity) -> Entity:
    """Return an item with the address it is shipped to: its own by ID, else the order's."""
    of_order = call.marketplace.store.shipping_addresses.get(order["ID"])
    if item["ShippingAddressID"]:
        address = orders.saved_address(call, order, item["ShippingAddressID"])
        return {**item, "ShippingAddress": address}
    return {**item, "ShippingAddress": item["ShippingAddress"] or of_order}
