"""Two sets of rules side by side: every list that changes is told, and no other."""

import pytest

from proxy.core.diff import Change, compare
from proxy.core.placement import Placement
from proxy.model import Facts
from tests.core.making import NOON, placement, slot

VIP = "{name: vips, when: {segment: vip}, query: {categoryID: %s}}"
NEW = "{name: newcomers, when: {segment: [new, newish]}, query: {categoryID: new}}"
OLD = slot(f"[{VIP % 'watches'}, {NEW}]", default="{query: {categoryID: featured}}")


def changes(before: Placement | None, after: Placement | None) -> list[str]:
    old, new = ({side.name: side} if side else {} for side in (before, after))
    return [str(change) for change in compare(old, new, Facts(at=NOON))]


def test_the_same_rules_change_nothing() -> None:
    assert changes(OLD, OLD) == []


def test_another_query_is_told_for_the_segments_that_it_is_for() -> None:
    new = slot(f"[{VIP % 'rings'}, {NEW}]", default="{query: {categoryID: featured}}")
    (change,) = changes(OLD, new)
    assert change == (
        "slot, segment 'vip': /v1/me/products?categoryID=watches (vips)"
        " -> /v1/me/products?categoryID=rings (vips)"
    )


def test_a_rule_that_goes_leaves_its_segments_to_the_next() -> None:
    assert changes(
        OLD, slot(f"[{VIP % 'watches'}]", default="{query: {categoryID: featured}}")
    ) == [
        f"slot, segment '{segment}': /v1/me/products?categoryID=new (newcomers)"
        " -> /v1/me/products?categoryID=featured (default)"
        for segment in ("new", "newish")
    ]


def test_another_default_is_told_for_shoppers_without_a_decision() -> None:
    (change,) = changes(OLD, slot(f"[{VIP % 'watches'}, {NEW}]", default="{query: {}}"))
    assert change == (
        "slot, no decision: /v1/me/products?categoryID=featured (default)"
        " -> /v1/me/products (default)"
    )


@pytest.mark.parametrize("segment", [None, "vip"])
def test_a_placement_that_comes_or_goes_is_told(segment: str | None) -> None:
    comes = list(compare({}, {"slot": OLD}, Facts(at=NOON)))
    goes = list(compare({"slot": OLD}, {}, Facts(at=NOON)))
    (listed,) = (change.after for change in comes if change.segment == segment)
    assert Change("slot", segment, None, listed) in comes
    assert Change("slot", segment, listed, None) in goes
    assert str(goes[0]).endswith("-> nothing")


def test_placements_are_told_in_the_order_of_their_names() -> None:
    named = {
        name: placement(f"placement: {name}\nresource: me/products\ndefault: {{query: {{}}}}\n")
        for name in ("b", "c", "a")
    }
    assert [one.placement for one in compare({}, named, Facts(at=NOON))] == ["a", "b", "c"]


def test_a_renamed_rule_is_a_change_as_reports_count_by_its_name() -> None:
    (change,) = changes(OLD, slot(f"[{VIP % 'watches'}, {NEW}]".replace("vips", "very-important"),
                                  default="{query: {categoryID: featured}}"))  # fmt: skip
    assert change.endswith("(vips) -> /v1/me/products?categoryID=watches (very-important)")


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


def test_a_variant_that_takes_from_the_decision_lists_nothing_for_a_mere_segment() -> None:
    picks = split("{a: 1, b: 0}", b="{from: sort}")
    (change,) = changes(slot("[]"), picks)
    assert change.endswith("-> a (1): /v1/me/products?sortBy=ID, b (0): nothing (test)")


def test_a_segment_that_cannot_be_sampled_is_said_to_be_so() -> None:
    clever, plain = slot(f"[{NEW}]", segment="personas[0]"), slot(f"[{NEW}]", segment="persona")
    told = changes(plain, clever)
    assert [change.partition(" -> ")[2] for change in told] == [
        "'slot' does not read a segment from a plain path"
    ] * 2


def test_a_list_in_the_decision_is_named() -> None:
    page = slot("[{name: page, when: {segment: vip}, page: {from: persona}}]")
    (change,) = changes(slot("[]"), page)
    assert change.endswith("-> the page in the decision (page)")
