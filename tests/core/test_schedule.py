"""Schedules by the wall clock: whole days and minutes, weekly windows, summer time."""

from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from proxy.core.nodes import ScheduleNode
from proxy.core.schedule import NEVER, Phase, Schedule, read_day, read_hours, read_moment
from proxy.core.when import read_schedule

LONDON = ZoneInfo("Europe/London")
NEW_YORK = ZoneInfo("America/New_York")
HAVANA = ZoneInfo("America/Havana")  # clocks change at midnight


def schedule(zone: ZoneInfo = LONDON, **written: object) -> Schedule:
    """Read a schedule as a rules file has it; `from_` stands for `from`."""
    named = {name.rstrip("_"): value for name, value in written.items()}
    return read_schedule(ScheduleNode.model_validate(named), zone, ("schedule",))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


class TestMoments:
    @pytest.mark.parametrize(
        ("text", "zone", "at"),
        [
            ("2026-11-27", LONDON, "2026-11-27 00:00"),
            ("2026-07-01", LONDON, "2026-06-30 23:00"),
            ("2026-11-27 09:00", NEW_YORK, "2026-11-27 14:00"),
            ("2026-11-27T09:00", NEW_YORK, "2026-11-27 14:00"),
            ("2026-11-27 09:00:30", LONDON, "2026-11-27 09:00:30"),
            ("2026-11-27T09:00Z", NEW_YORK, "2026-11-27 09:00"),
            ("2026-11-27 09:00+02:00", NEW_YORK, "2026-11-27 07:00"),
        ],
    )
    def test_a_start_is_the_first_moment_that_the_wall_clock_shows_it(
        self, text: str, zone: ZoneInfo, at: str
    ) -> None:
        assert read_moment(text, zone) == utc(at)

    @pytest.mark.parametrize(
        ("text", "zone", "at"),
        [
            ("2026-11-30", LONDON, "2026-12-01 00:00"),
            ("2026-11-30", NEW_YORK, "2026-12-01 05:00"),
            ("2026-11-30 23:59", LONDON, "2026-12-01 00:00"),
            ("2026-11-30 23:59:59", LONDON, "2026-12-01 00:00"),
            ("2026-11-30 12:00:00", LONDON, "2026-11-30 12:00:01"),
            ("2026-11-30T23:59Z", NEW_YORK, "2026-12-01 00:00"),
            ("2026-11-30 23:59+01:00", LONDON, "2026-11-30 23:00"),
            ("2026-02-28", LONDON, "2026-03-01 00:00"),
        ],
    )
    def test_an_end_takes_its_day_minute_or_second_in_whole(
        self, text: str, zone: ZoneInfo, at: str
    ) -> None:
        assert read_moment(text, zone, is_end=True) == utc(at)

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "tomorrow",
            "27.11.2026",
            "2026-13-01",
            "2026-02-30",
            "2026-11-27 24:00",
            "2026-11-27 9:00",
            "2026-11-27 09",
            "2026-11-27 09:00 CET",
            "2026-W48-5",
            "20261127",
            "9999-12-31",
            "0001-01-01",
            "٢٠٢٦-11-27",
            "2026-11-27\n",
        ],
    )
    def test_what_is_no_moment_is_refused(self, text: str) -> None:
        with pytest.raises(ValueError, match=r"\S"):
            read_moment(text, LONDON)


