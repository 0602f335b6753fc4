"""Answers by kinds of shoppers, over the last hours, in bounded memory."""

from datetime import UTC, datetime

import pytest

from proxy.core.traffic import Counted, Kind
from proxy.edge import recent
from proxy.edge.recent import Recent
from tests.clock import Clock

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC).timestamp()
HALF_DAY_S = 12 * 3600
VIPS, OTHERS = Kind("hero", "vips", ("vip",)), Kind("hero", "default")


@pytest.fixture
def clock() -> Clock:
    return Clock(NOON)


@pytest.fixture
def counts(clock: Clock) -> Recent:
    return Recent(clock=clock)


def test_answers_are_counted_by_kind_most_first(counts: Recent) -> None:
    counts.note(VIPS)
    counts.note(OTHERS, 5)
    counts.note(VIPS)
    traffic = counts.traffic()
    assert traffic.counted == (Counted(OTHERS, 5), Counted(VIPS, 2))
    assert (traffic.since, traffic.until) == (traffic.until, datetime.fromtimestamp(NOON, UTC))


def test_the_span_before_still_counts_and_those_before_it_do_not(
    counts: Recent, clock: Clock
) -> None:
    counts.note(VIPS, 1)
    clock.now += HALF_DAY_S
    counts.note(VIPS, 10)
    assert counts.traffic().answers == 11
    clock.now += HALF_DAY_S
    assert counts.traffic().answers == 10
    clock.now += HALF_DAY_S
    assert counts.traffic().answers == 0


@pytest.mark.parametrize("spans", [2, 3, 50])
def test_a_long_silence_is_told_as_such(counts: Recent, clock: Clock, spans: int) -> None:
    counts.note(VIPS)
    clock.now += spans * HALF_DAY_S + 60
    traffic = counts.traffic()
    assert traffic.answers == 0
    assert (traffic.until - traffic.since).total_seconds() == HALF_DAY_S + 60


def test_a_clock_that_is_put_back_loses_nothing(counts: Recent, clock: Clock) -> None:
    counts.note(VIPS)
    clock.now -= HALF_DAY_S
    counts.note(VIPS)
    assert counts.traffic().answers == 2


def test_too_many_kinds_are_counted_as_one(counts: Recent, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recent, "_KINDS_MAX", 3)
    for number in range(10):
        counts.note(Kind("hero", f"rule-{number}"))
    counts.note(Kind("hero", "rule-0"))
    counts.note(None, 2)
    traffic = counts.traffic()
    assert [one.answers for one in traffic.counted] == [2, 1, 1]
    assert (traffic.others, traffic.answers) == (9, 13)
