"""What shoppers keep for themselves: addresses, credit cards, wish lists."""

from collections.abc import Mapping
from dataclasses import replace

from sandbox.ordercloud import models, present
from sandbox.ordercloud.call import Call, Endpoint
from sandbox.ordercloud.collections import Collection, Entity
from sandbox.ordercloud.entities import Entities
from sandbox.ordercloud.errors import ApiError
from sandbox.ordercloud.listing import run
from sandbox.ordercloud.visibility import Shelf

_MOST_ENTRIES = 500


def list_wishes(call: Call) -> Entity:
    """List the products of a wish list that the shopper still sees, at their price."""
    visible = call.marketplace.visibility.products(call.session.viewer, Shelf())
    wishes = {wish["ID"]: wish for wish in _wishes(call)}
    show = present.buyer_product(call.marketplace, call.session.viewer)

    def show_wish(product: Entity) -> Entity:
        wish = wishes[product["ID"]]
        return {"ListOrder": wish["ListOrder"], "DateAdded": wish["DateAdded"], **show(product)}

    rows = visible.rows & visible.table.rows_of(wishes)
    facets = call.marketplace.store.product_facets
    return run(call.listing(), replace(visible, rows=rows, show=show_wish), facets)


def save_wish(call: Call) -> None:
    """Put a product on a wish list."""
    entry = models.create("ProductCollectionEntry", call.body)
    _keep_wish(call, entry["ProductID"], entry["ListOrder"])


def save_named_wish(call: Call) -> None:
    """Put the product of the path on a wish list."""
    _keep_wish(call, call.ids["productID"], (call.body or {}).get("ListOrder"))


def remove_wish(call: Call) -> None:
    """Take a product off a wish list."""
    _wishes(call).remove(call.ids["productID"])


def _wishes(call: Call) -> Collection:
    """Return the entries of the wish list in the path; raise NotFound."""
    store, owner = call.marketplace.store, call.session.owner
    wish_list = store.wish_lists.of(owner).get(call.ids["productCollectionID"])
    return store.wishes.of(_place(call, wish_list))


def _place(call: Call, wish_list: Entity) -> str:
    """Return under what a wish list's entries are kept: others may use the same ID."""
    return f"{call.session.owner}/{wish_list['ID']}"


def _keep_wish(call: Call, product_id: str, list_order: int | None) -> None:
    product = call.marketplace.visibility.product(call.session.viewer, product_id)
    wishes = _wishes(call)
    if len(wishes) >= _MOST_ENTRIES and product["ID"] not in wishes:
        raise ApiError("ProductCollection.ProductEntryLimit")
    added = {"DateAdded": call.marketplace.now(), "ListOrder": list_order}
    wishes.put({"ID": product["ID"], **added})


def _editable(_: Call, entity: Entity) -> Entity:
    return {**entity, "Editable": True}


def _forget_wishes(call: Call, wish_list: Entity) -> None:
    call.marketplace.store.wishes.drop(_place(call, wish_list))


_ADDRESSES = Entities(
    model="BuyerAddress",
    path="/me/addresses",
    place="addressID",
    within=lambda call: call.marketplace.store.addresses.of(call.session.owner),
    prepare=_editable,
)
_CREDIT_CARDS = Entities(
    model="BuyerCreditCard",
    path="/me/creditcards",
    place="creditcardID",
    within=lambda call: call.marketplace.store.cards.of(call.session.owner),
    prepare=_editable,
)
_WISH_LISTS = Entities(
    model="ProductCollection",
    path="/me/productcollections",
    place="productCollectionID",
    within=lambda call: call.marketplace.store.wish_lists.of(call.session.owner),
    forget=_forget_wishes,
)
ROUTES: Mapping[str, Endpoint] = {
    **_ADDRESSES.routes(),
    **_CREDIT_CARDS.routes(),
    **_WISH_LISTS.routes(),
    "GET /me/productcollections/{productCollectionID}/products": list_wishes,
    "POST /me/productcollections/{productCollectionID}/products": save_wish,
    "PUT /me/productcollections/{productCollectionID}/{productID}": save_named_wish,
    "DELETE /me/productcollections/{productCollectionID}/{productID}": remove_wish,
}
