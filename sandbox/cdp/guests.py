"""Guests and what they did: sessions, carts, events and orders.

A guest's *context* is the JSON that conditions, decision models and templates see.
"""

import uuid
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

# What a decision sees of a guest's past (docs/sandbox-cdp.md, "Limits").
_ORDERS_SEEN = 20
_SESSIONS_SEEN = 40
_SESSIONS_KEPT = 100
_OFFLINE_SESSIONS_SEEN = 10
_SESSIONS_SEEN_FOR_S = 90 * 24 * 3600.0
_EVENTS_SEEN = 100

# Keys that address an event; the rest of the message is its content.
_ADDRESS = frozenset({"type", "browser_id", "client_key", "channel", "pos", "requested_at"})


def iso(at: float) -> str:
    """Write epoch seconds for people: UTC, with a Z."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _epoch_ms(at: float) -> int:
    """Write a time as guests carry it."""
    return int(at * 1000)


def new_ref() -> str:
    """Return a fresh reference."""
    return str(uuid.uuid4())


class GuestType(StrEnum):
    """How well a guest is known; `retired` guests were merged into another one."""

    VISITOR = "visitor"
    CUSTOMER = "customer"
    RETIRED = "retired"


class CartType(StrEnum):
    """What became of a session's cart when the session closed."""

    CONVERTED = "CONVERTED"
    ABANDONED = "ABANDONED"
    CLOSED = "CLOSED"
    BROWSED = "BROWSED"


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that a guest did."""

    ref: str
    type: str
    created_at: float
    message: Mapping[str, Any]

    def context(self) -> dict[str, Any]:
        """Return the event as decisions see it."""
        content = {key: value for key, value in self.message.items() if key not in _ADDRESS}
        return {
            "ref": self.ref,
            "type": self.type,
            "createdAt": _epoch_ms(self.created_at),
            "arbitraryData": content,
        }


@dataclass(slots=True)
class Cart:
    """A session's cart: one line per item id, the latest ADD counts."""

    lines: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    confirmed: set[str] = field(default_factory=set)
    ordered: bool = False
    cleared: bool = False

    def add(self, product: Mapping[str, Any]) -> None:
        """Put *product* in, in place of the line with its `item_id`.

        A quantity of zero or less takes the line out (assumed: shops send it on removal).
        """
        item = str(product.get("item_id"))
        if _quantity(product) > 0:
            self.lines[item] = product
        else:
            self.lines.pop(item, None)

    def clear(self) -> None:
        """Empty the cart, as the shopper or a finished checkout does."""
        self.lines.clear()
        self.confirmed.clear()
        self.cleared = True

    def confirm(self, items: list[str]) -> None:
        """Mark *items* to be bought; each needs an ADD before."""
        self.confirmed.update(item for item in items if item in self.lines)

    def confirmed_lines(self) -> list[Mapping[str, Any]]:
        """Return the confirmed lines."""
        return [self.lines[item] for item in self.lines if item in self.confirmed]

    @property
    def type(self) -> CartType:
        """What the cart came to, were the session to close now."""
        if self.ordered:
            return CartType.CONVERTED
        if self.lines:
            return CartType.ABANDONED
        return CartType.CLOSED if self.cleared else CartType.BROWSED

    @property
    def abandoned_revenue(self) -> float:
        """The sum of the lines left in a cart that was not bought."""
        if self.type is not CartType.ABANDONED:
            return 0.0
        return sum(amount(line) for line in self.lines.values())


def amount(line: Mapping[str, Any]) -> float:
    """Return what a line of a cart costs."""
    return _number(line.get("price"), otherwise=0) * _quantity(line)


def _quantity(line: Mapping[str, Any]) -> float:
    return _number(line.get("quantity"), otherwise=1)


def _number(value: Any, *, otherwise: float) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return otherwise


