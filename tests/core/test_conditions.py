"""Conditions one by one, and that a placement finds the rules that a naive scan finds."""

import json
from datetime import UTC, datetime
from typing import TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from proxy.core.choose import choose, circumstances
from proxy.core.conditions import (
    All,
    AnyOf,
    Circumstances,
    Compared,
    Condition,
    Either,
    Has,
    Key,
    Like,
    NoneOf,
    Not,
    Present,
    Subject,
    texts_of,
)
from proxy.core.forms import read_pick
from proxy.core.grammar import Comparison
from proxy.core.placement import Placement
from proxy.model import Asked, Facts, Json, Profile
from tests.core.making import NOON, decided, slot

COLOR = Subject("color", ("color", ""), lambda now: texts_of(now.output))
SIZE = Subject("size", ("size", ""), lambda now: texts_of(now.request.get("size")))


def holds(condition: Condition, output: Json) -> bool:
    return why_not(condition, output) is None


def why_not(condition: Condition, output: Json) -> str | None:
    return condition.why_not(Circumstances((), output, Facts(NOON), {}))


class TestValues:
    def test_any_of_several_wanted_values_will_do(self) -> None:
        condition = AnyOf(COLOR, frozenset({"red", "blue"}))
        assert holds(condition, "red")
        assert holds(condition, ["green", "blue"])
        assert why_not(condition, "Red") == "color is 'Red'; wanted: 'blue', 'red'"
        assert why_not(condition, None) == "color is not given; wanted: 'blue', 'red'"

    def test_none_of_several_values_may_be_there(self) -> None:
        condition = NoneOf(COLOR, frozenset({"red", "blue"}))
        assert holds(condition, "green")
        assert holds(condition, None)
        assert why_not(condition, ["green", "red", "blue"]) == "color is 'blue', 'red'"

    @pytest.mark.parametrize(
        ("found", "texts"),
        [
            ("red", ("red",)),
            (7, ("7",)),
            (7.0, ("7",)),
            (0.5, ("0.5",)),
            (True, ("true",)),
            (["red", 7, False], ("red", "7", "false")),
            ("", ()),
            (None, ()),
            ({"a": "red"}, ()),
            (["red", "", None, ["blue"], {}], ("red",)),
        ],
    )
    def test_values_are_compared_as_texts(self, found: Json, texts: tuple[str, ...]) -> None:
        assert texts_of(found) == texts


class TestComparisons:
    @pytest.mark.parametrize(
        ("comparison", "holding", "failing"),
        [
            (Comparison.GT, [10.5, 11, "100"], [10, 9, "9.9"]),
            (Comparison.GTE, [10, 11], [9.99]),
            (Comparison.LT, [9, -100, "1e0"], [10, 11]),
            (Comparison.LTE, [10, "10.0", 9], [10.01]),
        ],
    )
    def test_numbers_compare_as_numbers(
        self, comparison: Comparison, holding: list[Json], failing: list[Json]
    ) -> None:
        condition = Compared(COLOR, comparison, "10")
        assert [value for value in holding if not holds(condition, value)] == []
        assert [value for value in failing if holds(condition, value)] == []

    def test_dates_compare_as_they_are_written(self) -> None:
        condition = Compared(COLOR, Comparison.GTE, "2026-03-01")
        assert holds(condition, "2026-03-01T10:00:00Z")
        assert not holds(condition, "2025-12-31")

    @pytest.mark.parametrize("comparison", Comparison)
    @pytest.mark.parametrize(
        "value", ["many", "nan", "inf", "1_000", "\u0661\u0660", " 10", True, None]
    )
    def test_what_is_no_number_is_neither_more_nor_less_than_one(
        self, comparison: Comparison, value: Json
    ) -> None:
        assert not holds(Compared(COLOR, comparison, "10"), value)

    def test_one_of_several_values_is_enough(self) -> None:
        assert holds(Compared(COLOR, Comparison.GT, "10"), [1, "x", 11])

    def test_it_says_what_is_wanted(self) -> None:
        assert why_not(Compared(COLOR, Comparison.LTE, "10"), 11) == "color is '11'; wanted: <= 10"


class TestPatterns:
    @pytest.mark.parametrize(
        ("pattern", "holding", "failing"),
        [
            ("abc*", ["abc", "abcd", "abc\nd"], ["ab", "xabc", "ABC"]),
            ("*abc", ["abc", "xabc"], ["abcx"]),
            ("a*b*c", ["abc", "a-b-c", "abbcc"], ["acb", "ab"]),
            ("a*a", ["aa", "aba"], ["a"]),
            ("*", ["x"], []),
            ("abc", ["abc"], ["abcd"]),
            ("a?[b]*", ["a?[b]", "a?[b]c"], ["axb", "axbc"]),
            ("a.*", ["a.b"], ["axb"]),
        ],
    )
    def test_a_star_stands_for_any_text_and_all_else_for_itself(
        self, pattern: str, holding: list[Json], failing: list[Json]
    ) -> None:
        condition = Like(COLOR, pattern)
        assert [value for value in holding if not holds(condition, value)] == []
        assert [value for value in failing if holds(condition, value)] == []

    @pytest.mark.timeout(5)
    def test_no_value_takes_long(self) -> None:
        assert not holds(Like(COLOR, "*a" * 12 + "*b"), "a" * 20_000)

    def test_it_says_what_is_wanted(self) -> None:
        assert why_not(Like(COLOR, "re*"), "blue") == "color is 'blue'; wanted: like 're*'"


