"""The whole state of the emulated tenant; a reset makes a new one."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sandbox.cdp import javascript
from sandbox.cdp.catalog import Catalog
from sandbox.cdp.connections import Caller
from sandbox.cdp.definitions.base import ref_of
from sandbox.cdp.definitions.tenant import KnownGuest, PointOfSale
from sandbox.cdp.guests import CartType, Event, Guest, GuestType, Session, new_ref
from sandbox.cdp.registry import Registry
from sandbox.cdp.seed import Seed
from sandbox.cdp.sessions import OpenSessions
from sandbox.control import Clock

_LOGGED = 10_000


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that may start triggered flows; *entity_ref* is the session, order or event."""

    trigger: str
    guest_ref: str
    entity_ref: str


class Tenant:
    """Definitions, guests and open sessions of one tenant, and what has happened in it."""

    def __init__(self, seed: Seed, clock: Clock, caller: Caller) -> None:
        self.settings = seed.settings
        self.catalog = Catalog(seed)
        self.clock = clock
        self.caller = caller
        self.guests = Registry(seed.settings.identity_rules)
        self.happenings: deque[Happening] = deque()
        self.stream_log: deque[dict[str, Any]] = deque(maxlen=_LOGGED)
        self.trigger_log: deque[dict[str, Any]] = deque(maxlen=_LOGGED)
        self.mails: deque[dict[str, Any]] = deque(maxlen=_LOGGED)
        self.tokens: dict[str, float] = {}  # access token → when it expires
        self._points_of_sale = {pos.name: pos for pos in seed.settings.points_of_sale}
        self._open = OpenSessions(seed.settings.points_of_sale)
        self._next_night_at = _next_midnight(clock.now())
        for known in seed.settings.guests:
            self.guests.add(_guest(known, clock.now()))

    def point_of_sale(self, name: str) -> PointOfSale | None:
        """Return the named point of sale, if the tenant has it."""
        return self._points_of_sale.get(name)

    def new_browser(self) -> tuple[str, Guest]:
        """Issue a browser id, which stands for a new visitor."""
        browser_id, guest = self.guests.new_browser(self.clock.now())
        self.happenings.append(Happening("GUEST_CREATED", guest.ref, guest.ref))
        return browser_id, guest

    def session_of(self, browser_id: str, channel: str, point_of_sale: str) -> Session:
        """Return the browser's open session there; open one if there is none."""
        session = self._open.get(browser_id, channel, point_of_sale)
        if session is None:
            guest = self.guests.of_browser(browser_id)
            assert guest is not None
            session = self._new_session(guest, channel, point_of_sale)
            self._open.add(browser_id, session)
        return session

    def separate_session(self, guest: Guest, channel: str, point_of_sale: str) -> Session:
        """Return a session that is over at once: executions without a browser get one each."""
        session = self._new_session(guest, channel, point_of_sale)
        session.ended_at = session.started_at
        session.flow_execution_ref = new_ref()
        return session

    def _new_session(self, guest: Guest, channel: str, point_of_sale: str) -> Session:
        session = Session(
            guest_ref=guest.ref,
            channel=channel,
            point_of_sale=point_of_sale,
            started_at=self.clock.now(),
            last_event_at=self.clock.now(),
        )
        guest.begin(session)
        return session

    def record(self, session: Session, kind: str, message: Mapping[str, Any]) -> Event:
        """Write an event of type *kind* into *session*."""
        event = Event(new_ref(), kind, self.clock.now(), message)
        session.record(event)
        self.happenings.append(Happening(kind, session.guest_ref, event.ref))
        return event

    def identify(self, browser_id: str, identifiers: Mapping[str, str]) -> Guest:
        """Say who is at the browser (provider → id); return the guest it belongs to from now on.

        When one customer takes over from another, the former one's sessions end (assumed).
        """
        before = self.guests.of_browser(browser_id)
        guest = self.guests.identify(browser_id, identifiers, self.clock.now())
        if before is not guest and before is not None and before.type is GuestType.CUSTOMER:
            for session in self._open.of_browser(browser_id):
                self.close(session, at=self.clock.now())
        return guest

    def place_order(self, session: Session, order: Mapping[str, Any]) -> None:
        """Give the session's guest an *order*, which converts the session."""
        session.cart.ordered = True
        now_ms = int(self.clock.now() * 1000)
        placed = {"ref": new_ref(), "orderedAt": now_ms, **order}
        self.guests[session.guest_ref].orders.append(placed)
        self.happenings.append(Happening("ORDER_CREATED", session.guest_ref, placed["ref"]))

    def update_order(self, session: Session, reference_id: str, *, status: str) -> None:
        """Change the status of one of the guest's orders; an unknown one is passed over."""
        for order in self.guests[session.guest_ref].orders:
            if order.get("referenceId") == reference_id:
                order["status"] = status
                self.happenings.append(Happening("ORDER_UPDATED", session.guest_ref, order["ref"]))

    def tick(self) -> None:
        """Let time pass: idle sessions close; at midnight UTC the nightly run takes place."""
        now = self.clock.now()
        for session in self._open.due(now):
            self.close(session, at=self._open.closes_at(session))
        if now >= self._next_night_at:
            self._run_nightly(now)
        self._next_night_at = _next_midnight(now)  # sooner, where the clock was set back

    def close(self, session: Session, *, at: float) -> None:
        """End an open session: its cart is judged, the guest's traits follow from it."""
        self._open.remove(session)
        session.ended_at = at
        guest = self.guests[session.guest_ref]
        if guest.type is GuestType.CUSTOMER:
            self._compute_traits(guest)
        self.happenings.append(Happening("SESSION_CLOSED", guest.ref, session.ref))
        if session.cart.type is CartType.ABANDONED:
            self.happenings.append(Happening("ABANDONED_CART", guest.ref, session.ref))

    def _compute_traits(self, guest: Guest) -> None:
        names = {"guest": guest.context(self.clock.now())}
        for trait in self.settings.session_traits:
            try:
                outcome = javascript.run(trait.value, names, now=self.clock.now())
            except javascript.ScriptError:
                continue  # the trait keeps its former value
            guest.session_traits[trait.friendly_id] = outcome.value

    def _run_nightly(self, now: float) -> None:
        """Write batch segments to guests, and forget visitors who have been away for long."""
        self.guests.forget_visitors(now)
        for guest in self.guests:
            names = {"guest": guest.context(now)}
            guest.segments = [
                segment.name
                for segment in self.settings.segments
                if javascript.holds(segment.condition, names, now=now)
            ]


def _next_midnight(now: float) -> float:
    today = datetime.fromtimestamp(now, UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return (today + timedelta(days=1)).timestamp()


def _guest(known: KnownGuest, now: float) -> Guest:
    return Guest(
        created_at=now,
        ref=ref_of("guest", *known.identifiers.values()),
        type=GuestType.CUSTOMER,
        identifiers=dict(known.identifiers),
        profile=dict(known.profile),
        data_extensions=list(known.data_extensions),
    )