@dataclass(slots=True, kw_only=True, eq=False)
class Session:
    """What one browser (or one execution without a browser) did at one point of sale."""

    guest_ref: str
    channel: str
    point_of_sale: str
    started_at: float
    last_event_at: float
    ref: str = field(default_factory=new_ref)
    ended_at: float | None = None
    flow_execution_ref: str | None = None
    events: deque[Event] = field(default_factory=lambda: deque(maxlen=_EVENTS_SEEN))
    cart: Cart = field(default_factory=Cart)

    def record(self, event: Event) -> None:
        """Append *event*; the session stays open from here on for another timeout."""
        self.events.append(event)
        self.last_event_at = event.created_at

    def context(self) -> dict[str, Any]:
        """Return the session as decisions see it, its newest event first."""
        closed = self.ended_at is not None
        return {
            "ref": self.ref,
            "sessionType": self.channel,
            "channel": self.channel,
            "pointOfSale": self.point_of_sale,
            "status": "CLOSED" if closed else "OPEN",
            "createdAt": _epoch_ms(self.started_at),
            "startedAt": _epoch_ms(self.started_at),
            "endedAt": _epoch_ms(self.ended_at) if self.ended_at is not None else None,
            "cartType": self.cart.type.value if closed else None,
            "flowExecutionRef": self.flow_execution_ref,
            "abandonedRevenue": self.cart.abandoned_revenue if closed else 0,
            "events": [event.context() for event in reversed(self.events)],
        }


@dataclass(slots=True, kw_only=True, eq=False)
class Guest:
    """One person, or one browser that nobody has been recognised in yet.

    *profile* holds REST attributes such as `email` and `firstName`; *sessions* and *orders* stand
    in the order of time; *segments* is None until the first nightly run.
    """

    created_at: float
    ref: str = field(default_factory=new_ref)
    type: GuestType = GuestType.VISITOR
    identifiers: dict[str, str] = field(default_factory=dict)
    profile: dict[str, Any] = field(default_factory=dict)
    data_extensions: list[Mapping[str, Any]] = field(default_factory=list)
    sessions: list[Session] = field(default_factory=list)
    orders: list[dict[str, Any]] = field(default_factory=list)
    segments: list[str] | None = None
    session_traits: dict[str, Any] = field(default_factory=dict)

    def begin(self, session: Session) -> None:
        """Add a session; very old ones, which no decision sees, go."""
        self.sessions.append(session)
        del self.sessions[:-_SESSIONS_KEPT]

    @property
    def seen_at(self) -> float:
        """When the guest last did something."""
        return max((session.last_event_at for session in self.sessions), default=self.created_at)

    def context(self, now: float) -> dict[str, Any]:
        """Return the guest as decisions see it, its newest session and order first."""
        context = {
            **self.profile,
            "ref": self.ref,
            "guestType": self.type.value,
            "createdAt": _epoch_ms(self.created_at),
            "lastSeen": _epoch_ms(self.seen_at),
            "emails": [self.profile["email"]] if "email" in self.profile else [],
            "identifiers": [{"provider": p, "id": i} for p, i in self.identifiers.items()],
            "dataExtensions": list(self.data_extensions),
            "sessions": [session.context() for session in self._sessions_seen(now)],
            "orders": self.orders[: -_ORDERS_SEEN - 1 : -1],
            "traits": {"session": {name: {"value": v} for name, v in self.session_traits.items()}},
        }
        if self.segments is not None:
            context["segmentMemberships"] = [{"name": name} for name in self.segments]
        return context

    def _sessions_seen(self, now: float) -> list[Session]:
        since = now - _SESSIONS_SEEN_FOR_S
        newest_first = [s for s in reversed(self.sessions) if s.last_event_at > since]
        offline = [s for s in newest_first if s.channel == "OFFLINE"][_OFFLINE_SESSIONS_SEEN:]
        return [s for s in newest_first if s not in offline][:_SESSIONS_SEEN]
