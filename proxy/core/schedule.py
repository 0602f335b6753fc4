"""`schedule:`: from when until when a rule applies, in a time zone, on which days and hours.

Times are what a clock on the wall of that zone shows, so a summer-time change moves nothing. A
time that a change makes happen twice counts from its first and until its second occurrence.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import Enum, auto
from zoneinfo import ZoneInfo

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Phase(Enum):
    """Where a moment lies."""

    UPCOMING = auto()
    ON = auto()
    PAUSED = auto()  # between two weekly windows
    OVER = auto()


@dataclass(frozen=True, slots=True)
class Hours:
    """A daily window; with *end* not after *start* it reaches into the next day."""

    start: time
    end: time


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a rule applies; *until* is the first moment after it."""

    start: datetime | None
    until: datetime | None
    days: frozenset[int]
    hours: Hours | None
    zone: ZoneInfo

    def phase(self, at: datetime) -> Phase:
        """Return where *at* (aware) lies."""
        if self.start is not None and at < self.start:
            return Phase.UPCOMING
        if self.until is not None and at >= self.until:
            return Phase.OVER
        return Phase.ON if self._is_in_week(at.astimezone(self.zone)) else Phase.PAUSED

    def why_not(self, at: datetime) -> str | None:
        """Return why a rule with this schedule does not apply at *at*, or None."""
        match self.phase(at):
            case Phase.UPCOMING:
                return f"it starts {self._shown(self.start)}"
            case Phase.OVER:
                return f"it ended {self._shown(self.until)}"
            case Phase.PAUSED:
                local = at.astimezone(self.zone)
                return f"it is off on {_DAYS[local.weekday()]} at {local:%H:%M} ({self.zone.key})"
            case Phase.ON:
                return None

    def _is_in_week(self, local: datetime) -> bool:
        today, now = local.weekday(), local.time()
        if self.hours is None:
            return self._is_day(today)
        start, end = self.hours.start, self.hours.end
        if start < end:
            return self._is_day(today) and start <= now < end
        return (self._is_day(today) and now >= start) or (self._is_day(today - 1) and now < end)

    def _is_day(self, day: int) -> bool:
        return not self.days or day % 7 in self.days

    def _shown(self, moment: datetime | None) -> str:
        assert moment is not None
        return f"{moment.astimezone(self.zone):%Y-%m-%d %H:%M} ({self.zone.key})"


def read_moment(text: str, zone: ZoneInfo, *, is_end: bool = False) -> datetime:
    """Read `2026-11-27`, `2026-11-27 09:00` or with seconds, as a wall clock of *zone* shows it.

    As an end it takes its whole day, minute or second in: `until: 2026-11-30 23:59` still holds
    half a minute before midnight.

    Raises:
        ValueError: it is no date or time.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone, fold=1 if is_end else 0)
    if is_end:
        moment += _precision(text)
    return moment.astimezone(UTC)


def read_hours(text: str) -> Hours:
    """Read `09:00-17:30`.

    Raises:
        ValueError: it is not two times of day.
    """
    start, _, end = text.partition("-")
    return Hours(time.fromisoformat(start.strip()), time.fromisoformat(end.strip()))


def read_day(text: str) -> int:
    """Read `mon` to `sun`, also written out.

    Raises:
        ValueError: it is no day of the week.
    """
    return _DAYS.index(text.strip().casefold()[:3])


def _precision(text: str) -> timedelta:
    """Return the length of the shortest unit that *text* names: a day, a minute or a second."""
    clock = text.replace("T", " ").partition(" ")[2]
    if not clock:
        return timedelta(days=1)
    return timedelta(minutes=1) if clock.count(":") == 1 else timedelta(seconds=1)