class TestPresence:
    @pytest.mark.parametrize("wanted", [True, False])
    @pytest.mark.parametrize(("value", "is_there"), [("red", True), (0, True), ("", False)])
    def test_a_value_is_there_or_is_not(self, value: Json, *, is_there: bool, wanted: bool) -> None:
        assert holds(Present(COLOR, wanted), value) is (is_there is wanted)

    def test_it_says_which(self) -> None:
        assert why_not(Present(COLOR, wanted=True), None) == "color is missing"
        assert why_not(Present(COLOR, wanted=False), "red") == "color is given"

    @pytest.mark.parametrize("wanted", [True, False])
    @pytest.mark.parametrize(
        ("output", "is_there"),
        [
            ({"offer": "x"}, True),
            ({"offer": {"id": 1}}, True),
            ({"offer": [{}]}, True),
            ({"offer": False}, True),
            ({"offer": 0}, True),
            ({"offer": ""}, False),
            ({"offer": []}, False),
            ({"offer": {}}, False),
            ({"offer": None}, False),
            ({}, False),
            (None, False),
        ],
    )
    def test_a_path_finds_anything_that_is_not_empty(
        self, output: Json, *, is_there: bool, wanted: bool
    ) -> None:
        condition = Has(read_pick("offer", ()), wanted)
        assert holds(condition, output) is (is_there is wanted)

    def test_it_says_whether_the_decision_holds_it(self) -> None:
        offer = read_pick("offer", ())
        assert why_not(Has(offer), {}) == "'offer' is missing from the decision"
        assert why_not(Has(offer, wanted=False), {"offer": 1}) == "'offer' stands in the decision"


class TestCombinations:
    RED = AnyOf(COLOR, frozenset({"red"}))
    BLUE = AnyOf(COLOR, frozenset({"blue"}))
    BIG = AnyOf(SIZE, frozenset({"big"}))

    def test_all_parts_have_to_hold_and_the_first_that_does_not_is_told(self) -> None:
        both = All((self.RED, self.BLUE))
        assert holds(both, ["red", "blue"])
        assert why_not(both, ["red"]) == "color is 'red'; wanted: 'blue'"

    def test_one_part_is_enough_and_all_are_told_where_none_holds(self) -> None:
        either = Either((self.RED, self.BLUE))
        assert holds(either, "blue")
        assert why_not(either, "green") == (
            "color is 'green'; wanted: 'red' and color is 'green'; wanted: 'blue'"
        )

    def test_not_holds_where_its_part_does_not(self) -> None:
        condition = Not(self.RED, "color")
        assert holds(condition, "blue")
        assert why_not(condition, "red") == "color holds"

    def test_what_all_need_is_what_each_part_needs(self) -> None:
        assert All((self.RED, Like(COLOR, "r*"), self.BIG)).keys == self.RED.keys + self.BIG.keys

    def test_what_either_needs_is_what_one_of_its_parts_needs(self) -> None:
        both = Key(COLOR, frozenset({"red", "blue"}))
        assert Either((self.RED, self.BLUE)).keys == (both,)
        assert Either((All((self.BIG, self.RED)), self.BLUE)).keys == (both,)
        assert Either((self.RED, self.BIG)).keys == ()
        assert Either((self.RED, Like(COLOR, "b*"))).keys == ()

    def test_the_opposite_of_something_can_be_looked_up_nowhere(self) -> None:
        assert Not(self.RED, "color").keys == NoneOf(COLOR, frozenset({"red"})).keys == ()


When: TypeAlias = dict[str, object]

