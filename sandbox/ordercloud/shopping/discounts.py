"""What a promotion takes off an order: pure functions of promotion, order and line items."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from sandbox.ordercloud import dates
from sandbox.ordercloud.collections import Entity
from sandbox.ordercloud.errors import ApiError
from sandbox.ordercloud.pricing import exact, rounded
from sandbox.ordercloud.shopping.expressions import Scope, evaluate


def check_dates(promotion: Entity, now: float) -> None:
    """Raise OrderCloud's errors for a promotion that is switched off, not begun or over."""
    if not promotion["Active"]:
        raise ApiError("Promotion.NotActive")
    if promotion["StartDate"] and now < dates.read(promotion["StartDate"]):
        raise ApiError("Promotion.NotYetValid")
    if promotion["ExpirationDate"] and dates.read(promotion["ExpirationDate"]) <= now:
        raise ApiError("Promotion.Expired")


def apply(
    promotion: Entity, order: Entity, items: Sequence[Entity], *, date_applied: str
) -> list[Entity]:
    """Return the order promotions that a promotion comes to; none if the order is not eligible.

    One for the order, or at line item level one for each eligible item.
    """
    return [
        {
            "Amount": rounded(amount),
            "LineItemID": line_item_id,
            "AmountOverridden": False,
            "DateApplied": date_applied,
            **promotion,
        }
        for line_item_id, amount in _amounts(promotion, order, items)
    ]


def _amounts(
    promotion: Entity, order: Entity, items: Sequence[Entity]
) -> Iterator[tuple[str | None, Decimal]]:
    if not promotion["LineItemLevel"]:
        scope = Scope(order, items)
        if evaluate(promotion["EligibleExpression"], scope):
            yield None, _value(promotion, scope, exact(order["Subtotal"]))
        return
    for item in items:
        scope = Scope(order, items, item)
        if evaluate(promotion["EligibleExpression"], scope):
            yield item["ID"], _value(promotion, scope, exact(item["LineSubtotal"]))


def _value(promotion: Entity, scope: Scope, limit: Decimal) -> Decimal:
    """Return the amount, never more than there is to pay."""
    value = exact(evaluate(promotion["ValueExpression"] or "0", scope))
    return max(Decimal(0), min(value, limit))
