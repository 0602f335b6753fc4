"""Carts and orders: which one a call means, who may touch it, and their life before submit."""

from sandbox.ordercloud import models
from sandbox.ordercloud.accounts import Account
from sandbox.ordercloud.call import Call
from sandbox.ordercloud.collections import Entity
from sandbox.ordercloud.errors import ApiError, not_found
from sandbox.ordercloud.shopping.totals import settle
from sandbox.ordercloud.visibility import Viewer

ADMINS = ("FullAccess", "OrderAdmin")
_AFTER_SUBMIT = (*ADMINS, "OrderEditAfterSubmit")


def find(call: Call) -> Entity | None:
    """Return the order in the path, or the caller's active cart, or None without a cart."""
    if "orderID" in call.ids:
        return _accessible(call, call.ids["orderID"])
    return active_cart(call)


def require(call: Call) -> Entity:
    """Return the order that the call is about; raise NotFound."""
    order = find(call)
    if order is None:
        raise not_found("Order", "cart")
    return order


def require_editable(call: Call) -> Entity:
    """Return the order for a change; a cart is begun if there is none, as OrderCloud does."""
    order = find(call) or begin(call, {})
    if order["IsSubmitted"]:
        call.session.require(_AFTER_SUBMIT)
    return order


def keep(call: Call, order: Entity) -> Entity:
    """Keep a changed order, with its amounts worked out anew, and return it."""
    return settle(call.marketplace, call.marketplace.store.orders.owner(order["ID"]), order)


def active_cart(call: Call) -> Entity | None:
    """Return the order designated as cart, else the newest that is not submitted, else None."""
    store, owner = call.marketplace.store, call.session.owner
    unsubmitted = [each for each in store.orders.of(owner) if each["Status"] == "Unsubmitted"]
    newest = unsubmitted[-1] if unsubmitted else None
    chosen = store.active_carts.get(owner)
    return next((each for each in unsubmitted if each["ID"] == chosen), newest)


def begin(call: Call, body: object) -> Entity:
    """Make a new order of the caller; an anonymous shopper's first one has the token's ID."""
    session, orders = call.session, call.marketplace.store.orders
    order = models.create("Order", body)
    if session.order_id and session.order_id not in orders:
        order["ID"] = session.order_id
    if order["ID"] in orders:
        raise ApiError("IdExists", {"ObjectType": "Order", "ObjectID": order["ID"]})
    order |= {
        **of_account(call, session.account),
        "ToCompanyID": order["ToCompanyID"] or call.marketplace.settings.marketplace_id,
        "Status": "Unsubmitted",
        "DateCreated": call.marketplace.now(),
    }
    return settle(call.marketplace, call.session.owner, order)


def of_account(call: Call, account: Account) -> Entity:
    """Return the properties of an order that say whose it is."""
    locale = call.marketplace.accounts.locale(account)
    company_id = account.buyer_id or call.marketplace.settings.marketplace_id
    return {
        "FromUser": {**models.narrowed("OrderUser", account.user), "CompanyID": company_id},
        "FromUserID": account.user["ID"],
        "FromCompanyID": company_id,
        "Currency": locale["Currency"] if locale else None,
    }


def ship(call: Call, order: Entity, address: Entity) -> None:
    """Make an address that of everything in the order, and of what will be."""
    store = call.marketplace.store
    store.shipping_addresses[order["ID"]] = address
    for item in list(store.line_items.of(order["ID"])):
        store.line_items.of(order["ID"]).put({**item, "ShippingAddress": address})


def saved_address(call: Call, order: Entity, address_id: str) -> Entity:
    """Return an address of the order's shopper; raise NotFound."""
    store = call.marketplace.store
    saved = store.addresses.of(store.orders.owner(order["ID"]))
    return models.narrowed("Address", saved.get(address_id))


def shopper(call: Call, order: Entity) -> Viewer:
    """Return who the order is for, which is not the caller where a seller edits it."""
    if call.session.account.buyer_id is not None:
        return call.session.viewer
    user = call.marketplace.store.users.of(order["FromCompanyID"]).get(order["FromUserID"])
    return call.marketplace.accounts.viewer(Account(user, order["FromCompanyID"]))


def _accessible(call: Call, order_id: str) -> Entity:
    """Return an order of the caller, or any order for the seller; raise NotFound."""
    orders = call.marketplace.store.orders
    if call.session.account.buyer_id is None:
        return orders.get(order_id)
    return orders.of(call.session.owner).get(order_id)


def hand_over(call: Call, order: Entity, account: Account) -> None:
    """Make an order another account's."""
    settle(call.marketplace, account.key, {**order, **of_account(call, account)})


def _addressed(call: Call, order: Entity) -> Entity:
    """Return an order with the saved addresses that it names by ID; raise NotFound."""
    if order["ShippingAddressID"]:
        ship(call, order, saved_address(call, order, order["ShippingAddressID"]))
    if order["BillingAddressID"]:
        return {**order, "BillingAddress": saved_address(call, order, order["BillingAddressID"])}
    return order


def get_cart(call: Call) -> Entity:
    """Return the cart; without one an order of which nothing is set."""
    return active_cart(call) or models.blank("Order")


def get(call: Call) -> Entity:
    """Return an order."""
    return require(call)


def create(call: Call) -> Entity:
    """Begin an order."""
    return begin(call, call.body or {})


def save(call: Call) -> Entity:
    """Set the properties of the cart or order that may be written, all of them."""
    order = require_editable(call)
    kept = {"FromUserID", "FromCompanyID", "ToCompanyID"}
    written = models.replace("Order", order, call.body)
    written |= {name: written[name] or order[name] for name in kept}
    return keep(call, _addressed(call, written))


def patch(call: Call) -> Entity:
    """Set some properties of the cart or order."""
    order = require_editable(call)
    return keep(call, _addressed(call, models.patch("Order", order, call.body)))


def delete(call: Call) -> None:
    """Delete the cart or order; the next unsubmitted one, if any, becomes the cart."""
    store, order = call.marketplace.store, require(call)
    store.orders.remove(order["ID"])
    store.line_items.drop(order["ID"])
    store.payments.drop(order["ID"])
    store.order_promotions.pop(order["ID"], None)
    store.shipping_addresses.pop(order["ID"], None)


def designate(call: Call) -> None:
    """Make an unsubmitted order the active cart."""
    call.session.forbid_anonymous()
    order = _accessible(call, call.ids["orderID"])
    if order["Status"] != "Unsubmitted":
        raise not_found("Order", order["ID"])
    call.marketplace.store.active_carts[call.session.owner] = order["ID"]


def patch_from_user(call: Call) -> Entity:
    """Set some properties of the order's copy of its user: an anonymous shopper's name, say."""
    order = require_editable(call)
    user = models.patch("OrderUser", order["FromUser"], call.body)
    return keep(call, {**order, "FromUser": user})
