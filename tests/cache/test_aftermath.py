"""Purges after writes: at once, again after each lag, and kindly to OrderCloud."""

import asyncio
from collections.abc import Collection, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.cache.aftermath import Aftermath, Later
from proxy.cache.journal import Journal, Journals
from proxy.cache.purges import Purger, Purges
from proxy.core.writes import PRODUCTS, Outdated
from tests.answers import until
from tests.clock import Clock

_PRODUCT = Outdated(hard=frozenset({"product:p1"}), soft=frozenset({PRODUCTS}))


class Heard(Purges):
    """Keeps what is purged, and when."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(
            Journals(Journal(), Journal(), Journal()),
            tell=lambda *_, **__: None,
            on_purged=lambda *_: None,
        )
        self._now = clock
        self.heard: list[tuple[float, str, bool]] = []

    def purge(self, purged: Collection[str], *, hard: bool, by: Purger) -> None:
        super().purge(purged, hard=hard, by=by)
        self.heard += [(self._now(), one, hard) for one in purged]

    async def count(self) -> int:
        return len(self.heard)


class World:
    """An aftermath in time that passes when a test says so."""

    def __init__(self, *lags_s: float) -> None:
        self.clock = Clock()
        self.purges = Heard(self.clock)
        self.aftermath = Aftermath(self.purges, lags_s=lags_s, clock=self.clock)

    def pass_to(self, now: float) -> None:
        self.clock.now = now
        self.aftermath.repeat()

    def times(self, tag: str) -> list[float]:
        return [at for at, one, _ in self.purges.heard if one == tag]


def test_a_write_purges_at_once_and_after_each_lag() -> None:
    world = World(5.0, 60.0)
    world.aftermath.follow(_PRODUCT)
    for now in (4.9, 5.0, 5.1, 59.9, 60.0, 300.0):
        world.pass_to(now)
    each_time = (("product:p1", True), (PRODUCTS, False))
    assert world.purges.heard == [(at, *one) for at in (0.0, 5.0, 60.0) for one in each_time]


def test_without_a_lag_nothing_is_repeated() -> None:
    world = World()
    world.aftermath.follow(_PRODUCT)
    world.pass_to(1000.0)
    assert world.times("product:p1") == [0.0]


def test_many_writes_of_one_thing_are_repeated_once_after_the_last() -> None:
    world = World(5.0)
    for now in (0.0, 1.0, 4.0):
        world.clock.now = now
        world.aftermath.follow(_PRODUCT)
    for now in (5.0, 6.0, 8.9, 9.0, 20.0):
        world.pass_to(now)
    assert world.times("product:p1") == [0.0, 1.0, 4.0, 9.0]


def test_a_storm_of_writes_makes_lists_doubtful_once_a_second() -> None:
    world = World(5.0)
    for hundredth in range(300):
        world.clock.now = hundredth / 100
        thing = frozenset({f"product:p{hundredth}"})
        world.aftermath.follow(Outdated(hard=thing, soft=frozenset({PRODUCTS})))
    world.pass_to(30.0)
    assert world.times(PRODUCTS) == [0.0, 1.0, 2.0, 30.0]
    assert world.times("product:p299") == [2.99, 30.0]


def test_what_must_not_be_shown_is_purged_however_often() -> None:
    world = World(5.0)
    for now in (0.0, 0.1):
        world.clock.now = now
        world.aftermath.follow(Outdated(hard=frozenset({PRODUCTS})))
    assert world.times(PRODUCTS) == [0.0, 0.1]


def test_without_a_repeat_no_purge_is_left_to_it() -> None:
    world = World()
    for now in (0.0, 0.1):
        world.clock.now = now
        world.aftermath.follow(Outdated(soft=frozenset({PRODUCTS})))
    assert world.times(PRODUCTS) == [0.0, 0.1]


def test_of_too_many_the_oldest_is_forgotten_and_the_list_never() -> None:
    later = Later(5.0, most=3)
    for number in range(10):
        later.put([f"product:p{number}"], float(number), hard=True)
        later.put([PRODUCTS], float(number), hard=False)
    due = [one for one, _ in later.take(100.0)]
    assert due == ["product:p8", "product:p9", PRODUCTS]


async def test_it_repeats_by_itself() -> None:
    loop = asyncio.get_running_loop()
    purges = Heard(Clock())
    aftermath = Aftermath(purges, lags_s=[0.02, 0.01], clock=loop.time)
    running = asyncio.ensure_future(aftermath.run())  # noqa: TID251 - ends with the test
    await asyncio.sleep(0)
    aftermath.follow(_PRODUCT)
    await until(purges.count, lambda count: count == 6)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


_writes = st.lists(
    st.tuples(st.floats(0.0, 3.0), st.sampled_from(["product:a", "product:b", PRODUCTS])),
    min_size=1,
    max_size=30,
)


@given(writes=_writes, lags_s=st.lists(st.sampled_from([0.5, 2.0, 5.0]), min_size=1, unique=True))
def test_after_the_last_write_everything_is_purged_once_more_at_its_lag(
    writes: Sequence[tuple[float, str]], lags_s: list[float]
) -> None:
    """The promise: whatever the index holds back for less than a lag is fetched after it."""
    world = World(*lags_s)
    last: dict[str, float] = {}
    for pause_s, one in writes:
        world.pass_to(world.clock.now + pause_s)
        last[one] = world.clock.now
        world.aftermath.follow(Outdated(soft=frozenset({one})))
    end = world.clock.now
    for step in range(200):
        world.pass_to(end + step / 10)
    for one, written_at in last.items():
        for lag_s in lags_s:
            due_at = written_at + lag_s
            assert any(due_at <= at < due_at + 3.2 for at in world.times(one))
