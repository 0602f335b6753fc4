"""The sessions that are open, and when they close for want of events."""

from collections.abc import Iterable, Mapping

from sandbox.cdp.definitions.tenant import PointOfSale
from sandbox.cdp.guests import Session

_Key = tuple[str, str, str]  # browser id, channel, point of sale


class OpenSessions:
    """Open sessions by browser, channel and point of sale."""

    def __init__(self, points_of_sale: Iterable[PointOfSale]) -> None:
        self._timeouts_s: Mapping[str, float] = {
            pos.name: pos.session_timeout * 60 for pos in points_of_sale
        }
        self._open: dict[_Key, Session] = {}
        self._keys: dict[str, _Key] = {}  # by the session's reference
        self._none_due_before = float("inf")

    def get(self, browser_id: str, channel: str, point_of_sale: str) -> Session | None:
        """Return the open session there, if any."""
        return self._open.get((browser_id, channel, point_of_sale))

    def add(self, browser_id: str, session: Session) -> None:
        """Keep *session* open for the browser."""
        key = browser_id, session.channel, session.point_of_sale
        self._open[key] = session
        self._keys[session.ref] = key
        self._none_due_before = min(self._none_due_before, self.closes_at(session))

    def remove(self, session: Session) -> None:
        """Forget *session*: it is over."""
        del self._open[self._keys.pop(session.ref)]

    def of_browser(self, browser_id: str) -> list[Session]:
        """Return all that is open for a browser."""
        return [session for (browser, *_), session in self._open.items() if browser == browser_id]

    def due(self, now: float) -> list[Session]:
        """Return the sessions whose time is up, the one first due first."""
        if now < self._none_due_before:
            return []
        by_time = sorted(self._open.values(), key=self.closes_at)
        due = [session for session in by_time if self.closes_at(session) <= now]
        left = by_time[len(due) :]
        self._none_due_before = self.closes_at(left[0]) if left else float("inf")
        return due

    def closes_at(self, session: Session) -> float:
        """Return when *session* closes if nothing more happens in it."""
        return session.last_event_at + self._timeouts_s[session.point_of_sale]
