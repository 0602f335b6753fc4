"""Recipes: what is remembered, for how long, and how an answer is made of it."""

import re
import time
from dataclasses import dataclass, replace
from itertools import permutations
from typing import Any

import pytest
from starlette.routing import Route

from proxy.edge.telemetry import Metrics
from proxy.model import Page
from proxy.pipeline import Basis
from proxy.ruleset import EMPTY
from proxy.web import recipes
from proxy.web.recipes import Plain, Recipes

_DATE = b"Mon, 23 Nov 2026 17:00:00 GMT"
_PAGE = Page(b"{}", '"etag"', 0)
_ROUTE = Route("/placements/{name}", lambda _: None)
_START = {
    "status": 200,
    "headers": [
        (b"etag", b'"etag"'),
        (b"cache-status", b"decision-proxy;hit;ttl=9;detail=page"),
        (b"server-timing", b"verify;dur=0.02, total;dur=12.34"),
        (b"age", b"3"),
        (b"x-note", b"segment=;ttl=5"),
        (b"x-request-id", b"first"),
    ],
}


@dataclass(slots=True)
class Held:
    """Something held, as a test says."""

    asked_at: float
    until: float
    held: Any = _PAGE

    @property
    def due(self) -> float:
        return self.until - 1

    def value(self) -> Any:
        return self.held


def _plain(
    page: Held, decision: Held | None = None, expires_at: float = 1e12, shopper: Held | None = None
) -> Plain:
    known = (shopper,) if shopper else ()
    basis: Any = Basis(page, decision, known, expires_at)  # type: ignore[arg-type]  # by shape
    counted = ("hero", "watches", "cached", "matched"), ("hero", "cached")
    return Plain(basis, EMPTY.version, lambda page: page.body, *counted, kind=None)


def _scope(plain: Plain | None) -> dict[str, Any]:
    scope: dict[str, Any] = {"method": "GET", "route": _ROUTE, "state": {}}
    if plain is not None:
        recipes.leave(scope, plain)
    return scope


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
def known(metrics: Metrics) -> Recipes:
    return Recipes(10_000, metrics=metrics)


def _learn(known: Recipes, request: bytes, scope: dict[str, Any], start: dict[str, Any]) -> None:
    recipes.hear(scope["state"], request)
    known.learn(scope, start)


_ID = re.compile(rb"(?<=x-request-id: )[^\r]+")


def _answer(known: Recipes, now: float, request: bytes = b"GET") -> bytes | None:
    answer = known.answer(request, now, _DATE)
    return answer and b"".join(answer)


def _knows(known: Recipes, request: bytes) -> bool:
    return known.answer(request, 1.0, _DATE) is not None


def _id(known: Recipes, request: bytes) -> bytes:
    found = _ID.search(_answer(known, 1.0, request) or b"")
    assert found
    return found[0]


def test_an_answer_is_made_anew_with_what_has_changed(known: Recipes) -> None:
    _learn(known, b"GET", _scope(_plain(Held(10.0, 70.0))), _START)
    answer = _answer(known, 15.5)
    assert answer
    assert _ID.sub(b"next", answer) == (
        b"HTTP/1.1 200 OK\r\n"
        b"date: Mon, 23 Nov 2026 17:00:00 GMT\r\n"
        b'etag: "etag"\r\n'
        b"cache-status: decision-proxy;hit;ttl=54;detail=page\r\n"
        b"server-timing: verify;dur=0.00, total;dur=0.00\r\n"
        b"age: 5\r\n"
        b"x-note: segment=;ttl=5\r\n"
        b"x-request-id: next\r\n"
        b"\r\n"
        b"{}"
    )


def test_it_is_as_old_as_what_is_known_of_the_shopper(known: Recipes) -> None:
    plain = _plain(Held(10.0, 70.0), shopper=Held(5.0, 70.0, "groups"))
    _learn(known, b"GET", _scope(plain), _START)
    assert b"\r\nage: 10\r\n" in (_answer(known, 15.0) or b"")


def test_it_is_as_old_as_its_oldest_part_and_each_cache_has_its_ttl(known: Recipes) -> None:
    both = b"decision-proxy;hit;ttl=1;detail=decision, decision-proxy;hit;ttl=2;detail=page"
    headers = [(n, both if n == b"cache-status" else v) for n, v in _START["headers"]]  # type: ignore[attr-defined]
    plain = _plain(Held(100.0, 9000.0), Held(40.0, 200.0))
    _learn(known, b"GET", _scope(plain), _START | {"headers": headers})
    answer = _answer(known, 150.0)
    assert answer
    assert b"hit;ttl=50;detail=decision, decision-proxy;hit;ttl=8850;detail=page" in answer
    assert b"\r\nage: 110\r\n" in answer


@pytest.mark.parametrize(
    "plain",
    [
        _plain(Held(10.0, 15.0)),
        _plain(Held(10.0, 70.0), Held(10.0, 15.0)),
        _plain(Held(10.0, 70.0, None)),
        _plain(Held(10.0, 70.0), expires_at=time.time() - 1),
        _plain(Held(10.0, 70.0), shopper=Held(10.0, 15.0)),
        _plain(Held(10.0, 70.0), shopper=Held(10.0, 70.0, None)),
    ],
)
def test_nothing_is_answered_that_no_longer_holds(known: Recipes, plain: Plain) -> None:
    start = _START
    if plain.basis.decision is not None:
        both = b"decision-proxy;hit;ttl=1, decision-proxy;hit;ttl=2"
        headers = [(n, both if n == b"cache-status" else v) for n, v in _START["headers"]]  # type: ignore[attr-defined]
        start = _START | {"headers": headers}
    _learn(known, b"GET", _scope(plain), start)
    assert known.size_bytes > 0
    assert _answer(known, 14.0) is None


