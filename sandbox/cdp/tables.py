"""Evaluates decision tables: which rules match, and what the hit policy makes of them."""

from collections.abc import Mapping, Sequence
from typing import Any, assert_never

from sandbox.cdp.definitions.model import Aggregation, HitPolicy, Rule, Table

Row = dict[str, Any]
"""What a matching rule says: its `ruleId` and its outputs."""


class TableError(Exception):
    """More rules match than the hit policy allows, or what they say cannot be aggregated."""


def evaluate(table: Table, inputs: Mapping[str, Any], name: str) -> list[Row]:
    """Return the rows that the table called *name* yields for *inputs* (expression → value).

    Raises TableError.
    """
    matches = [
        {"ruleId": rule_id(name, number), **rule.then, **_offered(rule)}
        for number, rule in enumerate(table.rules)
        if all(cell.holds(inputs.get(expression)) for expression, cell in rule.when.items())
    ]
    return _hits(table, matches)


def rule_id(table: str, number: int) -> str:
    """Return the id of the rule at *number* (from 0) of the table with this name."""
    return "".join(table.title().split()) + f"_{number}"


def _offered(rule: Rule) -> Row:
    return {"offer": rule.offer} if rule.offer else {}


def _hits(table: Table, matches: list[Row]) -> list[Row]:
    match table.hit_policy:
        case HitPolicy.UNIQUE:
            if len(matches) > 1:
                raise TableError(f"UNIQUE, but {len(matches)} rules match")
            return matches
        case HitPolicy.FIRST:
            return matches[:1]
        case HitPolicy.ANY:
            if any(_said(match) != _said(matches[0]) for match in matches):
                raise TableError("ANY, but the matching rules say different things")
            return matches[:1]
        case HitPolicy.RULE_ORDER:
            return matches
        case HitPolicy.COLLECT:
            return _aggregated(table, matches) if table.aggregation else matches
        case _:
            assert_never(table.hit_policy)


def _said(row: Row) -> Row:
    return {key: value for key, value in row.items() if key != "ruleId"}


def _aggregated(table: Table, matches: list[Row]) -> list[Row]:
    assert table.aggregation is not None
    (output,) = table.outputs
    values = [match[output] for match in matches if output in match]
    return [{output: _aggregate(table.aggregation, values)}]


def _aggregate(aggregation: Aggregation, values: Sequence[Any]) -> Any:
    if aggregation is Aggregation.COUNT:
        return len(values)
    if not all(isinstance(value, int | float) for value in values):
        raise TableError(f"{aggregation} needs numbers, got {values}")
    match aggregation:
        case Aggregation.SUM:
            return sum(values)
        case Aggregation.MIN:
            return min(values, default=None)
        case Aggregation.MAX:
            return max(values, default=None)
        case _:
            assert_never(aggregation)
