"""Decision models: variants of nodes that are scripts, tables or data systems."""

import json
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from sandbox.cdp import feel
from sandbox.cdp.definitions.base import Definition, folded, ref_of
from sandbox.cdp.definitions.connection import Connection


def _cell(written: object) -> feel.Cell:
    """Read a cell; YAML may have made a number or a boolean of it."""
    return feel.parse(written if isinstance(written, str) else json.dumps(written))


ParsedCell = Annotated[feel.Cell, BeforeValidator(_cell)]


class HitPolicy(StrEnum):
    """What a decision table does when several rules match."""

    UNIQUE = "UNIQUE"
    FIRST = "FIRST"
    ANY = "ANY"
    RULE_ORDER = "RULE ORDER"
    COLLECT = "COLLECT"


class Aggregation(StrEnum):
    """What Collect makes of the matches' one numeric output."""

    SUM = "SUM"
    COUNT = "COUNT"
    MIN = "MIN"
    MAX = "MAX"


class Rule(Definition):
    """One row: input expression → FEEL cell, output → value; *offer* is an offer's key."""

    when: dict[str, ParsedCell] = Field(default_factory=dict)
    then: dict[str, Any] = Field(default_factory=dict)
    offer: str | None = None


class Table(Definition):
    """A decision table; its inputs and outputs are those that its rules name."""

    hit_policy: HitPolicy = HitPolicy.UNIQUE
    aggregation: Aggregation | None = None
    rules: tuple[Rule, ...]

    @property
    def inputs(self) -> tuple[str, ...]:
        """The JavaScript expressions that cells test."""
        return tuple(dict.fromkeys(key for rule in self.rules for key in rule.when))

    @property
    def outputs(self) -> tuple[str, ...]:
        """The names that matching rules give values to, but for offers."""
        return tuple(dict.fromkeys(key for rule in self.rules for key in rule.then))

    @property
    def offers(self) -> bool:
        """Whether some rule returns an offer."""
        return any(rule.offer for rule in self.rules)

    @property
    def may_match_often(self) -> bool:
        """Whether the table may yield several rows."""
        several = self.hit_policy in {HitPolicy.RULE_ORDER, HitPolicy.COLLECT}
        return several and self.aggregation is None

    @model_validator(mode="after")
    def _aggregates_one_output(self) -> Self:
        if self.aggregation and (self.hit_policy is not HitPolicy.COLLECT or len(self.outputs) > 1):
            raise ValueError("an aggregation needs the hit policy COLLECT and a single output")
        return self


OutputType = Literal["string", "integer", "long", "double", "boolean", "date", "map"]


def node_id(name: str) -> str:
    """Return the id of the node called *name*."""
    return ref_of("decision", name)


class Decision(Definition):
    """A node of a decision model: a *programmable* (JavaScript), a *table* or a *dataSystem*.

    What it finds is known to later nodes as *output*. *needs* names the nodes it builds on.
    *mapping* fills a data system's `${keys}` with JavaScript expressions.
    """

    name: str
    output: str = ""
    type: OutputType | None = None
    needs: tuple[str, ...] = ()
    programmable: str | None = None
    table: Table | None = None
    data_system: str | Connection | None = None
    mapping: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _is_one_kind(self) -> Self:
        kinds = (self.programmable, self.table, self.data_system)
        if sum(kind is not None for kind in kinds) != 1:
            raise ValueError("a decision is one of: programmable, table, dataSystem")
        return self

    @property
    def id(self) -> str:
        """The node's id."""
        return node_id(self.name)

    @property
    def variable(self) -> str:
        """The name that later nodes know the result by: *output*, or the name in camelCase."""
        first, *rest = self.name.split()
        return self.output or "".join([first[:1].lower() + first[1:], *map(str.capitalize, rest)])


class ModelStatus(StrEnum):
    """Where a variant of a model is in its life; in TEST it runs, and nobody sees the result."""

    DRAFT = "DRAFT"
    TEST = "TEST"
    PRODUCTION = "PRODUCTION"
    ARCHIVED = "ARCHIVED"


class ModelVariant(Definition):
    """One version of a decision model: its nodes in the order in which they run."""

    name: str = "Variant 1"
    status: ModelStatus = ModelStatus.PRODUCTION
    split: float | None = Field(default=None, ge=0, le=100)
    decisions: tuple[Decision, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _needs_what_comes_before(self) -> Self:
        known: set[str] = set()
        for decision in self.decisions:
            if unknown := set(decision.needs) - known:
                raise ValueError(f"{decision.name} needs what is not before it: {unknown}")
            known.add(decision.name)
        return self


class Model(Definition):
    """A decision model; with a single variant, `decisions` may stand in the model itself."""

    name: str
    variants: tuple[ModelVariant, ...] = Field(min_length=1)

    @model_validator(mode="before")
    @classmethod
    def _of_one_variant(cls, given: Any) -> Any:
        return folded(given, "variants", frozenset({"decisions"}))

    @property
    def ref(self) -> str:
        """The model's reference."""
        return ref_of("model", self.name)

    @property
    def variants_by_ref(self) -> dict[str, ModelVariant]:
        """The model's variants by their references."""
        return {ref_of("model", self.name, str(n)): v for n, v in enumerate(self.variants)}
