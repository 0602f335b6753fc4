from typing import Any

import pytest

from sandbox.cdp.definitions.model import Table
from sandbox.cdp.tables import TableError, evaluate

OVERLAPPING: list[dict[str, Any]] = [
    {"when": {"age": ">= 18"}, "then": {"points": 1}},
    {"when": {"age": ">= 30", "city": '"Dublin"'}, "then": {"points": 2}},
    {"then": {"points": 2}},
]


def _rows(inputs: dict[str, Any], **table: Any) -> list[dict[str, Any]]:
    rules = table.pop("rules", OVERLAPPING)
    parsed = Table.model_validate({"rules": rules, **table})
    return evaluate(parsed, inputs, "Loyalty points")


@pytest.mark.parametrize(
    ("policy", "inputs", "points"),
    [
        ("UNIQUE", {"age": 1}, [2]),
        ("FIRST", {"age": 40, "city": "Dublin"}, [1]),
        ("FIRST", {"age": 1}, [2]),
        ("ANY", {"age": 1}, [2]),
        ("RULE ORDER", {"age": 40, "city": "Dublin"}, [1, 2, 2]),
        ("COLLECT", {"age": 40}, [1, 2]),
    ],
)
def test_each_hit_policy_picks_its_rows(
    policy: str, inputs: dict[str, Any], points: list[int]
) -> None:
    assert [row["points"] for row in _rows(inputs, hitPolicy=policy)] == points


@pytest.mark.parametrize("policy", ["UNIQUE", "FIRST", "ANY", "RULE ORDER", "COLLECT"])
def test_no_match_is_no_row(policy: str) -> None:
    rules = [{"when": {"age": "> 100"}, "then": {"points": 1}}]
    assert _rows({"age": 1}, hitPolicy=policy, rules=rules) == []


@pytest.mark.parametrize("policy", ["UNIQUE", "ANY"])
def test_more_matches_than_the_policy_allows_are_an_error(policy: str) -> None:
    with pytest.raises(TableError, match=policy):
        _rows({"age": 40}, hitPolicy=policy)


def test_any_takes_several_rules_that_say_the_same() -> None:
    rules = [{"then": {"points": 1}}, {"then": {"points": 1}}]
    assert len(_rows({}, hitPolicy="ANY", rules=rules)) == 1


@pytest.mark.parametrize(
    ("aggregation", "points"), [("SUM", 5), ("COUNT", 3), ("MIN", 1), ("MAX", 2)]
)
def test_collect_aggregates_one_output(aggregation: str, points: int) -> None:
    rows = _rows({"age": 40, "city": "Dublin"}, hitPolicy="COLLECT", aggregation=aggregation)
    assert rows == [{"points": points}]


def test_only_numbers_can_be_summed() -> None:
    rules = [{"then": {"points": "many"}}]
    with pytest.raises(TableError, match="SUM needs numbers"):
        _rows({}, hitPolicy="COLLECT", aggregation="SUM", rules=rules)


def test_rows_say_which_rule_they_are_and_what_it_offers() -> None:
    rules = [{"then": {"points": 1}, "offer": "reminder"}]
    assert _rows({}, rules=rules) == [
        {"ruleId": "LoyaltyPoints_0", "points": 1, "offer": "reminder"}
    ]


def test_cells_may_be_written_as_yaml_numbers_and_booleans() -> None:
    rules = [{"when": {"age": 40, "member": True}, "then": {"points": 1}}]
    assert len(_rows({"age": 40, "member": True}, rules=rules)) == 1
    assert _rows({"age": 40, "member": False}, rules=rules) == []
