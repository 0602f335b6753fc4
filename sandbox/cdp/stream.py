"""What an event does to the session, the cart and the guest that it belongs to."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.cdp.guests import GuestType, Session, amount
from sandbox.cdp.tenant import Tenant

# IDENTITY attributes → attributes of the guest.
_PROFILE = {
    "email": "email",
    "title": "title",
    "firstname": "firstName",
    "lastname": "lastName",
    "gender": "gender",
    "dob": "dateOfBirth",
    "mobile": "mobile",
    "phone": "phone",
    "street": "street",
    "city": "city",
    "state": "state",
    "country": "country",
    "postal_code": "postCode",
    "language": "language",
}
_UNDONE = frozenset({"CANCELLED", "REFUNDED"})


@dataclass(frozen=True, slots=True)
class _Received:
    tenant: Tenant
    browser_id: str
    session: Session
    message: Mapping[str, Any]


def receive(tenant: Tenant, session: Session, browser_id: str, message: Mapping[str, Any]) -> str:
    """Record *message* in the browser's *session*, let it take effect, return its reference."""
    kind = str(message["type"])
    event = tenant.record(session, kind, message)
    if effect := _EFFECTS.get(kind):
        effect(_Received(tenant, browser_id, session, message))
    return event.ref


def _identity(event: _Received) -> None:
    identifiers = {
        str(identifier["provider"]): str(identifier["id"])
        for identifier in _objects(event.message.get("identifiers"))
        if "provider" in identifier and "id" in identifier
    }
    guest = event.tenant.identify(event.browser_id, identifiers)
    said = {_PROFILE[key]: event.message[key] for key in _PROFILE.keys() & event.message.keys()}
    guest.profile.update(said)


def _add(event: _Received) -> None:
    for product in _objects(event.message.get("product")):
        event.session.cart.add(product)


def _confirm(event: _Received) -> None:
    products = _objects(event.message.get("product"))
    event.session.cart.confirm([str(product.get("item_id")) for product in products])


def _checkout(event: _Received) -> None:
    """Turn the confirmed products into an order, or change the status of an earlier one."""
    reference, status = str(event.message.get("reference_id")), str(event.message.get("status"))
    if status in _UNDONE:
        event.tenant.update_order(event.session, reference, status=status)
        return
    lines = event.session.cart.confirmed_lines()
    items = [{**line, "referenceId": f"{reference}_{line.get('item_id')}"} for line in lines]
    order = {
        "referenceId": reference,
        "status": status,
        "price": sum(map(amount, lines)),
        "currencyCode": event.message.get("currency"),
        "orderItems": items,
    }
    event.tenant.place_order(event.session, order)


def _payment(event: _Received) -> None:
    orders = event.tenant.guests[event.session.guest_ref].orders
    if orders:
        orders[-1]["paymentType"] = event.message.get("pay_type")


def _order_checkout(event: _Received) -> None:
    """Take a whole order; it needs a guest who is identified, otherwise it comes to nothing."""
    guest = event.tenant.guests[event.session.guest_ref]
    order = event.message.get("order")
    if isinstance(order, dict) and guest.type is GuestType.CUSTOMER:
        event.tenant.place_order(event.session, order)


def _clear_cart(event: _Received) -> None:
    event.session.cart.clear()


def _force_close(event: _Received) -> None:
    event.tenant.close(event.session, at=event.session.last_event_at)


def _objects(value: object) -> list[Mapping[str, Any]]:
    """Return the objects in *value*, which is one or a list of them."""
    return [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, dict)]


_EFFECTS: Mapping[str, Callable[[_Received], None]] = {
    "IDENTITY": _identity,
    "ADD": _add,
    "CONFIRM": _confirm,
    "CHECKOUT": _checkout,
    "PAYMENT": _payment,
    "ORDER_CHECKOUT": _order_checkout,
    "CLEAR_CART": _clear_cart,
    "FORCE_CLOSE": _force_close,
}
