"""Two sets of rules side by side: every list that changes is told, for whom, and no other."""

from datetime import timedelta

import pytest

from proxy.core.diff import Change, compare, touched_ratio
from proxy.core.placement import Placement
from proxy.core.traffic import Counted, Kind, Traffic
from tests.core.making import NOON, placement, slot

VIP = "{name: vips, when: {segment: vip}, query: {categoryID: %s}}"
NEW = "{name: newcomers, when: {segment: [new, newish]}, query: {categoryID: new}}"
FEATURED = "{query: {categoryID: featured}}"
OLD = slot(f"[{VIP % 'watches'}, {NEW}]", default=FEATURED)


def compared(
    before: Placement | None, after: Placement | None, traffic: Traffic | None = None
) -> list[Change]:
    old, new = ({side.name: side} if side else {} for side in (before, after))
    return compare(old, new, NOON, traffic)


def changes(before: Placement | None, after: Placement | None) -> list[str]:
    return [str(change) for change in compared(before, after)]


def test_the_same_rules_change_nothing() -> None:
    assert changes(OLD, OLD) == []


def test_another_query_is_told_for_the_segments_that_it_is_for() -> None:
    (change,) = changes(OLD, slot(f"[{VIP % 'rings'}, {NEW}]", default=FEATURED))
    assert change == (
        "slot, segment 'vip': /v1/me/products?categoryID=watches (vips)"
        " -> /v1/me/products?categoryID=rings (vips)"
    )


def test_a_rule_that_goes_leaves_its_segments_to_the_next() -> None:
    (change,) = changes(OLD, slot(f"[{VIP % 'watches'}]", default=FEATURED))
    assert change == (
        "slot, segment 'new'; segment 'newish': /v1/me/products?categoryID=new (newcomers)"
        " -> /v1/me/products?categoryID=featured (default)"
    )


def test_another_parent_is_told_for_the_segments_that_it_is_of() -> None:
    rules = f"[{VIP % 'watches'}, {NEW}]"
    (change,) = changes(OLD, slot(rules, default=FEATURED, more="parents: {gold: vip}"))
    assert change == (
        "slot, segment 'gold': /v1/me/products?categoryID=featured (default)"
        " -> /v1/me/products?categoryID=watches (vips)"
    )


def test_another_default_is_told_for_shoppers_without_a_decision() -> None:
    (change,) = changes(OLD, slot(f"[{VIP % 'watches'}, {NEW}]", default="{query: {}}"))
    assert change == (
        "slot, no decision: /v1/me/products?categoryID=featured (default)"
        " -> /v1/me/products (default)"
    )


@pytest.mark.parametrize(
    ("when", "whom"),
    [
        ("{group: wholesale}", "group 'wholesale'"),
        ("{all: [{group: a}, {group: b}]}", "group 'a' and 'b'"),
        ("{buyer: acme, currency: EUR, language: de}",
         "buyer 'acme', language 'de', currency 'EUR'"),
        ("{anonymous: true}", "not logged in"),
        ("{anonymous: false, segment: vip}", "segment 'vip', logged in"),
        ("{has: offer.id}", "output offer=id='id'"),
        ("{output: {score: {gte: 0.8}}}", "output score=0.8"),
        ("{output: {score: {gt: 3, not: 5}}}", "output score=4"),
        ("{output: {score: {lt: 3}}}", "output score=2"),
        ("{output: {since: {gt: '2026-01-01'}}}", "output since='2026-01-01x'"),
        ("{output: {since: {lt: '2026-01-01'}}}", "output since='2026-01-0'"),
        ("{output: {'offers[].kind': {like: 'sale*'}}}", "output offers=kind='salex'"),
        ("{output: {'offers[0].kind': [a], 'offers[0].id': 7}}", "output offers=kind='a' id=7"),
        ("{request: {device: {missing: false}}}", "request device='device'"),
        ("{request: {device: app}, output: {tier: '010'}}",
         "output tier='010', request device='app'"),
        ("{any: [{group: b2b}, {segment: b2b}]}", "group 'b2b'; segment 'b2b'"),
        ("{segment: [a, b, c, d, e]}", "segment 'a'; segment 'b'; segment 'c'; 2 more"),
        ("{segment: vip, not: {buyer: globex}}", "segment 'vip'"),
    ],
)  # fmt: skip
def test_whoever_a_rule_is_for_is_made_up_from_its_condition(when: str, whom: str) -> None:
    (change,) = compared(slot("[]"), slot(f"[{{name: r, when: {when}, query: {{Name: a}}}}]"))
    assert change.whom == whom


