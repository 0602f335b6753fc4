"""Promotions of a cart or order: by code, or applied by themselves."""

import contextlib
from collections.abc import Iterator

from sandbox.ordercloud import models
from sandbox.ordercloud.call import Call
from sandbox.ordercloud.collections import Entity
from sandbox.ordercloud.errors import ApiError, not_found
from sandbox.ordercloud.shopping import discounts, orders


def list_applied(call: Call) -> Entity:
    """List the order's promotions with their amounts."""
    order = orders.find(call)
    return call.page(_applied(call, order) if order else [])


def list_eligible(call: Call) -> Entity:
    """List the promotions that the order could have, with what each would take off."""
    order = orders.find(call)
    return call.page(list(_eligible(call, order)) if order else [])


def add(call: Call) -> Entity:
    """Apply a promotion by its code and return it; raise OrderCloud's `Promotion` errors."""
    order = orders.require_editable(call)
    promotion = _by_code(call, order, call.ids["promoCode"])
    _applied(call, order).extend(_fresh(call, order, promotion))
    orders.keep(call, order)
    return next(each for each in _applied(call, order) if each["ID"] == promotion["ID"])


def remove(call: Call) -> Entity | None:
    """Take a promotion off; `/orders/…` answers with the order, `/cart/…` with nothing."""
    order, wanted = orders.require_editable(call), call.ids["promoCode"].casefold()
    left = [each for each in _applied(call, order) if each["Code"].casefold() != wanted]
    if len(left) == len(_applied(call, order)):
        raise not_found("Promotion", call.ids["promoCode"])
    call.marketplace.store.order_promotions[order["ID"]] = left
    kept = orders.keep(call, order)
    return kept if "orderID" in call.ids else None


def apply_automatic(call: Call) -> Entity:
    """Apply the promotions that need no code, the most important first; return the order."""
    order = orders.require_editable(call)
    _apply_automatic(call, order)
    return orders.keep(call, order)


def refresh(call: Call) -> Entity:
    """Drop what the order is not eligible for any more, apply what needs no code; say which."""
    order = orders.require_editable(call)
    before = {each["ID"]: each for each in _applied(call, order)}
    order = orders.keep(call, order)
    added = _apply_automatic(call, order)
    orders.keep(call, order)
    after = {each["ID"] for each in _applied(call, order)}
    gone = (each for promotion_id, each in before.items() if promotion_id not in after)
    reason = {"ErrorCode": "Promotion.NotEligible", "Reason": "The order is not eligible for it."}
    return {
        "PromosAdded": [models.narrowed("AddedPromo", each) for each in added],
        "PromosRemoved": [models.narrowed("RemovedPromo", {**each, **reason}) for each in gone],
    }


def _apply_automatic(call: Call, order: Entity) -> list[Entity]:
    added: list[Entity] = []
    for promotion in _visible(call, order):
        if promotion["AutoApply"]:
            with contextlib.suppress(ApiError):
                fresh = _fresh(call, order, promotion)
                _applied(call, order).extend(fresh)
                added.extend(fresh)
    return added


def _applied(call: Call, order: Entity) -> list[Entity]:
    return call.marketplace.store.order_promotions.setdefault(order["ID"], [])


def _visible(call: Call, order: Entity) -> list[Entity]:
    """Return the promotions that the order's shopper may use, the most important first."""
    visible = call.marketplace.visibility.promotions(orders.shopper(call, order))
    return sorted(visible, key=lambda each: (each["Priority"] is None, each["Priority"]))


def _eligible(call: Call, order: Entity) -> Iterator[Entity]:
    for promotion in _visible(call, order):
        with contextlib.suppress(ApiError):
            fresh = _fresh(call, order, promotion)
            yield {**promotion, "Amount": sum(each["Amount"] for each in fresh)}


def _by_code(call: Call, order: Entity, code: str) -> Entity:
    shopper = orders.shopper(call, order)
    for promotion in call.marketplace.visibility.assigned_promotions(shopper):
        if promotion["Code"].casefold() == code.casefold():
            return promotion
    raise not_found("Promotion", code)


def _fresh(call: Call, order: Entity, promotion: Entity) -> list[Entity]:
    """Return a promotion as it would be applied; raise OrderCloud's `Promotion` errors."""
    discounts.check_dates(promotion, call.marketplace.clock.now())
    _check_combination(promotion, _applied(call, order))
    _check_limits(call, order, promotion)
    items = list(call.marketplace.store.line_items.of(order["ID"]))
    fresh = discounts.apply(promotion, order, items, date_applied=call.marketplace.now())
    if not fresh:
        raise ApiError("Promotion.NotEligible")
    return fresh


def _check_combination(promotion: Entity, applied: list[Entity]) -> None:
    if any(each["ID"] == promotion["ID"] for each in applied):
        raise ApiError("Promotion.AlreadyAdded")
    if applied and not all(each["CanCombine"] for each in (promotion, *applied)):
        raise ApiError("Promotion.CannotCombine")


def _check_limits(call: Call, order: Entity, promotion: Entity) -> None:
    limit, per_user = promotion["RedemptionLimit"], promotion["RedemptionLimitPerUser"]
    if limit is not None and promotion["RedemptionCount"] >= limit:
        raise ApiError("Promotion.ExceedsUsageLimit")
    if per_user is not None and _redeemed(call, order, promotion) >= per_user:
        raise ApiError("Promotion.ExceedsUsageLimit")


def _redeemed(call: Call, order: Entity, promotion: Entity) -> int:
    """Return how many submitted orders of the order's owner have the promotion."""
    store = call.marketplace.store
    submitted = (
        each for each in store.orders.of(store.orders.owner(order["ID"])) if each["IsSubmitted"]
    )
    used = (store.order_promotions.get(each["ID"], []) for each in submitted)
    return sum(any(each["ID"] == promotion["ID"] for each in applied) for applied in used)
