"""Who comes to a shop in a simulated day, what they are shown, and upstreams that count calls.

Guests and placements are Zipf distributed: few come often, and most hardly ever.
"""

import itertools
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from proxy.core import listing
from proxy.core.placement import Placement
from proxy.core.rules import load
from proxy.model import Call, Execution, Json, ListQuery, Page, Profile, Reason, Shopper

GUESTS, PLACEMENTS, FLOWS, CATEGORIES = 10_000, 50, 10, 40
SEGMENTS, BUYERS, GROUPS = 4, 3, 4
LOGGED_IN_OF_TEN = 3
_SKEW = 1.0
_ITEMS = 20

_FILE = """
placement: p{number}
resource: me/products
scope: {scope}
decision: {{flow: flow_{flow}, segment: segment}}
rules:
{rules}
default: {{query: {{categoryID: c{number}}}}}
"""
_RULE = "  - {{name: r{0}, when: {{segment: s{0}}}, query: {{categoryID: c{1}}}}}"


@dataclass(frozen=True)
class Visit:
    """A request: when (seconds), by which guest, for which placement."""

    at: float
    guest: int
    placement: int


def visits(count: int, hours: float) -> Iterator[Visit]:
    """Give *count* visits, evenly spread over *hours*; the same in every run."""
    random = Random(6)  # noqa: S311 - the same in every run
    guests, placements = _popular(random, GUESTS), _popular(random, PLACEMENTS)
    for number in range(count):
        yield Visit(number * hours * 3600 / count, next(guests), next(placements))


def _popular(random: Random, count: int) -> Iterator[int]:
    """Draw whole numbers below *count*, each in proportion to one by its rank."""
    weights = list(itertools.accumulate(1 / rank**_SKEW for rank in range(1, count + 1)))
    while True:
        yield from random.choices(range(count), cum_weights=weights, k=10_000)


def placements(scope: str) -> list[Placement]:
    """Make the placements: five share a flow, and all a few dozen categories."""
    made = []
    for number in range(PLACEMENTS):
        categories = (_RULE.format(s, (number * 7 + s) % CATEGORIES) for s in range(SEGMENTS))
        text = _FILE.format(
            number=number, scope=scope, flow=number % FLOWS, rules="\n".join(categories)
        )
        made.append(load(text, "benchmark"))
    return made


def shopper(number: int) -> Shopper:
    """Return a guest, whose token is just their number."""
    has_login = number % 10 < LOGGED_IN_OF_TEN
    return Shopper(
        token=str(number),
        client_id="storefront",
        username=f"user-{number}" if has_login else "template",
        order_id=None if has_login else f"cart-{number}",
        roles=frozenset({"Shopper"}),
        impersonator=None,
        expires_at=float("inf"),
    )


class Upstreams:
    """OrderCloud and CDP, counting calls: `Catalog`, `Directory`, `Decider`."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self._pages: dict[ListQuery, Page] = {}

    async def fetch_list(self, query: ListQuery, _: Shopper) -> Page:
        """List a category."""
        self.calls["lists"] += 1
        if query not in self._pages:
            self._pages[query] = _page(query)
        return self._pages[query]

    async def fetch_profile(self, shopper: Shopper) -> Profile:
        """Tell who they are."""
        self.calls["who"] += 1
        return Profile(f"buyer-{int(shopper.token) % BUYERS}", shopper.username)

    async def fetch_groups(self, shopper: Shopper) -> frozenset[str]:
        """Tell which group they are in."""
        self.calls["who"] += 1
        return frozenset({f"group-{int(shopper.token) // BUYERS % GROUPS}"})

    async def fetch_cart(self, _: Shopper) -> list[Json]:
        """Return an empty cart."""
        return []

    async def execute(self, call: Call) -> Execution:
        """Decide: each guest is in one segment of each flow."""
        self.calls["cdp"] += 1
        segment = (int(call.token or 0) * 31 + len(call.friendly_id)) % SEGMENTS
        return Execution(b'{"segment": "s%d"}' % segment, Reason.MATCHED)


def _page(query: ListQuery) -> Page:
    category = dict(query.params)["categoryID"]
    items = [
        {
            "ID": f"{category}-{n}",
            "Name": "A product of some name",
            "PriceSchedule": {"ID": f"p{n}"},
        }
        for n in range(_ITEMS)
    ]
    return listing.read(json.dumps({"Meta": {"TotalCount": _ITEMS}, "Items": items}).encode())