def test_only_the_very_same_request_is_known(known: Recipes) -> None:
    _learn(known, b"GET a", _scope(_plain(Held(0.0, 9.0))), _START)
    assert _knows(known, b"GET a")
    assert not _knows(known, b"GET b")


def test_what_the_app_does_not_let_be_given_again_is_not_learnt(known: Recipes) -> None:
    _learn(known, b"GET", _scope(None), _START)
    assert not _knows(known, b"GET")


@pytest.mark.parametrize("missing", [b"cache-status", b"age", b"x-request-id"])
def test_what_does_not_look_like_a_placements_answer_is_not_learnt(
    known: Recipes, missing: bytes
) -> None:
    headers = [one for one in _START["headers"] if one[0] != missing]  # type: ignore[attr-defined]
    _learn(known, b"GET", _scope(_plain(Held(0.0, 9.0))), _START | {"headers": headers})
    assert not _knows(known, b"GET")


def test_other_rules_end_what_was_known(known: Recipes) -> None:
    _learn(known, b"GET", _scope(_plain(Held(0.0, 9.0))), _START)
    known.follow(replace(EMPTY, version="next"))
    assert not _knows(known, b"GET")


def test_an_answer_by_rules_that_are_replaced_meanwhile_is_not_learnt(known: Recipes) -> None:
    scope = _scope(_plain(Held(0.0, 9.0)))
    known.follow(replace(EMPTY, version="next"))
    _learn(known, b"GET", scope, _START)
    assert not _knows(known, b"GET")


def test_beyond_the_bound_the_oldest_goes(known: Recipes) -> None:
    for number in range(100):
        _learn(known, b"%03d" % number, _scope(_plain(Held(0.0, 9.0))), _START)
    left = [number for number in range(100) if _knows(known, b"%03d" % number)]
    assert left == list(range(100 - len(left), 100))
    assert 1 < len(left) < 20
    assert known.size_bytes <= 10_000


def test_learning_again_takes_no_more_room(known: Recipes) -> None:
    for _ in range(100):
        for request in (b"a", b"b"):
            _learn(known, request, _scope(_plain(Held(0.0, 9.0))), _START)
    assert _knows(known, b"a")
    assert _knows(known, b"b")


def test_what_is_tallied_is_counted_when_the_metrics_are_read(
    known: Recipes, metrics: Metrics
) -> None:
    _learn(known, b"GET", _scope(_plain(Held(0.0, 9.0))), _START)
    tally, *_ = known.tallies
    for seconds in (2**-13, 2**-13, 2**-5):
        tally.add(seconds)
    lines = {line for _ in range(2) for line in metrics.render().decode().splitlines()}
    route = 'route="/placements/{name}"'
    assert f'decision_proxy_requests_total{{method="GET",{route},status="200"}} 3.0' in lines
    assert f"decision_proxy_request_seconds_count{{{route}}} 3.0" in lines
    assert f'decision_proxy_request_seconds_bucket{{le="0.0005",{route}}} 2.0' in lines
    assert f'decision_proxy_request_seconds_bucket{{le="0.05",{route}}} 3.0' in lines
    assert f"decision_proxy_request_seconds_sum{{{route}}} 0.031494140625" in lines
    assert 'decision_proxy_pages_total{freshness="cached",placement="hero"} 3.0' in lines
    assert 'decision_proxy_repeats_total{placement="hero"} 3.0' in lines


def test_no_two_requests_have_one_id(known: Recipes) -> None:
    _learn(known, b"GET", _scope(_plain(Held(0.0, 9.0))), _START)
    ids = {_id(known, b"GET") for _ in range(10_000)}
    assert len(ids) == 10_000
    assert {len(one) for one in ids} == {32}


_TRACED = b"GET / HTTP/1.1\r\nx-request-id: mine\r\nTraceparent: 00-1\r\nhost: shop\r\n\r\n"
_UNTRACED = b"GET / HTTP/1.1\r\nhost: shop\r\n\r\n"


@pytest.mark.parametrize(("learnt", "asked"), [*permutations([_TRACED, _UNTRACED])])
def test_a_request_is_known_whatever_traces_it(known: Recipes, learnt: bytes, asked: bytes) -> None:
    _learn(known, learnt, _scope(_plain(Held(0.0, 9.0))), _START)
    assert (_id(known, asked) == b"mine") is (asked == _TRACED)


def test_no_other_line_is_left_out(known: Recipes) -> None:
    _learn(known, _UNTRACED, _scope(_plain(Held(0.0, 9.0))), _START)
    assert not _knows(known, _UNTRACED.replace(b"host:", b"x-forwarded-for: a\r\nhost:"))
    assert not _knows(known, _TRACED.replace(b"x-request-id", b"x-requested-by"))


def test_a_request_with_a_folded_line_is_not_learnt(known: Recipes) -> None:
    folded = _TRACED.replace(b"mine\r\n", b"mine\r\n folded\r\n")
    _learn(known, folded, _scope(_plain(Held(0.0, 9.0))), _START)
    assert not _knows(known, folded)
