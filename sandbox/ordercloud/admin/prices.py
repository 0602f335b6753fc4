"""Price schedules and their price breaks."""

from collections.abc import Mapping

from sandbox.ordercloud import dates, models, present
from sandbox.ordercloud.call import Call, Endpoint
from sandbox.ordercloud.collections import Entity
from sandbox.ordercloud.entities import Entities, Show
from sandbox.ordercloud.errors import ApiError


def _prepare(_: Call, schedule: Entity) -> Entity:
    """Refuse quantities or dates that contradict each other; put the breaks in order."""
    breaks = sorted(schedule["PriceBreaks"] or [], key=lambda each: each["Quantity"])
    quantities = [each["Quantity"] for each in breaks]
    if len(set(quantities)) < len(quantities):
        raise ApiError("PriceSchedule.DuplicatePriceBreaks")
    if schedule["MaxQuantity"] and schedule["MinQuantity"] > schedule["MaxQuantity"]:
        raise ApiError("PriceSchedule.MinGreaterThanMax")
    start, end = schedule["SaleStart"], schedule["SaleEnd"]
    if start and end and dates.read(start) >= dates.read(end):
        raise ApiError("PriceSchedule.InvalidSaleStartOrSaleEnd")
    return {**schedule, "PriceBreaks": breaks}


def _showing(call: Call) -> Show:
    return lambda schedule: present.price_schedule(call.marketplace, schedule)


_SCHEDULES = Entities(
    model="PriceSchedule",
    path="/priceschedules",
    place="priceScheduleID",
    within=lambda call: call.marketplace.store.price_schedules,
    prepare=_prepare,
    showing=_showing,
)


def _save_break(call: Call) -> Entity:
    """Add a price break, in place of one for the same quantity."""
    wanted = models.create("PriceBreak", call.body)
    others = _breaks_without(call, wanted["Quantity"])
    return _keep_breaks(call, [*others, wanted])


def _delete_break(call: Call) -> None:
    """Delete the price break for a quantity; raise PriceSchedule.QtyNotFound."""
    quantity = call.parameter("quantity") or ""
    others = _breaks_without(call, int(quantity) if quantity.isdecimal() else None)
    if len(others) == len(_schedule(call)["PriceBreaks"]):
        raise ApiError("PriceSchedule.QtyNotFound")
    _keep_breaks(call, others)


def _schedule(call: Call) -> Entity:
    return call.marketplace.store.price_schedules.get(call.ids["priceScheduleID"])


def _breaks_without(call: Call, quantity: int | None) -> list[Entity]:
    return [each for each in _schedule(call)["PriceBreaks"] if each["Quantity"] != quantity]


def _keep_breaks(call: Call, breaks: list[Entity]) -> Entity:
    schedule = _prepare(call, {**_schedule(call), "PriceBreaks": breaks})
    call.marketplace.store.price_schedules.put(schedule)
    return _showing(call)(schedule)


ROUTES: Mapping[str, Endpoint] = {
    **_SCHEDULES.routes(),
    "POST /priceschedules/{priceScheduleID}/PriceBreaks": _save_break,
    "DELETE /priceschedules/{priceScheduleID}/PriceBreaks": _delete_break,
}