class TestSummerTime:
    """London's clocks change at 01:00 UTC on 2026-03-29 and 2026-10-25; New York's at 2 o'clock
    there, on 2026-03-08 and 2026-11-01.
    """

    @pytest.mark.parametrize(
        ("text", "zone", "starts", "ends"),
        [
            ("2026-10-25 00:59", LONDON, "2026-10-24 23:59", "2026-10-25 00:00"),
            ("2026-10-25 01:30", LONDON, "2026-10-25 00:30", "2026-10-25 01:31"),
            ("2026-10-25 01:59", LONDON, "2026-10-25 00:59", "2026-10-25 02:00"),
            ("2026-10-25", LONDON, "2026-10-24 23:00", "2026-10-26 00:00"),
            ("2026-11-01 01:30", NEW_YORK, "2026-11-01 05:30", "2026-11-01 06:31"),
            ("2026-11-01", NEW_YORK, "2026-11-01 04:00", "2026-11-02 05:00"),
        ],
    )
    def test_what_happens_twice_starts_with_the_first_and_ends_with_the_second(
        self, text: str, zone: ZoneInfo, starts: str, ends: str
    ) -> None:
        assert read_moment(text, zone) == utc(starts)
        assert read_moment(text, zone, is_end=True) == utc(ends)

    @pytest.mark.parametrize(
        ("text", "zone", "starts", "ends"),
        [
            ("2026-03-29 00:59", LONDON, "2026-03-29 00:59", "2026-03-29 01:00"),
            ("2026-03-29 01:00", LONDON, "2026-03-29 01:00", "2026-03-29 01:01"),
            ("2026-03-29 01:30", LONDON, "2026-03-29 01:30", "2026-03-29 01:31"),
            ("2026-03-29 02:00", LONDON, "2026-03-29 01:00", "2026-03-29 01:01"),
            ("2026-03-29", LONDON, "2026-03-29 00:00", "2026-03-29 23:00"),
            ("2026-03-08 02:30", NEW_YORK, "2026-03-08 07:30", "2026-03-08 07:31"),
        ],
    )
    def test_what_is_skipped_counts_as_if_the_clock_had_not_changed_yet(
        self, text: str, zone: ZoneInfo, starts: str, ends: str
    ) -> None:
        assert read_moment(text, zone) == utc(starts)
        assert read_moment(text, zone, is_end=True) == utc(ends)

    def test_a_day_ends_with_its_first_midnight(self) -> None:
        """In Havana the first hour of 2026-11-01 happens twice."""
        assert read_moment("2026-10-31", HAVANA, is_end=True) == utc("2026-11-01 04:00")
        assert read_moment("2026-11-01", HAVANA) == utc("2026-11-01 04:00")

    def test_hours_are_those_that_the_wall_clock_shows_on_every_day(self) -> None:
        nine_to_five = schedule(hours="09:00-17:00")
        for day in ("2026-03-28", "2026-03-29", "2026-10-24", "2026-10-25"):
            opens = datetime.fromisoformat(f"{day} 09:00").replace(tzinfo=LONDON)
            assert nine_to_five.phase(opens) is Phase.ON
            assert nine_to_five.phase(opens - timedelta(minutes=1)) is Phase.PAUSED


class TestWeeklyWindows:
    @pytest.mark.parametrize(
        ("at", "phase"),
        [
            ("2026-11-27 21:59", Phase.PAUSED),
            ("2026-11-27 22:00", Phase.ON),
            ("2026-11-28 01:59", Phase.ON),
            ("2026-11-28 02:00", Phase.PAUSED),
            ("2026-11-28 22:00", Phase.PAUSED),
            ("2026-11-27 01:00", Phase.PAUSED),
        ],
    )
    def test_a_window_over_midnight_belongs_to_the_day_it_starts_on(
        self, at: str, phase: Phase
    ) -> None:
        assert schedule(days=["fri"], hours="22:00-02:00").phase(utc(at)) is phase

    def test_a_window_of_sunday_night_reaches_into_monday(self) -> None:
        sunday_night = schedule(days=["sun"], hours="22:00-02:00")
        assert sunday_night.phase(utc("2026-11-30 01:00")) is Phase.ON
        assert sunday_night.phase(utc("2026-11-29 01:00")) is Phase.PAUSED

    def test_days_without_hours_last_from_midnight_to_midnight_there(self) -> None:
        mondays = schedule(NEW_YORK, days="mon")
        assert mondays.phase(utc("2026-11-23 04:59")) is Phase.PAUSED
        assert mondays.phase(utc("2026-11-23 05:00")) is Phase.ON
        assert mondays.phase(utc("2026-11-24 04:59")) is Phase.ON
        assert mondays.phase(utc("2026-11-24 05:00")) is Phase.PAUSED

    def test_24_00_is_the_end_of_the_day(self) -> None:
        evening = schedule(hours="18:00 - 24:00")
        assert evening.phase(utc("2026-11-23 23:59:59")) is Phase.ON
        assert evening.phase(utc("2026-11-24 00:00")) is Phase.PAUSED

    @pytest.mark.parametrize(
        ("text", "number"),
        [("mon", 0), ("Tue", 1), ("tues", 1), ("THURSDAY", 3), ("thurs", 3), ("sunday", 6)],
    )
    def test_days_may_be_written_out(self, text: str, number: int) -> None:
        assert read_day(text) == number

    @pytest.mark.parametrize("text", ["", "m", "mo", "monkey", "mon-fri", "mondays", "1", "lun"])
    def test_what_is_no_day_is_refused(self, text: str) -> None:
        with pytest.raises(ValueError, match="is not a day of the week"):
            read_day(text)

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "09:00",
            "09:00-",
            "9-17",
            "9:00-17:00",
            "09:00-25:00",
            "09:00-24:30",
            "24:00-09:00",
            "09:00Z-17:00Z",
            "09:00-17:00+01:00",
            "09:00-12:00-13:00",
            "09:60-17:00",
        ],
    )
    def test_what_are_no_hours_is_refused(self, text: str) -> None:
        with pytest.raises(ValueError, match="is not a span of hours"):
            read_hours(text)


