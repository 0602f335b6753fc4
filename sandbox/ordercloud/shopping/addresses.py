"""Where a cart or order is billed, and where its items are shipped."""

from sandbox.ordercloud import models
from sandbox.ordercloud.call import Call
from sandbox.ordercloud.collections import Entity
from sandbox.ordercloud.errors import ApiError
from sandbox.ordercloud.shopping import orders


def set_billing(call: Call) -> Entity:
    """Bill the order to an address of its own."""
    order = orders.require_editable(call)
    address = models.create("Address", call.body)
    return orders.keep(call, {**order, "BillingAddress": address, "BillingAddressID": None})


def patch_billing(call: Call) -> Entity:
    """Set some properties of the order's own billing address."""
    order = orders.require_editable(call)
    if order["BillingAddress"] is None:
        raise ApiError("BillingAddress.CannotModifyNotFound")
    if order["BillingAddressID"]:
        raise ApiError("BillingAddress.CannotPatchSetByID")
    address = models.patch("Address", order["BillingAddress"], call.body)
    return orders.keep(call, {**order, "BillingAddress": address})


def set_shipping(call: Call) -> Entity:
    """Ship the order, with all that is in it, to an address of its own."""
    order = orders.require_editable(call)
    orders.ship(call, order, models.create("Address", call.body))
    return orders.keep(call, {**order, "ShippingAddressID": None})


def patch_shipping(call: Call) -> Entity:
    """Set some properties of the order's own shipping address."""
    order = orders.require_editable(call)
    address = call.marketplace.store.shipping_addresses.get(order["ID"])
    if address is None:
        raise ApiError("ShippingAddress.CannotModifyNotFound")
    if order["ShippingAddressID"]:
        raise ApiError("ShippingAddress.CannotPatchSetByID")
    orders.ship(call, order, models.patch("Address", address, call.body))
    return orders.keep(call, order)


def set_item_shipping(call: Call) -> Entity:
    """Ship one line item to an address of its own."""
    order = orders.require_editable(call)
    items = call.marketplace.store.line_items.of(order["ID"])
    item = items.get(call.ids["lineItemID"])
    address = models.create("Address", call.body)
    return items.put({**item, "ShippingAddress": address, "ShippingAddressID": None})


def patch_item_shipping(call: Call) -> Entity:
    """Set some properties of one line item's shipping address."""
    order = orders.require_editable(call)
    items = call.marketplace.store.line_items.of(order["ID"])
    item = items.get(call.ids["lineItemID"])
    if item["ShippingAddress"] is None:
        raise ApiError("LineItem.CannotPatchShippingAddressIfMissing")
    address = models.patch("Address", item["ShippingAddress"], call.body)
    return items.put({**item, "ShippingAddress": address})
