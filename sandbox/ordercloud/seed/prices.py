"""Price schedules: a ladder of prices, each in a version per party and one on sale."""

from bisect import bisect_left
from decimal import Decimal
from itertools import accumulate

from sandbox.ordercloud import models
from sandbox.ordercloud.collections import Entity
from sandbox.ordercloud.seed.names import OWNER, moment
from sandbox.ordercloud.store import Store

_STEPS = [1] * 20 + [2] * 10 + [4] * 10 + [10] * 30 + [50] * 12
LADDER = [10 * step - Decimal("0.05") for step in accumulate(_STEPS)]
"""The prices that occur, in the marketplace's currency: 9.95 to 9799.95, denser below."""
_SALE_DAYS = 3650


def plant(store: Store) -> None:
    """Fill in the schedules that `schedule_id` names."""
    for rung, price in enumerate(LADDER):
        for schedule in _schedules(rung, price):
            store.price_schedules.add(schedule)


def rung_of(price: float) -> int:
    """Return the place on the ladder of the lowest price that is not below *price*."""
    return min(bisect_left(LADDER, Decimal(price)), len(LADDER) - 1)


def schedule_id(party: str, rung: int) -> str:
    """Return the ID of a rung's schedule for `list`, `sale`, `vip`, `wholesale` or `globex`."""
    return f"{party}-{rung}"


def _schedules(rung: int, price: Decimal) -> list[Entity]:
    sale = _schedule("sale", rung, [(1, price, _share(price, "0.75"))])
    return [
        _schedule("list", rung, [(1, price, None)]),
        {**sale, "SaleStart": moment(0), "SaleEnd": moment(_SALE_DAYS)},
        _schedule("vip", rung, [(1, _share(price, "0.9"), None)]),
        _schedule(
            "wholesale",
            rung,
            [
                (1, price, None),
                (10, _share(price, "0.85"), None),
                (50, _share(price, "0.7"), None),
            ],
        ),
        {**_schedule("globex", rung, [(1, _share(price, "0.95"), None)]), "Currency": "EUR"},
    ]


def _schedule(party: str, rung: int, breaks: list[tuple[int, Decimal, Decimal | None]]) -> Entity:
    schedule = {
        "ID": schedule_id(party, rung),
        "OwnerID": OWNER,
        "Name": f"{party.capitalize()} price {LADDER[rung]}",
        "Currency": "USD",
        "PriceBreaks": [_break(*each) for each in breaks],
    }
    return {**models.blank("PriceSchedule"), **schedule}


def _break(quantity: int, price: Decimal, sale: Decimal | None) -> Entity:
    sale_price = None if sale is None else float(sale)
    written = {"Quantity": quantity, "Price": float(price), "SalePrice": sale_price}
    return {**models.blank("PriceBreak"), **written}


def _share(price: Decimal, share: str) -> Decimal:
    return round(price * Decimal(share), 2)
