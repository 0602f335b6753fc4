"""What a price schedule says: whether it is on sale, and the price of a quantity."""

from decimal import Decimal

from sandbox.ordercloud import dates
from sandbox.ordercloud.collections import Entity


def lowest_quantity_price(schedule: Entity) -> Decimal:
    """Return the price of the smallest quantity that can be bought."""
    breaks = sorted(schedule["PriceBreaks"], key=lambda each: each["Quantity"])
    return exact(breaks[0]["Price"]) if breaks else Decimal(0)


def is_on_sale(schedule: Entity, now: float) -> bool:
    """Say whether sale prices count: some are set, and *now* lies within the sale's dates."""
    start, end = schedule["SaleStart"], schedule["SaleEnd"]
    running = (not start or dates.read(start) <= now) and (not end or now < dates.read(end))
    return running and any(each["SalePrice"] is not None for each in schedule["PriceBreaks"])


def exact(amount: float) -> Decimal:
    """Return an amount of money as it is written, so that sums have no binary dust."""
    return Decimal(str(amount))
