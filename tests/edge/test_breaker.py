import pytest

from proxy.edge.breaker import Breaker
from proxy.errors import UpstreamOpen
from tests.clock import Clock

_LONGEST_FIRST_REST_S = 1.2
_LONGEST_REST_S = 36.0


class Guarded:
    """An upstream behind a breaker, called with a known outcome."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.breaker = Breaker(name="cdp", clock=self.clock)

    def call(self, *, failed: bool | None) -> None:
        self.breaker.note(self.breaker.admit(), failed=failed)

    def fail(self, times: int) -> None:
        for _ in range(times):
            self.call(failed=True)


@pytest.fixture
def guarded() -> Guarded:
    return Guarded()


@pytest.fixture
def opened(guarded: Guarded) -> Guarded:
    guarded.fail(8)
    return guarded


def test_a_few_failures_mean_nothing(guarded: Guarded) -> None:
    guarded.fail(7)
    assert not guarded.breaker.is_open


def test_it_opens_once_half_of_the_last_calls_failed(guarded: Guarded) -> None:
    for _ in range(10):
        guarded.call(failed=False)
    guarded.fail(9)
    assert not guarded.breaker.is_open
    guarded.fail(1)
    assert guarded.breaker.is_open


def test_only_the_last_calls_count(guarded: Guarded) -> None:
    for _ in range(1000):
        guarded.call(failed=False)
    guarded.fail(16)
    assert guarded.breaker.is_open


def test_a_cancelled_call_says_nothing(guarded: Guarded) -> None:
    for _ in range(100):
        guarded.call(failed=None)
    guarded.fail(7)
    assert not guarded.breaker.is_open


def test_while_open_every_call_is_refused(opened: Guarded) -> None:
    for _ in range(3):
        with pytest.raises(UpstreamOpen, match="cdp"):
            opened.breaker.admit()


def test_after_its_rest_one_probe_is_admitted(opened: Guarded) -> None:
    opened.clock.now += _LONGEST_FIRST_REST_S
    opened.breaker.admit()
    with pytest.raises(UpstreamOpen):
        opened.breaker.admit()


def test_a_good_probe_closes_it(opened: Guarded) -> None:
    opened.clock.now += _LONGEST_FIRST_REST_S
    opened.call(failed=False)
    assert not opened.breaker.is_open
    opened.fail(7)
    assert not opened.breaker.is_open


def test_each_failed_probe_makes_it_rest_longer_up_to_a_bound(opened: Guarded) -> None:
    for _ in range(10):
        opened.clock.now += _LONGEST_REST_S
        opened.call(failed=True)
    with pytest.raises(UpstreamOpen):
        opened.breaker.admit()
    opened.clock.now += _LONGEST_REST_S
    opened.call(failed=False)
    assert not opened.breaker.is_open


def test_a_cancelled_probe_makes_room_for_the_next(opened: Guarded) -> None:
    opened.clock.now += _LONGEST_FIRST_REST_S
    opened.call(failed=None)
    assert opened.breaker.is_open
    opened.call(failed=False)
    assert not opened.breaker.is_open


@pytest.mark.parametrize("failed", [True, False, None])
def test_a_call_from_before_it_opened_says_nothing_of_the_probe(
    guarded: Guarded, *, failed: bool | None
) -> None:
    late = guarded.breaker.admit()
    guarded.fail(8)
    guarded.clock.now += _LONGEST_FIRST_REST_S
    guarded.breaker.admit()
    guarded.breaker.note(late, failed=failed)
    assert guarded.breaker.is_open
    with pytest.raises(UpstreamOpen):
        guarded.breaker.admit()
