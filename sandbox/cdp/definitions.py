"""What a tenant's marketers and administrators have set up, as the files under `data/` say it.

Keys are written in camelCase, as in Sitecore's own JSON. The files are described in
docs/sandbox-cdp.md.
"""

import json
import uuid
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

from sandbox.cdp import feel
from sandbox.cdp.freemarker.template import Template

_NAMESPACE = uuid.UUID("6a0d2a3e-6f0b-4f6e-9f0a-0f2f6d6c1e5b")


def ref_of(*names: str) -> str:
    """Return the reference of a defined thing: the same names give the same one on each run."""
    return str(uuid.uuid5(_NAMESPACE, "/".join(names)))


def _cell(written: object) -> feel.Cell:
    """Read a cell; YAML may have made a number or a boolean of it."""
    return feel.parse(written if isinstance(written, str) else json.dumps(written))


ParsedTemplate = Annotated[Template, BeforeValidator(Template)]
ParsedCell = Annotated[feel.Cell, BeforeValidator(_cell)]


class Definition(BaseModel):
    """Base of all definitions: immutable, camelCase, unknown keys refused."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        alias_generator=to_camel,
        validate_by_name=True,
        arbitrary_types_allowed=True,
    )


def _folded(given: Any, into: str, keys: frozenset[str]) -> Any:
    """Fold the *keys* of a definition with a single variant into a list of one under *into*."""
    if not isinstance(given, Mapping) or into in given or not keys & given.keys():
        return given
    rest = {key: value for key, value in given.items() if key not in keys}
    return {**rest, into: [{key: given[key] for key in keys & given.keys()}]}


class PointOfSale(Definition):
    """A storefront; its sessions close after *session_timeout* minutes without an event."""

    name: str
    session_timeout: float = 30


class KnownGuest(Definition):
    """A customer that the tenant knows from the start; *identifiers* are provider → id."""

    identifiers: dict[str, str]
    profile: dict[str, Any] = Field(default_factory=dict)
    data_extensions: list[dict[str, Any]] = Field(default_factory=list)


class Segment(Definition):
    """A batch segment: guests whom the JavaScript *condition* holds for at night."""

    name: str
    condition: str


class Trait(Definition):
    """A session trait: the JavaScript *value* is computed when a customer's session closes."""

    friendly_id: str
    value: str


class Offer(Definition):
    """Something to offer; decision tables return it by its *key*."""

    key: str
    name: str
    description: str = ""
    attributes: dict[str, Any] = Field(default_factory=dict)

    @property
    def ref(self) -> str:
        """The offer's reference."""
        return ref_of("offer", self.key)

    def to_json(self) -> dict[str, Any]:
        """Return the offer as templates see it."""
        return {"ref": self.ref, "status": "ACTIVE", **self.model_dump(exclude={"key"})}


class ApiClient(Definition):
    """Who may read definitions: client credentials for `POST /oauth/token`."""

    client_id: str
    client_secret: str


class Settings(Definition):
    """The tenant itself. Sitecore allows five identity rules and ten session traits."""

    client_key: str
    api_clients: tuple[ApiClient, ...] = ()
    points_of_sale: tuple[PointOfSale, ...] = Field(min_length=1)
    identity_rules: tuple[str, ...] = Field(max_length=5)
    segments: tuple[Segment, ...] = ()
    session_traits: tuple[Trait, ...] = Field(default=(), max_length=10)
    offers: tuple[Offer, ...] = ()
    guests: tuple[KnownGuest, ...] = ()


class Auth(Definition):
    """How a connection signs in; OAuth 2 means client credentials."""

    auth_type: Literal["NONE", "BASIC", "OAUTH2"] = "NONE"
    username: str = ""
    password: str = ""
    token_url: str = ""
    client_id: str = ""
    client_secret: str = ""


