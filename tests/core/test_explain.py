"""The whole way from a decision to OrderCloud, in words."""

import json

import pytest

from proxy.core.explain import Explanation, explain, sample_output
from proxy.core.given import Given, NoSample
from proxy.model import Asked, Facts, Json, Reason
from tests.core.making import NOON, placement, slot

SHOP = placement("""
    placement: home
    resource: me/products
    decision: {flow: home, segment: offer.persona}
    rules:
      - name: vips
        when: {segment: vip}
        query: {xp.label: "red & blue"}
      - name: picked
        when: {has: ids}
        query: {ID: {from: ids}}
        order: as-listed
      - name: ready-made
        when: {has: list}
        page: {from: list}
    default:
      query: {categoryID: featured}
""")

VIP = Given(segments=("vip",))


def explained(output: Json) -> Explanation:
    return explain(SHOP, output, Facts(at=NOON), Asked(), base_url="https://oc.example")


def test_a_rule_is_explained_with_its_request_written_plainly() -> None:
    assert explained({"offer": {"persona": "vip"}}).as_text().splitlines() == [
        "placement home: rule 'vips' (matched)",
        "  rules/slot.yaml:6  vips: applies",
        "GET https://oc.example/v1/me/products?xp.label=red%20%26%20blue",
        "    https://oc.example/v1/me/products?xp.label=red & blue",
    ]


def test_earlier_rules_are_explained_with_why_not() -> None:
    assert explained({"ids": ["b", "a"]}).as_text().splitlines() == [
        "placement home: rule 'picked' (matched)",
        "  rules/slot.yaml:6  vips: no, segment is not given; wanted: 'vip'",
        "  rules/slot.yaml:9  picked: applies",
        "GET https://oc.example/v1/me/products?ID=b|a",
        "then the gateway lists the items in the order of the IDs",
    ]


def test_a_list_inside_the_decision_needs_no_request() -> None:
    lines = explained({"list": {"Items": [1]}}).as_text().splitlines()
    assert lines[-1] == "the list stands in the decision"


def test_without_a_decision_the_default_is_explained() -> None:
    explanation = explained(None)
    assert (explanation.rule, explanation.reason) == ("default", Reason.NO_DECISION)
    assert [one.why_not for one in explanation.considered] == [
        "segment is not given; wanted: 'vip'",
        "'ids' is missing from the decision",
        "'list' is missing from the decision",
    ]


def test_machines_get_the_same() -> None:
    assert json.loads(json.dumps(explained({"offer": {"persona": "vip"}}).as_json())) == {
        "placement": "home",
        "rule": "vips",
        "reason": "matched",
        "segment": "vip",
        "considered": [{"rule": "vips", "place": "rules/slot.yaml:6", "why_not": None}],
        "requests": ["https://oc.example/v1/me/products?xp.label=red%20%26%20blue"],
        "is_ordered": False,
        "variant": None,
    }


def test_a_segment_alone_makes_a_decision_where_the_placement_looks_for_it() -> None:
    assert sample_output(SHOP, VIP) == {"offer": {"persona": "vip"}}
    assert sample_output(slot(segment="persona"), VIP) == {"persona": "vip"}


@pytest.mark.parametrize("path", ["personas[-1]", "length(persona)", "a.*.b", '"my persona"'])
def test_a_path_that_cannot_be_run_backwards_makes_none(path: str) -> None:
    with pytest.raises(NoSample, match="'slot' does not read a segment from a plain path"):
        sample_output(slot(segment=path), VIP)


def test_a_placement_without_a_segment_makes_none() -> None:
    where = placement("placement: p\nresource: me/products\ndefault: {query: {}}\n")
    with pytest.raises(NoSample):
        sample_output(where, VIP)
