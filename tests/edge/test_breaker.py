"""The circuit breaker, by a clock that the test moves."""

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    precondition,
    rule,
)

from proxy.edge.breaker import Breaker, Permit
from proxy.errors import UpstreamOpen
from tests.clock import Clock

_JITTER = 0.2
"""A rest is so much longer or shorter than it should be."""


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> Breaker:
    return Breaker(name="CDP", clock=clock)


def call(breaker: Breaker, *, failed: bool | None) -> None:
    breaker.note(breaker.admit(), failed=failed)


def calls(breaker: Breaker, *outcomes: bool | None) -> None:
    """Make one call after the other; each fails (True), succeeds (False) or is cancelled (None)."""
    for failed in outcomes:
        call(breaker, failed=failed)


def is_refused(breaker: Breaker) -> bool:
    """Say whether the breaker refuses a call; one that it admits is cancelled again."""
    try:
        call(breaker, failed=None)
    except UpstreamOpen:
        return True
    return False


def opened(breaker: Breaker) -> Breaker:
    calls(breaker, *[True] * 8)
    assert breaker.is_open
    return breaker


def test_an_upstream_that_works_is_called(breaker: Breaker) -> None:
    calls(breaker, *[False] * 100)
    assert not breaker.is_open


@pytest.mark.parametrize(
    ("outcomes", "is_open"),
    [
        ("f" * 7, False),
        ("f" * 8, True),
        ("fs" * 4, True),
        ("fffsssss", False),
        ("ssssffff", True),
        ("s" * 32 + "f" * 15, False),
        ("s" * 32 + "f" * 16, True),
        ("s" * 99 + "f" * 16, True),
    ],
)
def test_it_opens_once_half_of_the_last_calls_failed_and_they_are_eight_or_more(
    breaker: Breaker, outcomes: str, *, is_open: bool
) -> None:
    calls(breaker, *(one == "f" for one in outcomes))
    assert breaker.is_open is is_open


def test_an_open_breaker_says_which_upstream_is_left_alone(breaker: Breaker) -> None:
    with pytest.raises(UpstreamOpen, match="CDP keeps failing"):
        opened(breaker).admit()


def test_of_many_who_wait_for_its_rest_to_end_one_tries(breaker: Breaker, clock: Clock) -> None:
    opened(breaker)
    clock.now += 1 + _JITTER
    breaker.admit()
    assert all(is_refused(breaker) for _ in range(10))


def test_a_probe_that_succeeds_closes_it(breaker: Breaker, clock: Clock) -> None:
    opened(breaker)
    clock.now += 1 + _JITTER
    call(breaker, failed=False)
    assert not breaker.is_open
    calls(breaker, *[True] * 7)
    assert not breaker.is_open


@pytest.mark.parametrize("failed_probes", [1, 2, 3, 4, 10])
def test_each_probe_that_fails_doubles_the_rest_up_to_half_a_minute(
    breaker: Breaker, clock: Clock, failed_probes: int
) -> None:
    opened(breaker)
    for _ in range(failed_probes):
        clock.now += 30 * (1 + _JITTER)
        call(breaker, failed=True)
    rest_s = min(2**failed_probes, 30)
    clock.now += rest_s * (1 - _JITTER) - 0.001
    assert is_refused(breaker)
    clock.now += 2 * rest_s * _JITTER + 0.002
    assert not is_refused(breaker)


def test_after_it_has_closed_the_rest_is_short_again(breaker: Breaker, clock: Clock) -> None:
    opened(breaker)
    clock.now += 10
    calls(breaker, True)
    clock.now += 10
    calls(breaker, False)
    opened(breaker)
    clock.now += 1 + _JITTER
    assert not is_refused(breaker)


def test_breakers_that_open_together_do_not_all_probe_together(clock: Clock) -> None:
    many = [opened(Breaker(name="CDP", clock=clock)) for _ in range(100)]
    clock.now += 1
    waiting = sum(is_refused(one) for one in many)
    assert 0 < waiting < 100


