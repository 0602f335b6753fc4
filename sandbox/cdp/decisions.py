"""Runs decision models: each node in its order, what it finds known to the later ones."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.cdp import javascript, tables
from sandbox.cdp.catalog import Catalog
from sandbox.cdp.connections import Caller, ConnectionFailedError
from sandbox.cdp.definitions.model import Decision, ModelVariant, OutputType, node_id

# A longer text becomes an empty one (docs/sandbox-cdp.md, "Limits").
_TEXT_LIMIT = 10_000

_TYPE_CHECKS: Mapping[OutputType, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: type(value) is int,
    "long": lambda value: type(value) is int,
    "double": lambda value: type(value) in {int, float},
    "boolean": lambda value: isinstance(value, bool),
    "date": lambda value: type(value) in {int, float, str},
    "map": lambda value: isinstance(value, dict | list),
}


@dataclass(frozen=True, slots=True)
class Node:
    """What one node came to: *outputs* has one member, or several from some decision tables."""

    id: str
    name: str
    type: str
    outputs: list[dict[str, Any]]
    execution_ms: float
    needs: list[str] = field(default_factory=list)
    error_cause: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the node as templates and the test API see it."""
        node = {
            "id": self.id,
            "name": self.name,
            "error": self.error_cause is not None,
            "type": self.type,
            "executionTime": round(self.execution_ms, 2),
            "dependentNodeIds": self.needs,
            "outputs": self.outputs,
        }
        return node if self.error_cause is None else {**node, "errorCause": self.error_cause}


@dataclass(frozen=True, slots=True)
class Findings:
    """What a model variant came to: its nodes, and what its scripts printed."""

    nodes: list[Node]
    logs: list[str]


class _TypeMismatchError(Exception):
    """A programmable's value is not of the type that its node declares."""


async def run(
    variant: ModelVariant,
    names: Mapping[str, Any],
    *,
    catalog: Catalog,
    caller: Caller,
    now: float,
) -> Findings:
    """Run all nodes of *variant* with *names* (guest, request…) as what scripts know.

    A node that fails is an error in the findings and has no outputs; the later ones still run.
    """
    run = _Run(dict(names), catalog, caller, now)
    nodes = [await run.node(decision) for decision in variant.decisions]
    return Findings(nodes, run.logs)


@dataclass(slots=True)
class _Run:
    names: dict[str, Any]
    catalog: Catalog
    caller: Caller
    now: float
    logs: list[str] = field(default_factory=list)

    async def node(self, decision: Decision) -> Node:
        started = time.perf_counter()
        outputs, error = await self._outcome(decision)
        return Node(
            id=decision.id,
            name=decision.name,
            type=_kind(decision),
            outputs=outputs,
            execution_ms=(time.perf_counter() - started) * 1000,
            needs=[node_id(name) for name in decision.needs],
            error_cause=error,
        )

    async def _outcome(self, decision: Decision) -> tuple[list[dict[str, Any]], str | None]:
        """Return the node's outputs, or why it failed."""
        try:
            if decision.table:
                return self._table(decision), None
            if decision.data_system:
                return [{decision.variable: await self._data_system(decision)}], None
            return [{decision.variable: self._programmable(decision)}], None
        except (
            javascript.ScriptError,
            tables.TableError,
            ConnectionFailedError,
            _TypeMismatchError,
        ) as exc:
            return [], str(exc)

    def _programmable(self, decision: Decision) -> Any:
        outcome = javascript.run(decision.programmable or "", self.names, now=self.now)
        self.logs.extend(outcome.logs)
        value = _limited(outcome.value)
        if decision.type and value is not None and not _TYPE_CHECKS[decision.type](value):
            raise _TypeMismatchError(f"{decision.variable} is no {decision.type}: {value!r:.100}")
        self.names[decision.variable] = value
        return _as_hashes(value)

    def _table(self, decision: Decision) -> list[dict[str, Any]]:
        assert decision.table is not None
        inputs = self._inputs(decision.table.inputs)
        matches = tables.evaluate(decision.table, inputs, decision.name)
        rows = [self._with_offer(row) for row in matches]
        for output in dict.fromkeys(key for row in rows for key in row if key != "ruleId"):
            values = [row[output] for row in rows if output in row]
            self.names[output] = values if decision.table.may_match_often else values[0]
        return rows

    def _inputs(self, expressions: tuple[str, ...]) -> dict[str, Any]:
        """Evaluate a table's input expressions; one that throws is null (assumed)."""
        tried = [f"() => eval({json.dumps(expression)})" for expression in expressions]
        script = "[%s].map(input => { try { return input(); } catch { return null; } })"
        values = javascript.run(script % ", ".join(tried), self.names, now=self.now).value
        return dict(zip(expressions, values, strict=True))

    def _with_offer(self, row: dict[str, Any]) -> dict[str, Any]:
        if "offer" not in row:
            return row
        ref = self.catalog.offer(row["offer"]).ref
        return {**row, "offer": {"type": "com.sandbox.offer", "value": ref}}

    async def _data_system(self, decision: Decision) -> dict[str, Any]:
        assert decision.data_system is not None
        connection = self.catalog.connection(decision.data_system)
        values = self._inputs(tuple(decision.mapping.values()))
        filled = {key: values[expression] for key, expression in decision.mapping.items()}
        found = await self.caller.ask(connection, filled)
        self.names[decision.variable] = found
        return found


def _kind(decision: Decision) -> str:
    if decision.table:
        return "decisionTable"
    return "programmable" if decision.programmable is not None else "webService"


def _limited(value: Any) -> Any:
    return "" if isinstance(value, str) and len(value) > _TEXT_LIMIT else value


def _as_hashes(value: Any) -> Any:
    """Return *value* with its arrays as hashes of "0", "1"…: so templates see a script's arrays."""
    if isinstance(value, list):
        return {str(at): _as_hashes(item) for at, item in enumerate(value)}
    if isinstance(value, dict):
        return {key: _as_hashes(item) for key, item in value.items()}
    return value