class TestReasons:
    @pytest.mark.parametrize(
        ("at", "why_not"),
        [
            ("2026-11-27 08:59", "it starts 2026-11-27 09:00 (Europe/London)"),
            ("2026-11-27 09:00", None),
            ("2026-11-27 17:00", "it is off on fri at 17:00 (Europe/London)"),
            ("2026-11-29 12:00", "it is off on sun at 12:00 (Europe/London)"),
            ("2026-11-30 16:59", None),
            ("2026-12-01 00:00", "it ended 2026-12-01 00:00 (Europe/London)"),
        ],
    )
    def test_it_says_when_the_rule_is_on(self, at: str, why_not: str | None) -> None:
        working_hours = schedule(
            from_="2026-11-27 09:00",
            until="2026-11-30",
            days=["mon", "tue", "wed", "thu", "fri"],
            hours="09:00-17:00",
        )
        assert working_hours.why_not(utc(at)) == why_not


_MINUTE = timedelta(minutes=1)
_CHANGES = [
    (LONDON, utc("2026-03-29 01:00")),
    (LONDON, utc("2026-10-25 01:00")),
    (NEW_YORK, utc("2026-03-08 07:00")),
    (NEW_YORK, utc("2026-11-01 06:00")),
    (HAVANA, utc("2026-03-08 05:00")),
    (HAVANA, utc("2026-11-01 05:00")),
]
_BEFORE = timedelta(hours=14)
_SPAN_MINUTES = 30 * 60


@cache
def _walls(zone: ZoneInfo, start: datetime) -> list[datetime]:
    """Return what a wall clock shows in each minute of a span; a naive time may come twice."""
    minutes = (start + number * _MINUTE for number in range(_SPAN_MINUTES))
    return [at.astimezone(zone).replace(tzinfo=None) for at in minutes]


def _shown(walls: list[datetime], moment: datetime) -> datetime:
    """Return *moment*, or where it comes to lie if the clock skips it."""
    if moment in walls:
        return moment
    skipped = max(after - before for before, after in pairwise(walls)) - _MINUTE
    return moment + skipped


@st.composite
def _scheduled(draw: st.DrawFn) -> tuple[ZoneInfo, datetime, dict[str, object]]:
    zone, change = draw(st.sampled_from(_CHANGES))
    start = change - _BEFORE
    minutes = st.integers(60, _SPAN_MINUTES - 240)
    first = _walls(zone, start)[0]
    begins, ends = sorted(first + draw(minutes) * _MINUTE for _ in range(2))
    written: dict[str, object] = {
        "from": f"{begins:%Y-%m-%d %H:%M}",
        "until": f"{ends + 60 * _MINUTE:%Y-%m-%d %H:%M}",
    }
    if draw(st.booleans()):
        written["days"] = draw(st.lists(st.sampled_from(["fri", "sat", "sun", "mon"]), min_size=1))
    if draw(st.booleans()):
        opens, closes = draw(st.times()), draw(st.times())
        written["hours"] = f"{opens:%H:%M}-{closes:%H:%M}"
    return zone, start, written


