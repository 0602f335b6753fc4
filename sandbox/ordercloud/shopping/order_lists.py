"""Lists of orders: a shopper's own, a company's, all that came in."""

from collections.abc import Iterable, Iterator

from sandbox.ordercloud import dates
from sandbox.ordercloud.call import Call
from sandbox.ordercloud.collections import Entity
from sandbox.ordercloud.errors import ApiError
from sandbox.ordercloud.listing import Table, View


def list_mine(call: Call) -> Entity:
    """List the caller's orders: submitted ones, unless the filters say otherwise."""
    call.session.forbid_anonymous()
    return _page(call, call.marketplace.store.orders.of(call.session.owner))


def list_all(call: Call) -> Entity:
    """List the orders that the caller's company has placed, or for the seller all that came in."""
    direction, buyer_id = call.ids["direction"].casefold(), call.session.account.buyer_id
    company_id = call.parameter("buyerID") if buyer_id is None else buyer_id
    is_theirs = direction in {"all", "incoming" if buyer_id is None else "outgoing"}
    orders = call.marketplace.store.orders if is_theirs else ()
    return _page(call, (each for each in orders if company_id in {None, each["FromCompanyID"]}))


def _page(call: Call, orders: Iterable[Entity]) -> Entity:
    """Return a page of orders; their line items can be filtered by (`LineItems.Product.ID`)."""
    line_items = call.marketplace.store.line_items
    table = Table(
        {**order, "LineItems": list(line_items.of(order["ID"]))}
        for order in _between(call, orders)
        if order["IsSubmitted"] == _wants_submitted(call)
    )
    everything = table.rows_of(order["ID"] for order in table.items)
    return call.page(View(table, everything, show=_without_items))


def _without_items(order: Entity) -> Entity:
    return {name: value for name, value in order.items() if name != "LineItems"}


def _between(call: Call, orders: Iterable[Entity]) -> Iterator[Entity]:
    """Yield the orders submitted, or else begun, between the parameters `from` and `to`."""
    since, until = _moment(call, "from"), _moment(call, "to")
    for order in orders:
        at = dates.read(order["DateSubmitted"] or order["DateCreated"])
        if (since is None or since <= at) and (until is None or at <= until):
            yield order


def _moment(call: Call, name: str) -> float | None:
    text = call.parameter(name)
    try:
        return dates.read(text) if text else None
    except ValueError as exc:
        raise ApiError("List.InvalidType", {"Property": name}) from exc


def _wants_submitted(call: Call) -> bool:
    """Say which orders a list is about; raise where its filters want both kinds."""
    flag, status = call.parameter("IsSubmitted"), call.parameter("Status")
    if flag is not None:
        return flag.casefold() != "false"
    wanted = {each.casefold() == "unsubmitted" for each in (status or "").split("|")}
    if len(wanted) > 1:
        raise ApiError("Order.CannotMixSubmittedAndUnsubmitted")
    return wanted == {False}
