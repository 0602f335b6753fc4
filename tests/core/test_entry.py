"""What an entry takes, how it ages, and what may be done with it then."""

import sys

import pytest

from proxy.core.entry import Entry
from proxy.core.freshness import ENDLESS, Lifetime, State

LIFETIME = Lifetime(fresh_s=10, revalidate_s=5, error_s=20)


def _entry(
    at: float = 0.0, lifetime: Lifetime = ENDLESS, pace: float = 1.0, useful_s: float = 1.0
) -> Entry[bytes]:
    return Entry(b"", at, lifetime, pace, useful_s=useful_s)


def test_an_entry_is_small_as_there_are_many() -> None:
    entry = _entry()
    assert not hasattr(entry, "__dict__")
    assert sys.getsizeof(entry) <= 128


def test_an_entry_counts_from_when_it_was_made() -> None:
    entry = Entry(b"", 0.0, born=5, seen=5)
    assert (entry.uses, entry.is_renewing) == (0, False)


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
    assert _entry(100.0).state(now, LIFETIME) is state


def test_age_and_time_to_live_add_up_to_the_fresh_time() -> None:
    entry = _entry(100.0)
    assert entry.age_s(104) == 4
    assert entry.ttl_s(104, LIFETIME) == 6
    assert entry.ttl_s(112, LIFETIME) == -2


def test_a_clock_that_steps_back_makes_nothing_younger_than_new() -> None:
    assert _entry(100.0).age_s(90) == 0
    assert _entry(100.0).state(90, LIFETIME) is State.FRESH


@pytest.mark.parametrize(
    ("age_s", "state"),
    [(4, State.FRESH), (5, State.REVALIDATE), (10, State.ON_ERROR), (12, State.EXPIRED)],
)
def test_an_answer_lives_no_longer_than_itself_and_its_taker_say(age_s: int, state: State) -> None:
    own, takers = Lifetime(5, 20, 20), Lifetime(8, 2, 2)
    one, other = _entry(0, own), _entry(0, takers)
    assert one.state(age_s, takers) is other.state(age_s, own) is state
    assert one.ttl_s(age_s, takers) == other.ttl_s(age_s, own) == 5 - age_s


def test_an_answer_of_faster_pace_runs_out_earlier_and_says_so() -> None:
    entry = _entry(0, pace=1.25, useful_s=35)
    assert entry.ttl_s(4, LIFETIME) == 4
    assert (entry.state(7.9, LIFETIME), entry.state(8, LIFETIME)) == (State.FRESH, State.REVALIDATE)
    assert entry.age_s(8) == 8
    assert entry.until == 28
