"""How long a cached answer may be used, and for what."""

import pytest

from proxy.core.freshness import Lifetime, Stamp, State, Times

LIFETIME = Lifetime(fresh_s=10, revalidate_s=5, error_s=20)
STAMP = Stamp(100.0)


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
    assert STAMP.state(now, LIFETIME) is state


def test_age_and_time_to_live_add_up_to_the_fresh_time() -> None:
    assert STAMP.age_s(104) == 4
    assert STAMP.ttl_s(104, LIFETIME) == 6
    assert STAMP.ttl_s(112, LIFETIME) == -2


def test_a_clock_that_steps_back_makes_nothing_younger_than_new() -> None:
    assert STAMP.age_s(90) == 0
    assert STAMP.state(90, LIFETIME) is State.FRESH


def test_an_answer_that_is_never_fresh_is_never_served_on_its_own() -> None:
    assert Lifetime(0).state(0) is State.EXPIRED
    assert Lifetime(0, error_s=5).state(0) is State.ON_ERROR


@pytest.mark.parametrize(
    ("age_s", "state"),
    [(4, State.FRESH), (5, State.REVALIDATE), (10, State.ON_ERROR), (12, State.EXPIRED)],
)
def test_an_answer_lives_no_longer_than_itself_and_its_taker_say(age_s: int, state: State) -> None:
    own, takers = Lifetime(5, 20, 20), Lifetime(8, 2, 2)
    assert Stamp(0, own).state(age_s, takers) is state
    assert Stamp(0, takers).state(age_s, own) is state
    assert Stamp(0, own).ttl_s(age_s, takers) == Stamp(0, takers).ttl_s(age_s, own) == 5 - age_s


def test_what_is_not_said_of_a_lifetime_is_as_usual() -> None:
    assert Times().over(LIFETIME) == LIFETIME
    assert Times(fresh_s=0, error_s=7).over(LIFETIME) == Lifetime(0, 5, 7)
    assert Times(revalidate_s=1).over(LIFETIME) == Lifetime(10, 1, 20)


def test_an_answer_of_faster_pace_runs_out_earlier_and_says_so() -> None:
    stamp = Stamp(0, pace=1.25)
    assert stamp.ttl_s(4, LIFETIME) == 4
    assert (stamp.state(7.9, LIFETIME), stamp.state(8, LIFETIME)) == (State.FRESH, State.REVALIDATE)
    assert stamp.age_s(8) == 8
