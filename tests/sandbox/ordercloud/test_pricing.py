from typing import Any

import pytest

from sandbox.ordercloud import models
from sandbox.ordercloud.errors import ApiError
from sandbox.ordercloud.pricing import is_on_sale, unit_price


def schedule(*breaks: tuple[int, float, float | None], **changes: Any) -> dict[str, Any]:
    prices = [
        {**models.blank("PriceBreak"), "Quantity": quantity, "Price": price, "SalePrice": sale}
        for quantity, price, sale in breaks
    ]
    return {**models.blank("PriceSchedule"), "PriceBreaks": prices, **changes}


STEPS = ((1, 10, None), (5, 8, None), (20, 6, None))


@pytest.mark.parametrize(("quantity", "price"), [(1, 10), (4, 10), (5, 8), (19, 8), (200, 6)])
def test_the_largest_break_that_is_reached_counts(quantity: int, price: float) -> None:
    assert unit_price(schedule(*STEPS), quantity, in_cart=quantity, now=0) == price


def test_breaks_may_count_all_of_a_product_in_the_cart() -> None:
    together = schedule(*STEPS, UseCumulativeQuantity=True)

    assert unit_price(together, 3, in_cart=7, now=0) == 8
    assert unit_price(schedule(*STEPS), 3, in_cart=7, now=0) == 10


@pytest.mark.parametrize(
    ("changes", "quantity", "code"),
    [
        ({"MinQuantity": 3}, 2, "PriceSchedule.CannotBeLessThanMin"),
        ({"MaxQuantity": 3}, 4, "PriceSchedule.CannotExceedMax"),
        ({"RestrictedQuantity": True}, 2, "PriceSchedule.QuantityNotAllowed"),
        ({"PriceBreaks": []}, 1, "PriceSchedule.QtyNotFound"),
        ({"PriceBreaks": None}, 1, "PriceSchedule.QtyNotFound"),
    ],
)
def test_quantities_are_limited(changes: dict[str, Any], quantity: int, code: str) -> None:
    with pytest.raises(ApiError, match=code):
        unit_price(schedule(*STEPS, **changes), quantity, in_cart=quantity, now=0)


def test_a_quantity_below_the_first_break_has_no_price() -> None:
    with pytest.raises(ApiError, match="QtyNotFound"):
        unit_price(schedule((5, 8, None)), 4, in_cart=4, now=0)


SALE = {"SaleStart": "1970-01-01T00:10:00Z", "SaleEnd": "1970-01-01T00:20:00+00:00"}


@pytest.mark.parametrize(("now", "price"), [(599, 10), (600, 7), (1199, 7), (1200, 10)])
def test_a_sale_has_dates(now: float, price: float) -> None:
    assert unit_price(schedule((1, 10, 7), **SALE), 1, in_cart=1, now=now) == price


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, True),
        ({"SaleStart": SALE["SaleStart"]}, False),
        ({"SaleEnd": SALE["SaleEnd"]}, True),
    ],
)
def test_a_sale_may_be_open_on_either_side(changes: dict[str, str], *, expected: bool) -> None:
    assert is_on_sale(schedule((1, 10, 7), **changes), now=0) is expected


def test_without_a_sale_price_nothing_is_on_sale() -> None:
    assert not is_on_sale(schedule((1, 10, None)), now=0)
    mixed = schedule((1, 10, 7), (5, 8, None))
    assert unit_price(mixed, 5, in_cart=5, now=0) == 8