class Connection(Definition):
    """An HTTP endpoint: a data system that decisions ask, or a destination of triggered flows.

    `${key}` in *url*, *headers* and *body* is filled from the caller's mappings; `$(ordercloud)`
    and `$(sandbox)` are where the emulators run. *outputs* are the top-level keys of the reply
    that a decision gets; a reply that is an array is called `result`. Timeouts in milliseconds.
    """

    name: str = Field(pattern=r"^[^-]+$")  # a hyphen would break references to it
    system_type: Literal["DATA_SYSTEM", "DESTINATION"] = "DATA_SYSTEM"
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = "GET"
    url: str
    headers: dict[str, str] = Field(default_factory=dict)
    body: str | None = None
    auth: Auth = Auth()
    outputs: tuple[str, ...] = ()
    connection_timeout: int = 1000
    socket_timeout: int = 1000

    @property
    def ref(self) -> str:
        """The connection's reference."""
        return ref_of("connection", self.name)


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
        return _folded(given, "variants", frozenset({"decisions"}))

    @property
    def ref(self) -> str:
        """The model's reference."""
        return ref_of("model", self.name)

    def ref_of_variant(self, variant: ModelVariant) -> str:
        """Return the reference of one of the model's variants."""
        return ref_of("model", self.name, variant.name)


class FlowStatus(StrEnum):
    """Where a flow is in its life; `PRODUCTION` is what the UI calls live."""

    DRAFT = "DRAFT"
    PUBLISHING = "PUBLISHING"
    SCHEDULED = "SCHEDULED"
    PRODUCTION = "PRODUCTION"
    LIVE = "LIVE"
    PAUSED = "PAUSED"
    COMPLETED = "COMPLETED"


class Schedule(Definition):
    """When a live flow runs; an open end is None, a time without zone is UTC."""

    start_date: datetime | None = None
    end_date: datetime | None = None


class Variant(Definition):
    """One of a flow's answers: a fixed *output*, or a *template* rendered for the guest.

    *models* are run before the template. *split* is the variant's share in percent (equal
    shares if no variant has one); *audience* keeps it for guests whom the JavaScript condition
    holds for. A triggered flow's variant has a *destination*.
    """

    name: str = "Variant 1"
    is_control: bool = False
    split: float | None = Field(default=None, ge=0, le=100)
    audience: str | None = None
    models: tuple[str | Model, ...] = ()
    output: Any = None
    template: ParsedTemplate | None = None
    destination: str | Connection | None = None

    @model_validator(mode="after")
    def _answers_once(self) -> Self:
        if (self.template is None) is ("output" not in self.model_fields_set):
            raise ValueError("a variant has either an output or a template")
        return self


class Flow(Definition):
    """An experience or experiment; with a single variant, its keys may stand in the flow itself.

    *channels* limits an interactive flow to those (none: all). *allocation* is the percentage of
    guests that take part at all. *universal* traffic puts a guest into the same bucket in every
    flow that has it. *trigger* is what starts a triggered flow: `ABANDONED_CART`, `SESSION_CLOSED`,
    `ORDER_CREATED`, `ORDER_UPDATED`, `GUEST_CREATED` or the type of an event.
    """

    friendly_id: str = Field(pattern=r"^[a-z0-9_]+$")
    name: str = ""
    type: Literal["INTERACTIVE_API_FLOW", "TRIGGERED_V3"] = "INTERACTIVE_API_FLOW"
    subtype: Literal["EXPERIENCE", "EXPERIMENT"] = "EXPERIENCE"
    status: FlowStatus = FlowStatus.PRODUCTION
    channels: tuple[str, ...] = ()
    trigger: str | None = None
    schedule: Schedule = Schedule()
    audience: str | None = None
    allocation: float = Field(default=100, ge=0, le=100)
    universal: bool = False
    variants: tuple[Variant, ...] = Field(min_length=1)

    @model_validator(mode="before")
    @classmethod
    def _of_one_variant(cls, given: Any) -> Any:
        keys = frozenset({"models", "output", "template", "destination"})
        return _folded(given, "variants", keys)

    @model_validator(mode="after")
    def _is_started(self) -> Self:
        if (self.type == "TRIGGERED_V3") is (self.trigger is None):
            raise ValueError("a flow has a trigger if, and only if, its type is TRIGGERED_V3")
        return self

    @property
    def ref(self) -> str:
        """The flow's reference."""
        return ref_of("flow", self.friendly_id)
