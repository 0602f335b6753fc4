"""What shoppers keep for themselves: addresses, credit cards, wish lists."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from sandbox.ordercloud import models, present
from sandbox.ordercloud.call import Call, Endpoint
from sandbox.ordercloud.collections import Collection, Entity, Owned
from sandbox.ordercloud.entities import Entities
from sandbox.ordercloud.errors import ApiError
from sandbox.ordercloud.listing import run
from sandbox.ordercloud.store import Store
from sandbox.ordercloud.visibility import Shelf

_MOST_ENTRIES = 500


def routes() -> Mapping[str, Endpoint]:
    """Return the operations by verb and path."""
    return {
        **_own("BuyerAddress", "/me/addresses", "addressID", lambda store: store.addresses),
        **_own("BuyerCreditCard", "/me/creditcards", "creditcardID", lambda store: store.cards),
        **_own(
            "ProductCollection",
            "/me/productcollections",
            "productCollectionID",
            lambda store: store.wish_lists,
        ),
        "GET /me/productcollections/{productCollectionID}/products": list_wishes,
        "POST /me/productcollections/{productCollectionID}/products": save_wish,
        "PUT /me/productcollections/{productCollectionID}/{productID}": save_named_wish,
        "DELETE /me/productcollections/{productCollectionID}/{productID}": remove_wish,
    }


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


def _own(
    model: str, path: str, place: str, kept_in: Callable[[Store], Owned]
) -> Mapping[str, Endpoint]:
    """Return the six operations on one kind of thing that belongs to the caller."""

    def within(call: Call) -> Collection:
        return kept_in(call.marketplace.store).of(call.session.owner)

    def prepare(_: Call, entity: Entity) -> Entity:
        return {**entity, "Editable": True} if "Editable" in entity else entity

    return Entities(model=model, path=path, place=place, within=within, prepare=prepare).routes()


def _wishes(call: Call) -> Collection:
    """Return the entries of the wish list in the path; raise NotFound."""
    store, owner = call.marketplace.store, call.session.owner
    wish_list = store.wish_lists.of(owner).get(call.ids["productCollectionID"])
    return store.wishes.of(f"{owner}/{wish_list['ID']}")


def _keep_wish(call: Call, product_id: str, list_order: int | None) -> None:
    product = call.marketplace.visibility.product(call.session.viewer, product_id)
    wishes = _wishes(call)
    if len(wishes) >= _MOST_ENTRIES and product["ID"] not in wishes:
        raise ApiError("ProductCollection.ProductEntryLimit")
    added = {"DateAdded": call.marketplace.now(), "ListOrder": list_order}
    wishes.put({"ID": product["ID"], **added})
