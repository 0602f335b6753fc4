"""What marketers promise themselves in their files, run."""

from datetime import UTC, datetime

import pytest

from proxy.core.examples import run
from tests.core.making import NOON, placement, slot

RULES = """[
    {name: vips, when: {segment: vip}, query: {categoryID: watches, sortBy: '!xp.rating'}},
    {name: xmas, when: {has: on}, schedule: {from: "2026-12-24", until: "2026-12-25"}, query: {}},
    {name: buyers, when: {buyer: acme}, query: {categoryID: acme}},
    {name: groups, when: {group: [gold, silver]}, query: {categoryID: metal}},
    {name: members, when: {anonymous: false}, query: {categoryID: club}},
    {name: germans, when: {language: de, currency: EUR}, query: {categoryID: de}},
    {name: apps, when: {request: {device: app}}, query: {categoryID: app}},
    {name: pages, when: {has: list}, page: {from: list}},
    {name: pinned, when: {has: pins}, query: {xp.a: a b}, pin: [p1]},
    {name: tests, when: {has: test}, experiment: {split: {a: 1}, holdout: 50},
     variants: {a: {query: {}}}},
]""".replace("\n", " ")


def wrong(example: str, *, segment: str = "persona") -> str | None:
    """Return what is wrong with the one example of a file."""
    where = slot(RULES, segment=segment, more=f"examples: [{{{example}}}]\n")
    (outcome,) = run(where, now=NOON)
    assert outcome.placement == "slot"
    return outcome.wrong


@pytest.mark.parametrize(
    ("given", "rule"),
    [
        ("segment: vip", "vips"),
        ("output: {persona: vip}", "vips"),
        ("output: {persona: [new, vip]}", "vips"),
        ("output: {on: true}, at: 2026-12-24 12:00", "xmas"),
        ("output: {on: true}, at: 2026-12-26 12:00", "default"),
        ("output: {on: true}", "default"),
        ("buyer: acme", "buyers"),
        ("buyer: globex", "default"),
        ("group: silver", "groups"),
        ("group: [lead, gold]", "groups"),
        ("anonymous: false", "members"),
        ("anonymous: true", "default"),
        ("language: de, currency: EUR", "germans"),
        ("language: de", "default"),
        ("request: {Device: app}", "apps"),
        ("output: {list: {Items: []}}", "pages"),
        ("output: {test: 1}", "tests"),
        ("segment: unheard-of", "default"),
        ("", "default"),
    ],
)
def test_what_is_given_reaches_the_rules(given: str, rule: str) -> None:
    assert wrong(f"given: {{{given}}}, expect: {{rule: {rule}}}") is None
    assert wrong(f"given: {{{given}}}, expect: {{rule: other}}") == (
        f"expected rule 'other', got '{rule}'"
    )


@pytest.mark.parametrize(
    ("given", "rule", "query"),
    [
        ("segment: vip", "vips", "categoryID=watches&sortBy=!xp.rating"),
        ("output: {pins: 1}", "pinned", "ID=p1 and ID=!p1&xp.a=a b"),
        ("", "default", ""),
    ],
)
def test_a_query_is_expected_as_ordercloud_is_asked(given: str, rule: str, query: str) -> None:
    example = f"given: {{{given}}}, expect: {{rule: {rule}, query: '%s'}}"
    assert wrong(example % query) is None
    assert wrong(example % "categoryID=other") == (
        f"expected categoryID=other, got {query or 'no parameters'}"
    )


def test_a_list_in_the_decision_asks_for_nothing() -> None:
    example = "given: {output: {list: {Items: []}}}, expect: {rule: pages, query: ''}"
    assert wrong(example) == "expected no parameters, got the page in the decision"


def test_a_segment_that_cannot_be_sampled_asks_for_the_output() -> None:
    example = "given: {segment: vip}, expect: {rule: vips}"
    assert wrong(example, segment="personas[-1]") == (
        "'slot' does not read a segment from a plain path; give the output instead"
    )
    given_output = "given: {output: {personas: [vip]}}, expect: {rule: vips}"
    assert wrong(given_output, segment="personas[-1]") is None


def test_moments_are_those_of_the_files_time_zone() -> None:
    where = placement("""
        placement: slot
        resource: me/products
        timezone: Asia/Tokyo
        rules:
          - {name: today, when: {time: {from: 2026-11-24, until: 2026-11-24}}, query: {}}
        default: {query: {}}
        examples:
          - {given: {at: 2026-11-24 00:30}, expect: {rule: today}}
          - {given: {at: "2026-11-23T15:30Z"}, expect: {rule: today}}
          - {given: {at: 2026-11-25 00:30}, expect: {rule: default}}
          - {given: {}, expect: {rule: today}}
    """)
    noon_in_tokyo = datetime(2026, 11, 24, 3, tzinfo=UTC)
    assert [one.wrong for one in run(where, now=noon_in_tokyo)] == [None] * 4
    assert [one.place for one in run(where, now=NOON)] == [
        f"rules/slot.yaml:{line}" for line in (9, 10, 11, 12)
    ]
    assert [one.wrong for one in run(where, now=NOON)][-1] == "expected rule 'today', got 'default'"
