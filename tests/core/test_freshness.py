"""How long a cached answer may be used, and for what."""

import math

import pytest

from proxy.core.freshness import ENDLESS, Lifetime, State, Times, shared, useful_s

LIFETIME = Lifetime(fresh_s=10, revalidate_s=5, error_s=20)


def test_an_answer_that_is_never_fresh_is_never_served_on_its_own() -> None:
    assert Lifetime(0).state(0) is State.EXPIRED
    assert Lifetime(0, error_s=5).state(0) is State.ON_ERROR


def test_what_is_not_said_of_a_lifetime_is_as_usual() -> None:
    assert Times().over(LIFETIME) == LIFETIME
    assert Times(fresh_s=0, error_s=7).over(LIFETIME) == Lifetime(0, 5, 7)
    assert Times(revalidate_s=1).over(LIFETIME) == Lifetime(10, 1, 20)


def test_lifetimes_that_are_alike_are_one_object() -> None:
    assert shared(Lifetime(10, 5, 20)) is shared(Lifetime(10, 5, 20)) == LIFETIME


@pytest.mark.parametrize(
    ("own", "takers", "seconds"),
    [(ENDLESS, LIFETIME, 35), (Lifetime(3), LIFETIME, 3), (ENDLESS, ENDLESS, math.inf)],
)
def test_an_answer_is_useful_as_long_as_itself_and_its_taker_say(
    own: Lifetime, takers: Lifetime, seconds: float
) -> None:
    assert useful_s(own, takers) == seconds
    assert useful_s(own, takers) is useful_s(own, takers)
