"""Which rule applies to a decision, what it lists, and why."""

import pytest

from proxy.core.choose import (
    Choice,
    EmbeddedPage,
    choose,
    circumstances,
    default_choice,
    ladder,
)
from proxy.core.curated import Curated
from proxy.core.placement import Placement
from proxy.model import Asked, Decision, Facts, Freshness, Json, Reason
from tests.core.making import NOON, asking, chosen, decided, listed, placement, reasons, slot

SHOP = """
    placement: home
    resource: me/products
    decision: {flow: home, segment: persona}
    rules:
      - name: vips
        when: {segment: vip}
        query: {categoryID: watches}
      - name: recommended
        when: {segment: [vip, loyal], has: ids}
        query: {ID: {from: ids}}
      - name: ready-made
        when: {has: products}
        page: {from: products}
      - name: numbered
        when: {segment: 7}
        query: {categoryID: seven}
    default:
      query: {categoryID: featured}
"""


@pytest.mark.parametrize(
    ("output", "rule", "segment"),
    [
        ({"persona": "vip"}, "vips", "vip"),
        ({"persona": "vip", "ids": ["a"]}, "vips", "vip"),
        ({"persona": "loyal", "ids": ["a"]}, "recommended", "loyal"),
        ({"persona": ["new", "loyal"], "ids": ["a"]}, "recommended", "loyal"),
        ({"persona": "new", "products": {"Items": []}}, "ready-made", "new"),
        ({"products": {"Items": []}}, "ready-made", None),
        ({"persona": 7}, "numbered", "7"),
        ({"persona": 7.0}, "numbered", "7"),
    ],
)
def test_the_first_rule_that_applies_decides(output: Json, rule: str, segment: str | None) -> None:
    choice = chosen(placement(SHOP), output)
    assert (choice.rule, choice.segment, choice.reason) == (rule, segment, Reason.MATCHED)


@pytest.mark.parametrize(
    ("output", "segment"),
    [
        ({"persona": "new"}, "new"),
        ({"persona": "VIP"}, "VIP"),
        ({"persona": ["new", "old"]}, "new"),
        ({"persona": ""}, None),
        ({"persona": None}, None),
        ({"persona": {"name": "vip"}}, None),
        ({"persona": "loyal"}, "loyal"),
        ({"persona": "loyal", "ids": []}, "loyal"),
        ({"products": []}, None),
        ({}, None),
        ([], None),
        ("vip", None),
    ],
)
def test_without_a_rule_the_default_is_shown(output: Json, segment: str | None) -> None:
    choice = chosen(placement(SHOP), output)
    assert (choice.rule, choice.segment, choice.reason) == ("default", segment, Reason.NO_RULE)
    assert listed(choice.then) == ("/v1/me/products?categoryID=featured",)


def test_a_list_in_the_decision_gives_way_to_a_shopper_who_sorts_or_filters() -> None:
    choice = chosen(placement(SHOP), {"products": {"Items": []}}, asking(sortBy="Name"))
    assert choice.rule == "default"
    assert listed(choice.then) == ("/v1/me/products?categoryID=featured&sortBy=Name",)


@pytest.mark.parametrize("reason", [Reason.TIMEOUT, Reason.NO_FLOW, Reason.GARBAGE])
def test_the_default_says_why_there_was_no_decision(reason: Reason) -> None:
    decision = Decision(None, reason, Freshness.FALLBACK)
    choice = choose(placement(SHOP), decision, Asked(), Facts(at=NOON))
    assert (choice.rule, choice.reason) == ("default", reason)


def test_an_old_decision_still_matches_and_says_why_it_is_old() -> None:
    decision = Decision({"persona": "vip"}, Reason.TIMEOUT, Freshness.STALE)
    choice = choose(placement(SHOP), decision, Asked(), Facts(at=NOON))
    assert (choice.rule, choice.reason) == ("vips", Reason.TIMEOUT)


def test_a_list_inside_the_decision_is_taken_from_it() -> None:
    page: Json = {"Items": [{"ID": "a"}]}
    assert chosen(placement(SHOP), {"products": page}).then == EmbeddedPage(page)


def test_a_page_rule_without_a_list_is_passed_over() -> None:
    where = slot("[{name: p, when: {has: on}, page: {from: list}}]")
    assert chosen(where, {"on": 1}).rule == "default"
    assert reasons(where, {"on": 1}) == ["'list' holds no list"]


def test_a_placement_without_a_flow_shows_its_default() -> None:
    where = placement("placement: p\nresource: me/products\ndefault: {query: {categoryID: c}}\n")
    choice = choose(
        where, Decision(None, Reason.NO_DECISION, Freshness.FRESH), Asked(), Facts(at=NOON)
    )
    assert (choice.rule, choice.reason) == ("default", Reason.NO_DECISION)