_SEGMENTS = st.sampled_from(["vip", "loyal", "new"])
_SOME = st.lists(_SEGMENTS, min_size=1, max_size=2)
_TIERS = st.sampled_from(["gold", "silver", 1, 2.5, True])
_FORMS = st.one_of(
    _TIERS,
    st.lists(_TIERS, min_size=1, max_size=2),
    st.builds(lambda value: {"not": value}, _TIERS),
    st.builds(lambda value: {"gt": value}, st.integers(0, 3)),
    st.builds(lambda missing: {"missing": missing}, st.booleans()),
    st.just({"like": "*l*"}),
)
_PARTS = st.fixed_dictionaries(
    {},
    optional={
        "segment": _SOME,
        "has": st.sampled_from(["tier", "offer", "offer.id"]),
        "output": st.builds(lambda form: {"tier": form}, _FORMS),
        "request": st.builds(lambda form: {"Size": form}, st.sampled_from(["s", ["s", "m"]])),
        "anonymous": st.booleans(),
        "buyer": st.sampled_from(["acme", "globex"]),
        "group": _SOME,
        "language": st.sampled_from(["en", "de"]),
        "time": st.just({"hours": "08:00-20:00"}),
    },
).filter(bool)
_WHENS = st.recursive(
    _PARTS,
    lambda inner: st.one_of(
        st.builds(lambda parts: {"all": parts}, st.lists(inner, min_size=1, max_size=2)),
        st.builds(lambda parts: {"any": parts}, st.lists(inner, min_size=1, max_size=2)),
        st.builds(lambda part: {"not": part}, inner),
        st.builds(lambda one, other: {**one, **other}, _PARTS, inner),
    ),
    max_leaves=4,
)
_DECISIONS: st.SearchStrategy[Json] = st.one_of(
    st.none(),
    st.fixed_dictionaries(
        {},
        optional={
            "persona": st.one_of(_SEGMENTS, st.lists(_SEGMENTS, max_size=3)),
            "tier": _TIERS,
            "offer": st.sampled_from([{"id": 1}, {}, "x"]),
        },
    ),
)
_FACTS = st.builds(
    Facts,
    at=st.sampled_from([NOON, datetime(2026, 11, 23, 23, tzinfo=UTC)]),
    is_anonymous=st.sampled_from([None, True, False]),
    profile=st.one_of(
        st.none(),
        st.builds(
            Profile,
            st.sampled_from(["acme", "globex"]),
            st.just("alice"),
            st.sampled_from([None, "en", "de"]),
        ),
    ),
    groups=st.one_of(st.none(), st.frozensets(_SEGMENTS)),
)
_REQUESTS = st.sampled_from([{}, {"size": "s"}, {"size": "m"}, {"size": ""}])


def _with_rules(whens: list[When]) -> Placement:
    rules = [{"name": f"r{i}", "when": when, "query": {}} for i, when in enumerate(whens)]
    return slot(json.dumps(rules))


@given(st.lists(_WHENS, max_size=8), _DECISIONS, _FACTS, _REQUESTS)
def test_the_rule_that_is_found_is_the_first_that_a_scan_of_all_rules_finds(
    whens: list[When], output: Json, facts: Facts, query: dict[str, str]
) -> None:
    where, asked = _with_rules(whens), Asked(query=query)
    now = circumstances(where, decided(output), asked, facts)
    scan = (rule.name for rule in where.rules if rule.why_not(now) is None)
    assert choose(where, decided(output), asked, facts).rule == next(scan, "default")


@given(st.lists(_WHENS, max_size=8), _DECISIONS, _FACTS, _REQUESTS)
def test_rules_are_looked_at_in_their_order_and_those_that_are_not_do_not_apply(
    whens: list[When], output: Json, facts: Facts, query: dict[str, str]
) -> None:
    where = _with_rules(whens)
    now = circumstances(where, decided(output), Asked(query=query), facts)
    looked_at = list(where.candidates(now))
    assert looked_at == [rule for rule in where.rules if rule in looked_at]
    left_aside = [rule for rule in where.rules if rule not in looked_at]
    assert [rule.name for rule in left_aside if rule.why_not(now) is None] == []


def test_a_rule_about_a_shopper_who_is_not_known_neither_applies_nor_does_its_opposite() -> None:
    where = slot(
        "[{name: acme, when: {buyer: acme}, query: {}},"
        " {name: others, when: {not: {buyer: acme}}, query: {}},"
        " {name: in-no-group, when: {not: {group: vip}}, query: {}}]"
    )
    facts = Facts(NOON)
    now = circumstances(where, decided({}), Asked(), facts)
    assert [rule.why_not(now) for rule in where.rules] == [
        "the shopper's buyer and locale are not known",
        "the shopper's buyer and locale are not known",
        "the shopper's groups are not known",
    ]
    assert choose(where, decided({}), Asked(), facts).rule == "default"
    known = replace(facts, profile=Profile("globex", "carol"))
    assert choose(where, decided({}), Asked(), known).rule == "others"


def test_of_two_keys_a_rule_is_found_by_the_one_that_fewer_rules_share() -> None:
    rules = ", ".join(
        f"{{name: r{number}, when: {{segment: vip, buyer: b{number}}}, query: {{}}}}"
        for number in range(50)
    )
    where = slot(f"[{rules}]")
    facts = Facts(NOON, profile=Profile("b7", "x"))
    now = circumstances(where, decided({"persona": "vip"}), Asked(), facts)
    assert [rule.name for rule in where.candidates(now)] == ["r7"]