def _naive_phases(walls: list[datetime], written: dict[str, object]) -> list[Phase]:
    """Tell the phase of every minute by looking at the wall clock, and at nothing else."""
    begins, ends = (
        _shown(walls, datetime.fromisoformat(str(written[name]))) for name in ("from", "until")
    )
    first = walls.index(begins)
    after = len(walls) - walls[::-1].index(ends)
    in_week = [Phase.ON if _is_in_week(wall, written) else Phase.PAUSED for wall in walls]
    upcoming, over = [Phase.UPCOMING] * first, [Phase.OVER] * (len(walls) - after)
    return upcoming + in_week[first:after] + over


def _is_in_week(wall: datetime, written: dict[str, object]) -> bool:
    days = written.get("days", [])
    assert isinstance(days, list)
    today, yesterday = (f"{day:%a}".lower() for day in (wall, wall - timedelta(days=1)))
    opens, _, closes = str(written.get("hours", "00:00-00:00")).partition("-")
    now = f"{wall:%H:%M}"
    is_today, is_yesterday = (not days or day in days for day in (today, yesterday))
    if opens < closes:
        return is_today and opens <= now < closes
    return (is_today and now >= opens) or (is_yesterday and now < closes)


@given(_scheduled())
@settings(deadline=None, max_examples=50)
def test_every_minute_is_in_the_phase_that_a_person_reads_off_the_wall_clock(
    scheduled: tuple[ZoneInfo, datetime, dict[str, object]],
) -> None:
    zone, start, written = scheduled
    read = read_schedule(ScheduleNode.model_validate(written), zone, ())
    phases = [read.phase(start + number * _MINUTE) for number in range(_SPAN_MINUTES)]
    assert phases == _naive_phases(_walls(zone, start), written)


class TestSteady:
    @pytest.mark.parametrize(
        ("at", "until"),
        [
            ("2026-11-26 10:00:20", "2026-11-27 09:00:00"),
            ("2026-11-27 09:00:00", "2026-11-30 18:00:30"),
            ("2026-11-30 18:00:30", None),
        ],
    )
    def test_between_two_moments_nothing_changes(self, at: str, until: str | None) -> None:
        sale = Schedule(
            utc("2026-11-27 09:00"), utc("2026-11-30 18:00:30"), frozenset(), None, LONDON
        )
        assert sale.steady_until(utc(at)) == (utc(until) if until else NEVER)

    @example(
        at=datetime(2026, 1, 1),  # noqa: DTZ001 - UTC below
        later=0.9999999999999998,
        hours=None,
        days=frozenset(),
        zone="UTC",
    )
    @given(
        at=st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31)),  # noqa: DTZ001 - UTC below
        later=st.floats(0, 1, exclude_max=True),
        hours=st.sampled_from([None, "09:00-17:30", "22:00-02:15"]),
        days=st.frozensets(st.integers(0, 6), max_size=3),
        zone=st.sampled_from(["UTC", "America/New_York", "Asia/Kathmandu", "Pacific/Chatham"]),
    )
    def test_until_then_the_phase_stays(
        self, at: datetime, later: float, hours: str | None, days: frozenset[int], zone: str
    ) -> None:
        window = read_hours(hours) if hours else None
        end = utc("2026-07-01 12:30:15")
        weekly = Schedule(None, end, days, window, ZoneInfo(zone))
        first = at.replace(tzinfo=UTC)
        last = min(weekly.steady_until(first), first + timedelta(days=300))
        between = first + (last - first) * later  # rounded to microseconds, up to the end itself
        assert between == last or weekly.phase(between) is weekly.phase(first)
