"""Rules found by what they are for, in the order of the file."""

from proxy.core.choose import circumstances
from proxy.core.placement import Placement
from proxy.model import Asked, Facts, Json
from tests.core.making import NOON, decided, slot

RULES = """
- {name: watches, when: {segment: vip}, query: {}}
- {name: anybody, when: {has: offer}, query: {}}
- {name: loyal-or-vip, when: {segment: [loyal, vip]}, query: {}}
- {name: loyal, when: {segment: loyal}, query: {}}
- {name: gold, when: {output: {tier: gold}}, query: {}}
"""


def candidates(where: Placement, output: Json) -> list[str]:
    now = circumstances(where, decided(output), Asked(), Facts(at=NOON))
    return [rule.name for rule in where.candidates(now)]


def test_only_rules_that_may_apply_are_looked_at() -> None:
    where = slot(f"\n{RULES}")
    assert candidates(where, {"persona": "vip"}) == ["watches", "anybody", "loyal-or-vip"]
    assert candidates(where, {"persona": "loyal"}) == ["anybody", "loyal-or-vip", "loyal"]
    assert candidates(where, {"persona": "other"}) == ["anybody"]


def test_a_rule_for_several_of_the_shoppers_segments_is_looked_at_once() -> None:
    assert candidates(slot(f"\n{RULES}"), {"persona": ["vip", "loyal"]}) == [
        "watches",
        "anybody",
        "loyal-or-vip",
        "loyal",
    ]


def test_rules_on_other_facts_are_found_by_their_values_too() -> None:
    assert candidates(slot(f"\n{RULES}"), {"tier": "gold"}) == ["anybody", "gold"]


def test_without_a_decision_only_unrestricted_rules_are_looked_at() -> None:
    assert candidates(slot(f"\n{RULES}"), None) == ["anybody"]