@pytest.mark.parametrize(
    "when",
    ["{output: {'length(ids)': 3}}", "{output: {score: {gt: 41, not: 42}}}", "{not: {has: ids}}"],
)
def test_nobody_is_made_up_where_a_condition_does_not_tell_how(when: str) -> None:
    found = compared(slot("[]"), slot(f"[{{name: r, when: {when}, query: {{Name: a}}}}]"))
    assert [change.whom for change in found] in ([], ["no decision"])


def test_a_rule_that_is_yet_to_come_is_looked_at_in_its_time() -> None:
    rule = "{name: r, when: {segment: a}, schedule: {from: %s}, query: {}}"
    (change,) = changes(slot("[]"), slot(f"[{rule % '2026-11-27'}]"))
    assert change.startswith("slot, segment 'a', at '2026-11-27 00:00+0000': ")


def test_what_a_list_takes_from_the_decision_is_made_up_too() -> None:
    rule = "{name: r, when: {segment: a}, query: {ID: {from: 'items[].id'}}}"
    (change,) = changes(slot("[]"), slot(f"[{rule}]"))
    assert change == (
        "slot, segment 'a', output items=id='id': /v1/me/products (default)"
        " -> /v1/me/products?ID=id (r)"
    )


@pytest.mark.parametrize("segment", [None, "vip"])
def test_a_placement_that_comes_or_goes_is_told(segment: str | None) -> None:
    (comes,) = (one for one in compared(None, OLD) if _is_of(one, segment))
    (goes,) = (one for one in compared(OLD, None) if _is_of(one, segment))
    assert (comes.before, comes.after) == (None, goes.before)
    assert goes.after is None
    assert str(goes).endswith("-> nothing")


def _is_of(change: Change, segment: str | None) -> bool:
    return any(given.segments == ((segment,) if segment else ()) for given in change.givens)


def test_placements_are_told_in_the_order_of_their_names() -> None:
    named = {
        name: placement(f"placement: {name}\nresource: me/products\ndefault: {{query: {{}}}}\n")
        for name in ("b", "c", "a")
    }
    assert [one.placement for one in compare({}, named, NOON)] == ["a", "b", "c"]


def test_a_renamed_rule_is_a_change_as_reports_count_by_its_name_but_of_no_list() -> None:
    renamed = f"[{VIP % 'watches'}, {NEW}]".replace("vips", "very-important")
    (change,) = compared(OLD, slot(renamed, default=FEATURED))
    told = "(vips) -> /v1/me/products?categoryID=watches (very-important)"
    assert str(change).endswith(told)
    assert not change.is_of_lists


def test_a_composed_list_is_told_with_all_its_parts() -> None:
    pinned = slot(f"[{NEW}]", default="{query: {xp.a: a b}, pin: p1, fill: {categoryID: sale}}")
    (change,) = changes(slot(f"[{NEW}]"), pinned)
    assert change.partition(" -> ")[2] == (
        "/v1/me/products?ID=p1 then /v1/me/products?ID=!p1&xp.a=a b"
        " then /v1/me/products?ID=!p1&categoryID=sale (default)"
    )


def split(weights: str, b: str = "Name", more: str = "") -> Placement:
    return slot(
        "[{name: test, when: {segment: vip}, "
        f"experiment: {{split: {weights}{more}}}, variants: "
        f"{{a: {{query: {{sortBy: ID}}}}, b: {{query: {{sortBy: {b}}}}}}}}}]"
    )


@pytest.mark.parametrize("b", ["Name", "DateCreated"])
@pytest.mark.parametrize("weights", ["{a: 50, b: 50}", "{a: 90, b: 10}"])
@pytest.mark.parametrize("more", ["", ", holdout: 10"])
def test_every_variant_and_weight_of_an_experiment_counts(weights: str, b: str, more: str) -> None:
    before, after = split("{a: 50, b: 50}"), split(weights, b, more)
    is_same = (weights, b, more) == ("{a: 50, b: 50}", "Name", "")
    assert bool(changes(before, after)) is not is_same


