"""Payments of a cart or order, and their transactions."""

from sandbox.ordercloud import models
from sandbox.ordercloud.call import Call
from sandbox.ordercloud.collections import Collection, Entity
from sandbox.ordercloud.errors import ApiError, not_found
from sandbox.ordercloud.shopping import orders


def list_all(call: Call) -> Entity:
    """List the payments."""
    order = orders.find(call)
    return call.page(list(_payments(call, order)) if order else [])


def get(call: Call) -> Entity:
    """Return a payment."""
    return _payments(call, orders.require(call)).get(call.ids["paymentID"])


def create(call: Call) -> Entity:
    """Add a payment; without an amount it is for the whole order.

    Purchase orders are accepted at once; for others an order administrator says so (assumed).
    """
    order = orders.require_editable(call)
    payment = models.create("Payment", call.body)
    if payment["Amount"] is not None and payment["Amount"] <= 0:
        raise ApiError("Payment.AmountGreaterThanZero")
    accepted = payment["Type"] == "PurchaseOrder"
    return _payments(call, order).add(
        {
            **payment,
            "Amount": order["Total"] if payment["Amount"] is None else payment["Amount"],
            "Accepted": payment["Accepted"] if _is_admin(call) else accepted,
            "Currency": order["Currency"],
            "DateCreated": call.marketplace.now(),
            "Transactions": [],
        }
    )


def patch(call: Call) -> Entity:
    """Set some properties of a payment; `Accepted` is for order administrators."""
    payments = _payments(call, orders.require(call))
    old = payments.get(call.ids["paymentID"])
    payment = models.patch("Payment", old, call.body)
    if payment["Accepted"] != old["Accepted"] and not _is_admin(call):
        raise ApiError("Payment.CannotPatchAccepted")
    return payments.put(payment)


def delete(call: Call) -> None:
    """Remove a payment."""
    _payments(call, orders.require_editable(call)).remove(call.ids["paymentID"])


def create_transaction(call: Call) -> Entity:
    """Add a transaction and return its payment."""
    payments = _payments(call, orders.require(call))
    payment = payments.get(call.ids["paymentID"])
    transaction = models.create("PaymentTransaction", call.body)
    return payments.put({**payment, "Transactions": [*payment["Transactions"], transaction]})


def delete_transaction(call: Call) -> None:
    """Remove a transaction from its payment."""
    payments = _payments(call, orders.require(call))
    payment, wanted = payments.get(call.ids["paymentID"]), call.ids["transactionID"]
    left = [each for each in payment["Transactions"] if each["ID"] != wanted]
    if len(left) == len(payment["Transactions"]):
        raise not_found("PaymentTransaction", wanted)
    payments.put({**payment, "Transactions": left})


def _payments(call: Call, order: Entity) -> Collection:
    return call.marketplace.store.payments.of(order["ID"])


def _is_admin(call: Call) -> bool:
    return not set(orders.ADMINS).isdisjoint(call.session.roles)
