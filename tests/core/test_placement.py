"""Rules found by what they are for, in the order of the file."""

import pytest

from proxy.core.choose import choose, circumstances
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


CART: list[Json] = [{"ProductID": "p2", "LineTotal": 40}, {"ProductID": "p1", "LineTotal": 80.5}]
REMINDER = slot(
    """
- {name: worth-it, when: {output: {"sum(cart[].LineTotal)": {gte: 100}}}, query: {Name: worth}}
- {name: left, when: {segment: back, has: cart}, query: {ID: {from: "cart[].ProductID"}}}
- {name: nothing-left, when: {not: {has: cart}}, query: {Name: empty}}
- {name: others, when: {segment: back}, query: {Name: back}}
""",
    more="cart: true",
)


def shown(cart: list[Json] | None, output: Json) -> str:
    return choose(REMINDER, decided(output), Asked(), Facts(at=NOON, cart=cart)).rule


def test_the_live_cart_stands_in_the_flow_s_output() -> None:
    assert shown([*CART], {"persona": "back"}) == "worth-it"
    assert shown(CART[:1], {"persona": "back"}) == "left"
    assert shown([], {"persona": "back"}) == "nothing-left"
    assert shown(CART[:1], {"persona": "back", "cart": "the flow's own"}) == "left"


def test_the_live_cart_stands_there_without_a_decision_too() -> None:
    assert shown([*CART], None) == "worth-it"


def test_of_an_unknown_cart_nothing_is_said_not_even_that_it_is_empty() -> None:
    assert shown(None, {"persona": "back"}) == "others"


def test_only_rules_that_look_at_the_cart_need_it() -> None:
    assert [rule.needs.cart for rule in REMINDER.rules] == [True, True, True, False]
    assert REMINDER.needs.cart
    assert not slot("[{name: r, when: {has: cart}, query: {}}]").needs.cart


@pytest.mark.parametrize(
    "rule",
    [
        "when: {has: 'length(cart)'}, query: {}",
        "when: {not: {output: {'cart[0].Quantity': 2}}}, query: {}",
        "when: {segment: a}, query: {ID: {not: {from: 'cart[].ProductID'}}}",
        "when: {segment: a}, page: {from: 'cart | [0]'}",
        "when: {segment: a}, query: {}, pin: {from: '{a: cart}.a[].ProductID'}",
        "when: {has: a}, experiment: {split: {a: 1}}, variants: {a: {query: {ID: {from: cart}}}}",
    ],
)
def test_a_rule_needs_the_cart_wherever_it_looks_at_it(rule: str) -> None:
    assert slot(f"[{{name: r, {rule}}}]", more="cart: true").needs.cart


def test_what_rules_go_by_is_named_with_its_values() -> None:
    rules = f"{RULES}- {{name: members, when: {{group: [a, b], buyer: acme}}, query: {{}}}}\n"
    named = slot(f"\n{rules}").named
    assert (named["segment"], named["group"], named["buyer"]) == (
        {"vip", "loyal"},
        {"a", "b"},
        {"acme"},
    )


def test_the_first_request_has_nothing_to_work_out() -> None:
    prepared = vars(slot(f"\n{RULES}").prepared())
    assert {"needs", "named_groups", "_index"} <= prepared.keys()