def test_the_default_can_be_shown_for_a_reason_of_its_own() -> None:
    choice = default_choice(placement(SHOP), Asked(), reason=Reason.RULE_REFUSED, segment="vip")
    assert (choice.rule, choice.segment, choice.reason) == ("default", "vip", Reason.RULE_REFUSED)


def test_the_trace_tells_why_each_earlier_rule_does_not_apply() -> None:
    assert reasons(placement(SHOP), {"persona": "new", "products": [1]}) == [
        "segment is 'new'; wanted: 'vip'",
        "segment is 'new'; wanted: 'loyal', 'vip'",
        None,
    ]


def test_the_trace_tells_what_is_missing() -> None:
    assert reasons(placement(SHOP), {"persona": ["loyal", "old"]}) == [
        "segment is 'loyal', 'old'; wanted: 'vip'",
        "'ids' is missing from the decision",
        "'products' is missing from the decision",
        "segment is 'loyal', 'old'; wanted: '7'",
    ]


def test_without_a_segment_the_trace_says_so() -> None:
    assert reasons(placement(SHOP), {})[0] == "segment is not given; wanted: 'vip'"


@pytest.mark.parametrize("found", [False, 0, 0.0])
def test_false_and_zero_are_there(found: Json) -> None:
    assert chosen(slot("[{name: r, when: {has: flag}, query: {}}]"), {"flag": found}).rule == "r"


FAMILY = """
    placement: home
    resource: me/products
    decision: {flow: home, segment: persona}
    parents: {platinum: gold, gold: vip, silver: vip, lost: nobody}
    rules:
      - {name: sorted, when: {request: {sort: price}}, query: {sortBy: Name}}
      - {name: vips, when: {segment: vip, not: {segment: silver}}, query: {categoryID: watches}}
      - {name: of-gold, when: {segment: gold}, query: {categoryID: gold}}
      - {name: both, when: {segment: [silver, vip]}, query: {categoryID: both}}
      - {name: not-gold, when: {not: {segment: gold}}, query: {categoryID: rest}}
    default: {query: {}}
"""


def rungs(text: str, output: Json, decision: Decision | None = None) -> list[tuple[str, str]]:
    """Return rule and reason of all that may be shown, best first."""
    choices = every(placement(text), decision or decided(output))
    return [(choice.rule, choice.reason) for choice in choices]


def every(where: Placement, decision: Decision) -> list[Choice]:
    now = circumstances(where, decision, Asked(), Facts(at=NOON))
    return list(ladder(where, decision, Asked(), now))


@pytest.mark.parametrize(
    ("segment", "rules"),
    [
        ("vip", ["vips", "default"]),
        ("gold", ["of-gold", "vips", "default"]),
        ("silver", ["both", "default"]),
        ("platinum", ["not-gold", "of-gold", "vips", "default"]),
        (["gold", "silver"], ["of-gold", "both", "default"]),
        ("lost", ["not-gold", "default"]),
    ],
)
def test_the_rules_of_parents_stand_in_before_the_default(segment: Json, rules: list[str]) -> None:
    assert [rule for rule, _ in rungs(FAMILY, {"persona": segment})] == rules


def test_where_no_rule_is_for_a_segment_its_parents_is_chosen() -> None:
    where = placement(FAMILY.replace("not: {segment: gold}}, query", "segment: x}, query"))
    choice = chosen(where, {"persona": "platinum"})
    assert (choice.rule, choice.segment) == ("of-gold", "platinum")
    assert (choice.reason, choice.is_parents) == (Reason.PARENT_SEGMENT, True)
    assert reasons(where, {"persona": "platinum"})[-1] is None


def test_a_rule_that_excepts_a_segment_excepts_it_as_a_parents_too() -> None:
    where = FAMILY.replace("silver, vip]", "x]").replace("{not: {segment: gold}}", "{segment: x}")
    assert rungs(where, {"persona": "silver"}) == [("default", Reason.NO_RULE)]


def test_the_curated_list_is_the_last_rung() -> None:
    where = slot("[{name: a, when: {segment: a}, query: {}}]", more="curated: [{ID: p1}]")
    choices = every(where, decided({"persona": "a"}))
    assert [choice.rule for choice in choices] == ["a", "default", "curated"]
    assert choices[-1].then == Curated({"Items": [{"ID": "p1"}]})


def test_every_rung_says_what_befell_cdp() -> None:
    decision = Decision({"persona": "gold"}, Reason.TIMEOUT, Freshness.STALE)
    assert {reason for _, reason in rungs(FAMILY, None, decision)} == {Reason.TIMEOUT}


def test_a_parents_holdout_stays_one() -> None:
    rule = "{name: a, when: {segment: a}, experiment: {split: {x: 1}, holdout: 100}, "
    where = slot(f"[{rule} variants: {{x: {{query: {{}}}}}}}}]", more="parents: {b: a}")
    choice = chosen(where, {"persona": "b"})
    assert (choice.rule, choice.variant, choice.reason) == ("a", "holdout", Reason.HOLDOUT)
