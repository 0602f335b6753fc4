"""Kinds of shoppers: what is told of one, and what never is."""

from datetime import timedelta

import pytest

from proxy.core.choose import circumstances, ladder
from proxy.core.given import Given
from proxy.core.placement import Placement
from proxy.core.traffic import Counted, Kind, NoTraffic, Traffic, kind_of, read
from proxy.model import Asked, Facts, Json, Profile
from tests.core.making import NOON, decided, slot

SHOP = slot(
    "[{name: vips, when: {segment: vip, any: [{group: b2b}, {group: early}]}, query: {}},"
    " {name: rich, when: {output: {score: {gte: 5}}}, query: {}}]"
)
ALICE = Facts(
    NOON,
    is_anonymous=False,
    profile=Profile("acme", "alice", "en", "EUR"),
    groups=frozenset({"b2b", "secret"}),
    who="alice",
)


def kind(output: Json, facts: Facts = ALICE, where: Placement = SHOP) -> Kind:
    decision = decided(output)
    now = circumstances(where, decision, Asked(), facts)
    return kind_of(where, next(ladder(where, decision, Asked(), now)), now)


def test_a_kind_is_what_rules_go_by() -> None:
    assert kind({"persona": "vip"}) == Kind(
        "slot", "vips", ("vip",), False, "acme", ("b2b",), "en", "EUR"
    )


def test_a_kind_holds_nothing_of_the_output_but_its_segments() -> None:
    named = kind({"persona": "x", "score": 7, "email": "a@b.example"}, Facts(NOON))
    assert named == Kind("slot", "rich", ("x",))


def test_of_many_or_long_segments_a_few_are_kept() -> None:
    named = kind({"persona": ["x" * 1000, *"abcdefgh"]})
    assert [len(segment) for segment in named.segments] == [100, 1, 1, 1, 1]


def test_groups_that_no_rule_names_are_not_told() -> None:
    assert kind({}, where=slot("[]")).groups == ()


def test_a_kind_supposes_such_a_shopper() -> None:
    assert kind({"persona": "vip"}).given == Given(
        segments=("vip",),
        is_anonymous=False,
        buyer="acme",
        groups=frozenset({"b2b"}),
        language="en",
        currency="EUR",
    )


def test_traffic_is_counted_with_what_was_not_told_apart() -> None:
    counted = (Counted(Kind("a", "r"), 3), Counted(Kind("b", "default"), 4))
    assert Traffic(NOON - timedelta(hours=1), NOON, counted, others=5).answers == 12


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b'{"since": 1}', b"\xff"])
def test_what_does_not_tell_of_traffic_is_refused(text: bytes) -> None:
    with pytest.raises(NoTraffic, match="this does not tell of traffic"):
        read(text)