def test_an_experiment_is_told_whole() -> None:
    (change,) = changes(slot("[]"), split("{a: 50, b: 50}", more=", holdout: 10"))
    assert change.partition(" -> ")[2] == (
        "a (50): /v1/me/products?sortBy=ID, b (50): /v1/me/products?sortBy=Name, "
        "holdout: 0.1 of all (test)"
    )


def test_a_segment_that_cannot_be_sampled_is_left_out() -> None:
    clever = slot(f"[{NEW}]", segment="personas[-1]")
    assert changes(slot("[]", segment="personas[-1]"), clever) == []


def test_a_list_in_the_decision_is_named() -> None:
    page = slot("[{name: page, when: {segment: vip}, page: {from: list.Items}}]")
    (change,) = changes(slot("[]"), page)
    assert change.endswith("-> the page in the decision (page)")


def counted(**answers: int) -> Traffic:
    """Return traffic of the placement `slot`, by segment."""
    rules = {"vip": "vips", "new": "newcomers", "newish": "newcomers"}
    kinds = (
        Counted(Kind("slot", rules.get(name, "default"), (name,), anonymous=False), count)
        for name, count in answers.items()
    )
    return Traffic(NOON - timedelta(hours=1), NOON, tuple(kinds), others=10)


class TestTraffic:
    def test_without_traffic_nothing_is_said_of_it(self) -> None:
        (change,) = compared(OLD, slot(f"[{VIP % 'rings'}, {NEW}]", default=FEATURED))
        assert change.answers is None

    def test_a_change_has_the_answers_of_all_whom_it_touches(self) -> None:
        traffic = counted(vip=40, new=20, newish=10, other=20)
        (change,) = compared(OLD, slot(f"[{VIP % 'watches'}]", default=FEATURED), traffic)
        assert (change.whom, change.answers) == ("segment 'new'; segment 'newish'", 30)
        assert touched_ratio([change], traffic) == 0.3

    def test_segments_that_no_rule_named_yet_are_known_by_their_traffic(self) -> None:
        traffic = counted(vip=40, other=50)
        other = "{name: others, when: {segment: other}, query: {}}"
        after = slot(f"[{VIP % 'watches'}, {NEW}, {other}]", default=FEATURED)
        (change,) = compared(OLD, after, traffic)
        assert (change.whom, change.answers) == ("segment 'other'", 50)

    def test_another_default_touches_all_whom_no_rule_is_for(self) -> None:
        traffic = counted(vip=40, other=30, else_=20)
        after = slot(f"[{VIP % 'watches'}, {NEW}]", default="{query: {}}")
        (change,) = compared(OLD, after, traffic)
        assert (change.whom, change.answers) == ("no decision", 50)

    def test_a_rule_of_another_name_touches_nobody(self) -> None:
        traffic = counted(vip=90)
        renamed = f"[{VIP % 'watches'}, {NEW}]".replace("vips", "very-important")
        found = compared(OLD, slot(renamed, default=FEATURED), traffic)
        assert [change.answers for change in found] == [90]
        assert touched_ratio(found, traffic) == 0

    def test_of_whom_a_rule_asks_the_output_such_an_output_is_supposed(self) -> None:
        rule = "{name: r, when: {output: {score: {gte: 0.8}}}, query: {Name: %s}}"
        kind = Counted(Kind("slot", "r", ("any",), anonymous=True), 7)
        traffic = Traffic(NOON, NOON, (kind,))
        (change,) = compared(slot(f"[{rule % 'a'}]"), slot(f"[{rule % 'b'}]"), traffic)
        assert change.answers == 7

    def test_a_placement_that_is_new_has_no_traffic(self) -> None:
        assert {one.answers for one in compared(None, OLD, counted(vip=1))} == {0}

    def test_of_no_answers_none_are_touched(self) -> None:
        assert touched_ratio([], Traffic(NOON, NOON, ())) == 0
