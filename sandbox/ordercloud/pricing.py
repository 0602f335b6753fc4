"""What a price schedule says: whether it is on sale, and the price of a quantity."""

from decimal import ROUND_HALF_UP, Decimal

from sandbox.ordercloud import dates
from sandbox.ordercloud.collections import Entity
from sandbox.ordercloud.errors import ApiError

_CENT = Decimal("0.01")


def lowest_quantity_price(schedule: Entity) -> Decimal:
    """Return the price of the smallest quantity that can be bought."""
    breaks = sorted(schedule["PriceBreaks"] or [], key=lambda each: each["Quantity"])
    return exact(breaks[0]["Price"]) if breaks else Decimal(0)


def is_on_sale(schedule: Entity, now: float) -> bool:
    """Say whether sale prices count: some are set, and *now* lies within the sale's dates."""
    start, end = schedule["SaleStart"], schedule["SaleEnd"]
    running = (not start or dates.read(start) <= now) and (not end or now < dates.read(end))
    return running and any(each["SalePrice"] is not None for each in schedule["PriceBreaks"] or [])


def unit_price(schedule: Entity, quantity: int, *, in_cart: int, now: float) -> float:
    """Return the price of one piece; raise OrderCloud's `PriceSchedule` errors.

    *in_cart* is the whole quantity of the product in the order, which decides the price break
    where the schedule counts cumulatively.
    """
    _check_quantity(schedule, quantity)
    counted = in_cart if schedule["UseCumulativeQuantity"] else quantity
    reached = [each for each in schedule["PriceBreaks"] or [] if each["Quantity"] <= counted]
    if not reached:
        raise ApiError("PriceSchedule.QtyNotFound")
    best = max(reached, key=lambda each: each["Quantity"])
    on_sale = is_on_sale(schedule, now) and best["SalePrice"] is not None
    price: float = best["SalePrice"] if on_sale else best["Price"]
    return price


def exact(amount: float | None) -> Decimal:
    """Return an amount of money as it is written, so that sums have no binary dust."""
    return Decimal(str(amount or 0))


def rounded(amount: Decimal) -> float:
    """Return an amount in whole cents, as JSON carries it."""
    return float(amount.quantize(_CENT, ROUND_HALF_UP))


def _check_quantity(schedule: Entity, quantity: int) -> None:
    if quantity < (schedule["MinQuantity"] or 1):
        raise ApiError("PriceSchedule.CannotBeLessThanMin")
    if schedule["MaxQuantity"] and quantity > schedule["MaxQuantity"]:
        raise ApiError("PriceSchedule.CannotExceedMax")
    allowed = {each["Quantity"] for each in schedule["PriceBreaks"] or []}
    if schedule["RestrictedQuantity"] and quantity not in allowed:
        raise ApiError("PriceSchedule.QuantityNotAllowed")
