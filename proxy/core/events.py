"""What shoppers do, in CDP's words: from the browser's reports and OrderCloud's answers.

Pure: an answer of OrderCloud, or what a browser says, becomes an `Event` with every attribute
that CDP requires of its type. The tenant's own attributes (client key, point of sale, channel)
are added when it is sent.
Source: docs/sources.md#cdp-events.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import jmespath
from jmespath.parser import ParsedResult

from proxy.model import Json

IDENTITY = "IDENTITY"
SEARCH = "SEARCH"
ADD = "ADD"
CLEAR_CART = "CLEAR_CART"
ORDER_CHECKOUT = "ORDER_CHECKOUT"
EXPOSURE = "EXPERIMENT_EXPOSURE"

RETRY_MAX_S = 300.0
"""The longest that a guest's events wait between two attempts."""

_UNTYPED = "PRODUCT"
"""The product type of what the mapping finds none for: CDP wants one."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Whose browser an event comes from, and when and in what setting it happened."""

    browser_id: str
    at: datetime
    language: str
    currency: str
    page: str = "/"


@dataclass(frozen=True, slots=True)
class Event:
    """One thing a shopper did. `content` is CDP's message without the tenant's attributes.

    What has the same `key` is the same event. An IDENTITY has an `identifier` instead: it is news
    only where somebody else, or nobody, was known at the browser before.
    """

    browser_id: str
    type: str
    content: Mapping[str, Json]
    key: str
    identifier: str | None = None


@dataclass(frozen=True, slots=True)
class Pending:
    """A guest's first event in the outbox: whose turn it is, after how many failed attempts."""

    number: int
    guest: str
    type: str
    content: bytes
    attempts: int


@dataclass(frozen=True, slots=True)
class Listed:
    """An event in the outbox as people see it; `accepted_at` is epoch seconds."""

    number: int
    guest: str
    type: str
    accepted_at: float
    attempts: int
    reason: str | None

    def as_text(self) -> str:
        """Return it for people, in one line."""
        at = _iso(datetime.fromtimestamp(self.accepted_at, UTC))
        attempts = f"  {self.attempts} failed" if self.attempts else ""
        reason = f"  {self.reason}" if self.reason else ""
        return f"{self.number:>8}  {at}  {self.guest}  {self.type}{attempts}{reason}"


@dataclass(frozen=True, slots=True)
class Depth:
    """How many events wait and how many are dead; when the oldest waiting one was accepted."""

    waiting: int
    dead: int
    oldest_at: float | None


@dataclass(frozen=True, slots=True)
class ProductMapping:
    """Where a line item of OrderCloud holds what CDP wants to know of a product: JMESPaths."""

    type: ParsedResult
    name: ParsedResult
    item_id: ParsedResult

    @classmethod
    def parse(cls, *, type: str, name: str, item_id: str) -> "ProductMapping":  # noqa: A002 - CDP's own word
        """Compile the paths, which are known to be JMESPaths."""
        return cls(*(jmespath.compile(path) for path in (type, name, item_id)))


def identified(origin: Origin, identifier: str, *, provider: str) -> Event:
    """Return who is at the browser, by OrderCloud's identifier."""
    said = {"identifiers": [{"provider": provider, "id": identifier}]}
    return replace(event(origin, IDENTITY, said, key=""), identifier=identifier)


def searched(origin: Origin, words: str, *, key: str) -> Event:
    """Return a search for *words*."""
    return event(origin, SEARCH, {"product_name": words}, key=key)


def added(origin: Origin, line: Mapping[str, Any], mapping: ProductMapping, *, key: str) -> Event:
    """Return that a line item stands in the cart, in the quantity it has now.

    CDP replaces an earlier ADD of the same `item_id`, so a changed quantity is an ADD as well.
    """
    product = _product(line, mapping)
    product |= {
        "item_id": _text(mapping.item_id.search(line)) or line["ProductID"],
        "currency": origin.currency,
        "originalPrice": product["price"],
        "originalCurrencyCode": origin.currency,
        "orderedAt": line.get("DateAdded") or _iso(origin.at),
        "referenceId": line["ID"],
    }
    return event(origin, ADD, {"product": product}, key=key)


