"""What a rule leads to: read as far as it goes, with every mistake on the way."""

from typing import Any

import pytest

from proxy.core.compose import ListTemplate
from proxy.core.nodes import RuleNode
from proxy.core.outcomes import Outcomes
from proxy.core.placement import Outcome, Split
from proxy.core.query import Pick
from proxy.document import Path

AT: Path = ("rules", 0)
BOTH: dict[str, Any] = {"a": {"query": {}}, "b": {"query": {}}}


def read(**node: Any) -> tuple[Outcome, list[tuple[Path, str]]]:
    """Return what a rule leads to, and the mistakes with their places below the rule."""
    mistakes: list[tuple[Path, str]] = []
    outcomes = Outcomes("me/products", lambda at, what, _: mistakes.append((at[2:], what)))
    rule = RuleNode.model_validate({"name": "r", "when": {"segment": "a"}, **node})
    return outcomes.read(rule, AT, salt="slot/r"), mistakes


@pytest.mark.parametrize(
    ("node", "kind"),
    [
        ({"query": {"categoryID": "new"}}, ListTemplate),
        ({"page": {"from": "list"}}, Pick),
        ({"experiment": {"split": {"a": 1, "b": 1}}, "variants": BOTH}, Split),
    ],
)
def test_a_rule_leads_to_one_of_three(node: dict[str, Any], kind: type[Outcome]) -> None:
    outcome, mistakes = read(**node)
    assert isinstance(outcome, kind)
    assert mistakes == []


def test_boosts_and_burials_come_before_the_sort_of_the_query_itself() -> None:
    outcome, _ = read(query={"sortBy": "Name"}, boost=["xp.rating"], bury=["xp.returns"])
    assert isinstance(outcome, ListTemplate)
    assert [term.values for term in outcome.query.terms] == [("!xp.rating,xp.returns,Name",)]


def test_what_is_hidden_by_its_fields_is_left_out_of_every_query() -> None:
    outcome, _ = read(query={"Name": "a"}, fill=[{"Name": "b"}], hide={"xp.sold": True})
    assert isinstance(outcome, ListTemplate)
    queries = (outcome.query, *outcome.fills)
    assert [query.terms[-1].values for query in queries] == [("!true",), ("!true",)]


@pytest.mark.parametrize(
    ("node", "mistakes"),
    [
        ({}, [((), "a rule has a `query`, a `page` or `variants`")]),
        ({"query": {}, "page": {"from": "a"}},
         [((), "a rule has a `query`, a `page` or `variants`")]),
        ({"query": {"Nmae": "a"}}, [(("query", "Nmae"), "OrderCloud has no field 'Nmae' here")]),
        ({"query": {}, "fill": [{}, {"Nmae": "a"}]},
         [(("fill", 1, "Nmae"), "OrderCloud has no field 'Nmae' here")]),
        ({"query": {}, "pin": ["a b"]}, [(("pin", 0), "'a b' cannot be an ID")]),
        ({"query": {}, "pin": ["a"], "hide": ["a"]},
         [(("pin",), "an ID is both pinned and hidden")]),
        ({"query": {"ID": ["a"]}, "order": "as-listed", "hide": ["A"]},
         [(("hide",), "all that this lists is hidden")]),
        ({"query": {}, "pin": {"from": "a["}},
         [(("pin", "from"), "'a[' is not a path into the decision")]),
        ({"experiment": {"split": {"a": 0}}, "variants": {"a": {"query": {}}}},
         [(("experiment",), "no variant has a weight")]),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_place(
    node: dict[str, Any], mistakes: list[tuple[Path, str]]
) -> None:
    assert read(**node)[1] == mistakes
