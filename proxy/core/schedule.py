"""`schedule:`: from when until when a rule applies, in a time zone, on which days and hours.

Times are what a clock on the wall of that zone shows, so a summer-time change moves nothing. Where
a change makes a moment happen twice, a rule starts with the first and ends with the second; where
one is skipped, it counts as if the clock had not changed yet (RFC 5545 section 3.3.5).
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import Enum, auto
from zoneinfo import ZoneInfo

NEVER = datetime.max.replace(tzinfo=UTC)

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_SHORTEST_DAY = 3
_HALF_HOURS = 8 * 48
_CLOCK = r"([01]\d|2[0-3]):[0-5]\d"
_MOMENT = re.compile(
    rf"[12]\d{{3}}-\d\d-\d\d(?P<minute>[ T]{_CLOCK}(?P<second>:[0-5]\d)?(Z|[+-]{_CLOCK})?)?",
    re.ASCII,
)
_HOURS = re.compile(rf"(?P<start>{_CLOCK})\s*-\s*(?P<end>{_CLOCK}|24:00)", re.ASCII)


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

    def steady_until(self, at: datetime) -> datetime:
        """Return a moment up to which the phase of *at* lasts; windows go by whole minutes."""
        if self.until is not None and at >= self.until:
            return NEVER
        if self.start is not None and at < self.start:
            return self.start
        end = self.until or NEVER
        if self.hours is None and not self.days:
            return end
        return min(end, at.replace(second=0, microsecond=0) + timedelta(minutes=1))

    def why_not(self, at: datetime) -> str | None:
        """Return why a rule with this schedule does not apply at *at*, or None."""
        match self.phase(at):
            case Phase.UPCOMING:
                return f"it starts {self._shown(self.start)}"
            case Phase.OVER:
                return f"it ended {self._shown(self.until)}"
            case Phase.PAUSED:
                local = at.astimezone(self.zone)
                day = _DAYS[local.weekday()][:_SHORTEST_DAY]
                return f"it is off on {day} at {local:%H:%M} ({self.zone.key})"
            case Phase.ON:
                return None

    def next_on(self, at: datetime) -> datetime:
        """Return a moment from *at* on at which the rule applies; *at* if none is near.

        Looked for by the half hour, as weekly windows open.
        """
        begin = max(at, self.start) if self.start else at
        moments = (begin + timedelta(minutes=30 * n) for n in range(_HALF_HOURS))
        return next((moment for moment in moments if self.phase(moment) is Phase.ON), at)

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
    written = _MOMENT.fullmatch(text)
    if written is None:
        raise ValueError(f"{text!r} is not a date or time")
    moment = datetime.fromisoformat(text)
    if not written["minute"]:
        day = moment + timedelta(days=1) if is_end else moment
        return _on_the_wall(day, zone, last=False)
    if moment.tzinfo is None:
        moment = _on_the_wall(moment, zone, last=is_end)
    unit = timedelta(seconds=1) if written["second"] else timedelta(minutes=1)
    return moment.astimezone(UTC) + (unit if is_end else timedelta(0))


def read_hours(text: str) -> Hours:
    """Read `09:00-17:30`; the end of the day is 24:00.

    Raises:
        ValueError: it is not two times of day.
    """
    written = _HOURS.fullmatch(text)
    if written is None:
        raise ValueError(f"{text!r} is not a span of hours")
    end = written["end"].replace("24:00", "00:00")
    return Hours(time.fromisoformat(written["start"]), time.fromisoformat(end))


def read_day(text: str) -> int:
    """Read `mon` to `sun`, also written out.

    Raises:
        ValueError: it is no day of the week.
    """
    name = text.casefold()
    for number, day in enumerate(_DAYS):
        if day.startswith(name) and len(name) >= _SHORTEST_DAY:
            return number
    raise ValueError(f"{text!r} is not a day of the week")


def _on_the_wall(moment: datetime, zone: ZoneInfo, *, last: bool) -> datetime:
    """Return when a wall clock of *zone* shows *moment*: the first time, or the *last*."""
    first, second = (moment.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    return max(first, second) if last else first