def needs_product(line: Mapping[str, Any]) -> bool:
    """Say whether a line item lacks its product or its price."""
    return not line.get("Product") or line.get("UnitPrice") is None


def with_product(line: Mapping[str, Any], product: Mapping[str, Any]) -> dict[str, Any]:
    """Return *line* with what it lacks, of the *product* that was looked up for it."""
    said = {name: value for name, value in line.items() if value is not None}
    return {"Product": product, "UnitPrice": _unit_price(product, line["Quantity"]), **said}


def _unit_price(product: Mapping[str, Any], quantity: float) -> float | None:
    """Return what one of so many costs: the price breaks begin with the smallest quantity."""
    breaks = (product.get("PriceSchedule") or {}).get("PriceBreaks") or []
    reached = [one["Price"] for one in breaks if one["Quantity"] <= quantity]
    return reached[-1] if reached else None


def cleared(origin: Origin, *, key: str) -> Event:
    """Return that nothing is left in the cart."""
    return event(origin, CLEAR_CART, {}, key=key)


def ordered(
    origin: Origin,
    order: Mapping[str, Any],
    lines: Sequence[Mapping[str, Any]],
    payments: Sequence[Mapping[str, Any]],
    mapping: ProductMapping,
) -> Event:
    """Return that *order* was submitted, with its line items and how it is paid.

    An order is submitted once, so its ID is the key whoever tells of it.
    """
    common = {
        "orderedAt": order.get("DateSubmitted") or _iso(origin.at),
        "status": "PURCHASED",
        "currencyCode": order.get("Currency") or origin.currency,
    }
    items = [
        {
            **_product(line, mapping),
            **common,
            "referenceId": f"{order['ID']}-{line['ID']}",
        }
        for line in lines
    ]
    placed = {
        "referenceId": order["ID"],
        "price": order.get("Total", 0),
        **common,
        **_payment(payments),
        "orderItems": items,
    }
    return event(origin, ORDER_CHECKOUT, {"order": placed}, key=f"order:{order['ID']}")


def exposed(origin: Origin, *, placement: str, rule: str, variant: str, key: str) -> Event:
    """Return that the shopper saw *variant* of the experiment that *rule* is."""
    said = {"placement": placement, "rule": rule, "variant": variant}
    return event(origin, EXPOSURE, {"ext": said}, key=key)


def event(origin: Origin, kind: str, said: Mapping[str, Any], *, key: str) -> Event:
    """Return an event of type *kind*; *said* is what it says in CDP's words, and wins."""
    return Event(origin.browser_id, kind, _content(origin, kind, said), key)


def _content(origin: Origin, kind: str, said: Mapping[str, Any]) -> dict[str, Json]:
    return {
        "type": kind,
        "browser_id": origin.browser_id,
        "language": origin.language,
        "currency": origin.currency,
        "page": origin.page,
        "requested_at": _iso(origin.at),
        **said,
    }


def _product(line: Mapping[str, Any], mapping: ProductMapping) -> dict[str, Json]:
    return {
        "type": (_text(mapping.type.search(line)) or _UNTYPED).upper(),
        "name": _text(mapping.name.search(line)) or line["ProductID"],
        "productId": line["ProductID"],
        "quantity": line["Quantity"],
        "price": line.get("UnitPrice") or 0,
    }


def _payment(payments: Sequence[Mapping[str, Any]]) -> dict[str, Json]:
    """Return CDP's words for how an order is paid: a card, if any payment is by one."""
    card = next((one for one in payments if one.get("Type") == "CreditCard"), None)
    if card is None:
        return {"paymentType": "other"}
    xp = card.get("xp")
    kind = _text(xp.get("CardType")) if isinstance(xp, Mapping) else ""
    return {"paymentType": "Card", "cardType": kind or "other"}


def _text(found: object) -> str:
    return str(found) if isinstance(found, str | int) else ""


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