def test_cancelled_calls_say_nothing(breaker: Breaker) -> None:
    calls(breaker, *[None] * 100, *[True] * 7, *[None] * 100)
    assert not breaker.is_open
    call(breaker, failed=True)
    assert breaker.is_open


def test_when_a_probe_is_cancelled_the_next_call_is_the_probe(
    breaker: Breaker, clock: Clock
) -> None:
    opened(breaker)
    clock.now += 1 + _JITTER
    call(breaker, failed=None)
    assert breaker.is_open
    call(breaker, failed=False)
    assert not breaker.is_open


def test_a_late_answer_to_an_old_call_does_not_close_it(breaker: Breaker, clock: Clock) -> None:
    old = breaker.admit()
    opened(breaker)
    breaker.note(old, failed=False)
    assert breaker.is_open
    clock.now += 1 + _JITTER
    probe = breaker.admit()
    breaker.note(old, failed=False)
    assert breaker.is_open
    assert is_refused(breaker)
    breaker.note(probe, failed=False)
    assert not breaker.is_open


def test_old_calls_that_time_out_after_the_upstream_came_back_do_not_open_it_again(
    breaker: Breaker, clock: Clock
) -> None:
    old = [breaker.admit() for _ in range(200)]
    opened(breaker)
    clock.now += 1 + _JITTER
    call(breaker, failed=False)
    for permit in old:
        breaker.note(permit, failed=True)
    assert not breaker.is_open


class BreakerAgainstModel(RuleBasedStateMachine):
    """Calls begin and end in any order; the model knows when a call must (not) be let through."""

    under_way = Bundle("under_way")

    @initialize()
    def start(self) -> None:
        self.clock = Clock()
        self.breaker = Breaker(name="CDP", clock=self.clock)
        self.outcomes: list[bool] = []
        self.opened_at: float | None = None
        self.rest_s = 1.0
        self.probe: Permit | None = None
        self.current: list[Permit] = []

    @rule(target=under_way)
    def begin(self) -> Permit | None:
        try:
            permit = self.breaker.admit()
        except UpstreamOpen:
            assert self.opened_at is not None
            assert self.probe is not None or self._rested_s() <= self.rest_s * (1 + _JITTER)
            return None
        if self.opened_at is not None:
            assert self.probe is None
            assert self._rested_s() >= self.rest_s * (1 - _JITTER)
            self.probe = permit
        self.current.append(permit)
        return permit

    @rule(permit=consumes(under_way), failed=st.sampled_from([True, True, False, None]))
    def end(self, permit: Permit | None, failed: bool | None) -> None:  # noqa: FBT001 - the strategy's
        if permit is None:
            return
        self.breaker.note(permit, failed=failed)
        if permit not in self.current:
            return
        self.current.remove(permit)
        if self.opened_at is not None:
            self._end_probe(failed=failed)
        elif failed is not None:
            self.outcomes = [*self.outcomes, failed][-32:]
            if len(self.outcomes) >= 8 and sum(self.outcomes) * 2 >= len(self.outcomes):
                self._open(rest_s=1.0)

    @precondition(lambda self: self.opened_at is not None)
    @rule(rests=st.sampled_from([0.3, 0.9, 1.3, 40.0]))
    def wait(self, rests: float) -> None:
        self.clock.now += rests * self.rest_s

    @invariant()
    def is_open_as_the_model_is(self) -> None:
        assert self.breaker.is_open is (self.opened_at is not None)

    def _end_probe(self, *, failed: bool | None) -> None:
        self.probe = None
        if failed:
            self._open(rest_s=min(self.rest_s * 2, 30.0))
        elif failed is not None:
            self.opened_at, self.current = None, []

    def _open(self, *, rest_s: float) -> None:
        self.opened_at, self.rest_s = self.clock.now, rest_s
        self.outcomes, self.current = [], []

    def _rested_s(self) -> float:
        assert self.opened_at is not None
        return self.clock.now - self.opened_at


TestBreakerAgainstModel = BreakerAgainstModel.TestCase
