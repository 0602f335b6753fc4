"""Rules that never apply, and schedules that do not apply now."""

from datetime import UTC, datetime

import pytest

from proxy.core.lint import Findings, examine
from proxy.errors import Problem
from tests.core.making import NOON, placement, slot

LISTS = "query: {}"
PICKS = "query: {ID: {from: ids}}"
SPLIT = "experiment: {split: {a: 1}, holdout: 50}, variants: {a: {query: {}}}"
SPLIT_WITH_PICK = (
    "experiment: {split: {a: 1, b: 1}}, variants: {a: {query: {}}, b: {query: {xp.a: {from: x}}}}"
)


def forestalled(*rules: tuple[str, str]) -> list[str]:
    """Return what is wrong with rules called r1, r2, …, each a condition and what it leads to."""
    text = ", ".join(
        f"{{name: r{i}, when: {{{when}}}, {then}}}" for i, (when, then) in enumerate(rules, 1)
    )
    return [problem.what for problem in examine(slot(f"[{text}]"), NOON).problems]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("segment: vip", "segment: vip"),
        ("segment: [vip, new]", "segment: [new, vip]"),
        ("segment: [vip, new]", "segment: new"),
        ("segment: vip", "segment: vip, has: ids"),
        ("segment: vip", "has: ids, segment: vip, group: gold"),
        ("group: gold", "segment: new, group: gold"),
        ("segment: vip", "all: [{segment: vip, has: ids}]"),
        ("segment: vip", "has: a, all: [{has: b, all: [{segment: vip, has: c}]}]"),
        ("segment: [vip, new]", "any: [{segment: vip}, {segment: new, has: ids}]"),
        ("buyer: acme", "buyer: acme, language: de"),
        ("output: {kind: [a, b]}", "output: {kind: a}"),
        ("request: {device: app}", "request: {device: app, page: home}"),
        ("anonymous: true", "anonymous: true, segment: vip"),
    ],
)
@pytest.mark.parametrize("then", [LISTS, SPLIT])
def test_a_rule_for_shoppers_whom_another_takes_never_applies(
    first: str, second: str, then: str
) -> None:
    assert forestalled((first, then), (second, LISTS)) == [
        "'r2' never applies: 'r1' above it takes all of its shoppers"
    ]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("segment: vip", "segment: [vip, new]"),
        ("segment: vip", "segment: new"),
        ("segment: vip", "segment: VIP"),
        ("segment: vip", "group: vip"),
        ("segment: vip, has: ids", "segment: vip"),
        ("segment: vip", "any: [{segment: vip}, {has: ids}]"),
        ("any: [{segment: vip}, {group: gold}]", "segment: vip"),
        ("not: {segment: new}", "segment: vip"),
        ("output: {persona: vip}", "segment: vip"),
        ("output: {a: vip}", "output: {b: vip}"),
        ("output: {score: {gt: 5}}", "output: {score: {gt: 5}}"),
    ],
)
def test_a_rule_that_may_find_shoppers_left_is_no_mistake(first: str, second: str) -> None:
    assert forestalled((first, LISTS), (second, LISTS)) == []


@pytest.mark.parametrize(
    "then",
    [
        PICKS,
        "page: {from: list}",
        SPLIT_WITH_PICK,
        "query: {}, fill: {xp.a: {from: x}}",
        "query: {}, schedule: {from: 2030-01-01}",
        "query: {}, schedule: {days: [mon]}",
    ],
)
def test_a_rule_that_may_leave_its_shoppers_over_takes_none(then: str) -> None:
    assert forestalled(("segment: vip", then), ("segment: vip", LISTS)) == []


def test_several_rules_together_may_take_all() -> None:
    rules = [("segment: a", LISTS), ("segment: [b, c]", LISTS), ("segment: [a, b]", LISTS)]
    assert forestalled(*rules) == [
        "'r3' never applies: 'r1' and 'r2' above it take all of its shoppers"
    ]
    assert forestalled(*rules[1:]) == []


def test_the_first_to_take_a_shopper_is_named() -> None:
    rules = [("segment: a", LISTS), ("segment: a", LISTS), ("segment: a, has: x", LISTS)]
    assert forestalled(*rules) == [
        f"'{name}' never applies: 'r1' above it takes all of its shoppers" for name in ("r2", "r3")
    ]


SCHEDULED = placement("""
    placement: slot
    resource: me/products
    timezone: Europe/London
    rules:
      - {name: over, when: {has: x}, schedule: {until: 2026-11-01}, query: {}}
      - {name: coming, when: {has: x}, schedule: {from: 2026-12-01 09:00}, query: {}}
      - {name: on, when: {has: x}, schedule: {from: 2026-11-01, until: 2026-12-31}, query: {}}
      - {name: paused, when: {has: x}, schedule: {days: [sun]}, query: {}}
      - {name: always, when: {has: x}, query: {}}
    default: {query: {}}
""")


def test_schedules_that_are_over_or_still_to_come_are_notes() -> None:
    assert examine(SCHEDULED, NOON) == Findings(
        notes=(
            Problem(
                "rules/slot.yaml",
                6,
                1,
                "'over' does not apply: it ended 2026-11-02 00:00 (Europe/London)",
                "remove it",
            ),
            Problem(
                "rules/slot.yaml",
                7,
                1,
                "'coming' does not apply: it starts 2026-12-01 09:00 (Europe/London)",
                "nothing to do until then",
            ),
        )
    )


@pytest.mark.parametrize(
    ("month", "day", "noted"),
    [(10, 31, ["coming", "on"]), (11, 2, ["over", "coming"]), (12, 2, ["over"])],
)
def test_what_is_noted_depends_on_the_moment(month: int, day: int, noted: list[str]) -> None:
    at = datetime(2026, month, day, 12, tzinfo=UTC)
    assert [note.what.split("'")[1] for note in examine(SCHEDULED, at).notes] == noted


@pytest.mark.parametrize(
    ("rule", "more", "noted"),
    [
        ("when: {has: cart}, query: {}", "", True),
        ("when: {segment: a}, query: {ID: {from: 'cart[].ProductID'}}", "", True),
        ("when: {has: cart}, query: {}", "cart: true", False),
        ("when: {has: carts}, query: {}", "", False),
    ],
)
def test_a_cart_of_the_flow_s_own_is_noted(rule: str, more: str, *, noted: bool) -> None:
    found = examine(slot(f"[{{name: r, {rule}}}]", more=more), NOON).notes
    told = [f"{note.what}; {note.mend}" for note in found]
    assert (
        told
        == ["'r' looks for a cart in the flow's output; for the live cart add `cart: true`"][
            : int(noted)
        ]
    )


def test_findings_add_up() -> None:
    mistake, note = (Problem("f", line, 1, "what", "mend") for line in (1, 2))
    assert Findings((mistake,)) + Findings(notes=(note,)) == Findings((mistake,), (note,))


@pytest.mark.parametrize(
    ("parents", "mistaken"),
    [
        ("{gold: vip}", []),
        ("{platinum: gold, gold: vip}", []),
        ("{gold: vips}", ["'vips', the parent of 'gold', has no rule"]),
        (
            "{a: b, b: c}",
            ["'b', the parent of 'a', has no rule", "'c', the parent of 'b', has no rule"],
        ),
    ],
)
def test_parents_that_no_rule_is_for_are_told(parents: str, mistaken: list[str]) -> None:
    where = slot("[{name: r, when: {segment: vip}, query: {}}]", more=f"parents: {parents}")
    assert [problem.what for problem in examine(where, NOON).problems] == mistaken
