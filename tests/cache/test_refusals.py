"""Refusals of OrderCloud's: for how long, and to whom, they are said again."""

from collections.abc import Callable

import pytest

from proxy.cache.journal import Journal
from proxy.cache.refusals import Refusals
from proxy.errors import OrderCloudRefused, ProxyError, UpstreamTimeout
from proxy.model import ListQuery, Scope
from tests.clock import Clock

_SCOPE = Scope("scope")
_ALICE = "token-a"
_BOB = "token-b"
_LIST = ListQuery("me/products", ())


class Calls:
    """A call that is refused, and how often it was made."""

    def __init__(self, refusals: Refusals, exc: ProxyError) -> None:
        self._refusals = refusals
        self._exc = exc
        self.count = 0
        self.during: Callable[[], None] = lambda: None

    def make(self, token: str = _ALICE) -> ProxyError:
        remembered = self._refusals.remembered(_SCOPE, token, _LIST)
        with pytest.raises(type(self._exc)) as caught, remembered:
            self._call()
        return caught.value

    def _call(self) -> None:
        self.count += 1
        self.during()
        raise self._exc


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def journal() -> Journal:
    return Journal()


@pytest.fixture
def refusals(clock: Clock, journal: Journal) -> Refusals:
    return Refusals(journal=journal, keep_s=10, clock=clock)


def _refused(status: int, body: bytes = b"{}") -> OrderCloudRefused:
    return OrderCloudRefused(status=status, headers={"x-oc-logid": "1"}, body=body)


@pytest.mark.parametrize("status", [400, 404])
def test_what_is_refused_to_whoever_asks_is_asked_for_once(
    refusals: Refusals, clock: Clock, status: int
) -> None:
    calls = Calls(refusals, _refused(status))
    for own in (_ALICE, _BOB, _ALICE):
        again = calls.make(own)
        assert isinstance(again, OrderCloudRefused)
        assert (again.answer_status, again.headers, again.body) == (
            status,
            {"x-oc-logid": "1"},
            b"{}",
        )
    assert calls.count == 1
    clock.now += 10
    calls.make()
    assert calls.count == 2


@pytest.mark.parametrize("status", [401, 403])
def test_what_is_refused_to_a_token_is_refused_to_no_other(refusals: Refusals, status: int) -> None:
    calls = Calls(refusals, _refused(status))
    for own in (_ALICE, _ALICE, _BOB):
        calls.make(own)
    assert calls.count == 2


@pytest.mark.parametrize(
    "exc",
    [UpstreamTimeout("slow"), _refused(500), _refused(429), _refused(404, b"x" * 5000)],
    ids=lambda exc: f"{exc}"[:30],
)
def test_an_outage_is_not_remembered_nor_what_is_long(refusals: Refusals, exc: ProxyError) -> None:
    calls = Calls(refusals, exc)
    for _ in range(3):
        calls.make()
    assert calls.count == 3


def test_a_purge_lets_it_be_asked_for_again(refusals: Refusals, journal: Journal) -> None:
    calls = Calls(refusals, _refused(404))
    calls.make()
    journal.note(["category:new"], 1, hard=False)
    calls.make()
    assert calls.count == 2


def test_a_purge_during_the_call_counts(refusals: Refusals, journal: Journal) -> None:
    calls = Calls(refusals, _refused(404))
    calls.during = lambda: journal.note(["category:new"], 1, hard=False)
    calls.make()
    calls.make()
    assert calls.count == 2


def test_a_call_that_succeeds_is_made_each_time(refusals: Refusals) -> None:
    count = 0
    for _ in range(3):
        with refusals.remembered(_SCOPE, _ALICE, _LIST):
            count += 1
    assert count == 3


def test_only_so_many_are_remembered(refusals: Refusals) -> None:
    for number in range(3000):
        scope = Scope(f"scope-{number}")
        with pytest.raises(OrderCloudRefused), refusals.remembered(scope, _ALICE, _LIST):
            raise _refused(404)
    assert len(refusals._refusals) == 1000
