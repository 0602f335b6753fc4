"""How long a cached answer may be used, and for what."""

import pytest

from proxy.core.freshness import Lifetime, Stamp, State

STAMP = Stamp(100.0, Lifetime(fresh_s=10, revalidate_s=5, error_s=20))


@pytest.mark.parametrize(
    ("now", "state"),
    [
        (100, State.FRESH),
        (109.9, State.FRESH),
        (110, State.REVALIDATE),
        (114.9, State.REVALIDATE),
        (115, State.ON_ERROR),
        (134.9, State.ON_ERROR),
        (135, State.EXPIRED),
    ],
)
def test_an_answer_is_fresh_then_revalidated_then_kept_for_errors(now: float, state: State) -> None:
    assert STAMP.state(now) is state


def test_age_and_time_to_live_add_up_to_the_fresh_time() -> None:
    assert STAMP.age_s(104) == 4
    assert STAMP.ttl_s(104) == 6
    assert STAMP.ttl_s(112) == -2


def test_a_clock_that_steps_back_makes_nothing_younger_than_new() -> None:
    assert STAMP.age_s(90) == 0
    assert STAMP.state(90) is State.FRESH


def test_an_answer_that_is_never_fresh_is_never_served_on_its_own() -> None:
    assert Stamp(0, Lifetime(0)).state(0) is State.EXPIRED
    assert Stamp(0, Lifetime(0, error_s=5)).state(0) is State.ON_ERROR
