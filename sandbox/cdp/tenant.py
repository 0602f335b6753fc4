"""The whole state of the emulated tenant; a reset makes a new one."""

from collections import deque
from collections.abc import Mapping
from typing import Any

from sandbox.cdp.definitions import Flow, GuestSeed, PointOfSale, ref_of
from sandbox.cdp.guests import Event, Guest, GuestType, Session, iso, new_ref
from sandbox.cdp.registry import Registry
from sandbox.cdp.seed import Seed
from sandbox.control import Clock

_SessionKey = tuple[str, str, str]  # browser id, channel, point of sale
_EVENTS_LOGGED = 10_000


class Tenant:
    """Guests, their open sessions, and the flows: the seed's, with those put over them."""

    def __init__(self, seed: Seed, clock: Clock, hosts: Mapping[str, str]) -> None:
        self.settings = seed.settings
        self.clock = clock
        self.hosts = hosts
        self.guests = Registry(seed.settings.identity_rules)
        self.flows_put: dict[str, Flow] = {}
        self.stream_log: deque[dict[str, Any]] = deque(maxlen=_EVENTS_LOGGED)
        self._seed = seed
        self._open: dict[_SessionKey, Session] = {}
        self._next_close_at = float("inf")
        self._points_of_sale = {pos.name: pos for pos in seed.settings.points_of_sale}
        for guest in seed.settings.guests:
            self.guests.add(_known(guest, clock.now()))

    @property
    def flows(self) -> Mapping[str, Flow]:
        """All flows by friendly id."""
        return {**self._seed.flows, **self.flows_put}

    def point_of_sale(self, name: str) -> PointOfSale | None:
        """Return the named point of sale, if the tenant has it."""
        return self._points_of_sale.get(name)

    def session_of(self, browser_id: str, channel: str, point_of_sale: str) -> Session:
        """Return the browser's open session there; open one if there is none."""
        key = browser_id, channel, point_of_sale
        if key not in self._open:
            guest = self.guests.of_browser(browser_id)
            assert guest is not None
            self._open[key] = self._new_session(guest, channel, point_of_sale)
            self._next_close_at = min(self._next_close_at, self._closes_at(self._open[key]))
        return self._open[key]

    def separate_session(self, guest: Guest, channel: str, point_of_sale: str) -> Session:
        """Return a session that is over at once: executions without a browser get one each."""
        session = self._new_session(guest, channel, point_of_sale)
        session.ended_at = session.started_at
        return session

    def record(self, session: Session, kind: str, message: Mapping[str, Any]) -> Event:
        """Write an event of type *kind* into *session*."""
        event = Event(new_ref(), kind, self.clock.now(), message)
        session.record(event)
        return event

    def identify(self, browser_id: str, identifiers: Mapping[str, str]) -> Guest:
        """Say who is at the browser (provider → id); return the guest it belongs to from now on.

        When one customer takes over from another, the former one's sessions end (assumed).
        """
        before = self.guests.of_browser(browser_id)
        guest = self.guests.identify(browser_id, identifiers, self.clock.now())
        if before is not guest and before is not None and before.type is GuestType.CUSTOMER:
            for key, session in list(self._open.items()):
                if key[0] == browser_id:
                    self.close(session)
        return guest

    def place_order(self, session: Session, order: Mapping[str, Any]) -> None:
        """Give the session's guest an *order*, which converts the session."""
        session.cart.ordered = True
        placed = {"ref": new_ref(), "orderedAt": iso(self.clock.now()), **order}
        self.guests[session.guest_ref].orders.append(placed)

    def update_order(self, session: Session, reference_id: str, *, status: str) -> None:
        """Change the status of one of the guest's orders; an unknown one is passed over."""
        for order in self.guests[session.guest_ref].orders:
            if order["referenceId"] == reference_id:
                order["status"] = status

    def tick(self) -> None:
        """Let time pass: close the sessions that have been idle for their timeout."""
        now = self.clock.now()
        if now < self._next_close_at:
            return
        for session in sorted(self._open.values(), key=self._closes_at):
            if self._closes_at(session) <= now:
                self.close(session)
        self._next_close_at = min(map(self._closes_at, self._open.values()), default=float("inf"))

    def close(self, session: Session) -> None:
        """End an open session."""
        self._open = {key: other for key, other in self._open.items() if other is not session}
        session.ended_at = self.clock.now()

    def _new_session(self, guest: Guest, channel: str, point_of_sale: str) -> Session:
        now = self.clock.now()
        session = Session(
            guest_ref=guest.ref,
            channel=channel,
            point_of_sale=point_of_sale,
            started_at=now,
            last_event_at=now,
        )
        guest.sessions.append(session)
        guest.seen_at = now
        return session

    def _closes_at(self, session: Session) -> float:
        timeout_min = self._points_of_sale[session.point_of_sale].session_timeout
        return session.last_event_at + 60 * timeout_min


def _known(seeded: GuestSeed, now: float) -> Guest:
    return Guest(
        created_at=now,
        seen_at=now,
        ref=ref_of("guest", *seeded.identifiers.values()),
        type=GuestType.CUSTOMER,
        identifiers=dict(seeded.identifiers),
        profile=dict(seeded.profile),
        data_extensions=list(seeded.data_extensions),
    )
