"""Shoppers made up for a rule: it applies to each of them."""

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.core.choose import circumstances
from proxy.core.explain import sample_decision
from proxy.core.given import Given
from proxy.core.placement import Placement
from proxy.core.witness import witnesses
from tests.core.making import NOON, slot

_WORDS = st.sampled_from(["a", "b", "vip"])
_LEAVES = st.one_of(
    _WORDS.map(lambda word: f"segment: {word}"),
    st.lists(_WORDS, min_size=1, max_size=3).map(lambda words: f"group: {words}"),
    _WORDS.map(lambda word: f"buyer: {word}"),
    st.booleans().map(lambda is_so: f"anonymous: {str(is_so).lower()}"),
    _WORDS.map(lambda word: f"has: offer.{word}"),
    st.tuples(_WORDS, st.sampled_from(["gt", "gte", "lt", "lte"]), st.integers(-5, 5)).map(
        lambda one: f"output: {{{one[0]}: {{{one[1]}: {one[2]}}}}}"
    ),
    _WORDS.map(lambda word: f"request: {{device: {word}}}"),
)
_CONDITIONS = st.recursive(
    _LEAVES.map("{{{}}}".format),
    lambda inner: st.builds(
        "{{{}: [{}]}}".format,
        st.sampled_from(["all", "any"]),
        st.lists(inner, min_size=1, max_size=3).map(", ".join),
    ),
    max_leaves=6,
)


def _applying(where: Placement) -> Iterator[tuple[Given, str | None]]:
    """Give each shopper made up for the only rule, and why it would not apply."""
    (rule,) = where.rules
    for one in witnesses(where, rule, NOON):
        now = circumstances(where, sample_decision(where, one), one.asked, one.facts(NOON))
        yield one, rule.why_not(now)


@settings(deadline=None)
@given(_CONDITIONS)
def test_the_rule_applies_to_whoever_is_made_up(when: str) -> None:
    where = slot(f"[{{name: r, when: {when}, query: {{}}}}]")
    assert [why_not for _, why_not in _applying(where) if why_not] == []


def test_one_shopper_is_made_up_for_each_segment_but_not_for_thousands() -> None:
    segments = [f"s{number}" for number in range(1000)]
    where = slot(f"[{{name: r, when: {{segment: {segments}}}, query: {{}}}}]")
    assert len(list(_applying(where))) == 20


@pytest.mark.parametrize(
    ("schedule", "at"),
    [
        ("{from: 2026-11-27}", "2026-11-27 00:00"),
        ("{days: [sat]}", "2026-11-28 00:00"),
        ("{hours: 18:00-19:00}", "2026-11-23 18:00"),
        ("{until: 2027-01-01}", None),
    ],
)
def test_a_rule_is_looked_at_when_it_applies(schedule: str, at: str | None) -> None:
    where = slot(f"[{{name: r, when: {{segment: a}}, schedule: {schedule}, query: {{}}}}]")
    ((one, _),) = _applying(where)
    assert (one.at and f"{one.at:%Y-%m-%d %H:%M}") == at


def test_for_a_rule_that_is_over_nobody_is_made_up() -> None:
    where = slot("[{name: r, when: {segment: a}, schedule: {until: 2026-01-01}, query: {}}]")
    assert list(_applying(where)) == []
