"""What a tenant's marketers and administrators have set up, as the files under `data/` say it.

Keys are written in camelCase, as in Sitecore's own JSON.
"""

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

_NAMESPACE = uuid.UUID("6a0d2a3e-6f0b-4f6e-9f0a-0f2f6d6c1e5b")


def ref_of(*names: str) -> str:
    """Return the reference of a seeded thing: the same names give the same one on each run."""
    return str(uuid.uuid5(_NAMESPACE, "/".join(names)))


class Definition(BaseModel):
    """Base of all definitions: immutable, camelCase, unknown keys refused."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, alias_generator=to_camel, validate_by_name=True
    )


class PointOfSale(Definition):
    """A storefront; its sessions close after *session_timeout* minutes without an event."""

    name: str
    session_timeout: float = 30


class GuestSeed(Definition):
    """A customer that the tenant knows from the start."""

    identifiers: dict[str, str]
    profile: dict[str, Any] = Field(default_factory=dict)
    data_extensions: list[dict[str, Any]] = Field(default_factory=list)


class Settings(Definition):
    """The tenant itself: keys, points of sale, identity rules (at most 5), known guests."""

    client_key: str
    points_of_sale: tuple[PointOfSale, ...] = Field(min_length=1)
    identity_rules: tuple[str, ...] = Field(max_length=5)
    guests: tuple[GuestSeed, ...] = ()


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

    *split* is its share in percent (equal shares if no variant has one). *audience* keeps it for
    guests whom the JavaScript condition holds for.
    """

    name: str = "Variant 1"
    is_control: bool = False
    split: float | None = Field(default=None, ge=0, le=100)
    audience: str | None = None
    output: Any = None
    template: str | None = None

    @model_validator(mode="after")
    def _answers_once(self) -> Self:
        if (self.template is None) is ("output" not in self.model_fields_set):
            raise ValueError("a variant has either an output or a template")
        return self


_OF_ONE_VARIANT = frozenset({"output", "template"})


class Flow(Definition):
    """An experience or experiment.

    A flow with a single variant may say that variant's keys (`output`, `template`) itself.
    *allocation* is the percentage of guests that take part at all.
    """

    friendly_id: str = Field(pattern=r"^[a-z0-9_]+$")
    name: str = ""
    type: Literal["INTERACTIVE_API_FLOW"] = "INTERACTIVE_API_FLOW"
    subtype: Literal["EXPERIENCE", "EXPERIMENT"] = "EXPERIENCE"
    status: FlowStatus = FlowStatus.PRODUCTION
    schedule: Schedule = Schedule()
    audience: str | None = None
    allocation: float = Field(default=100, ge=0, le=100)
    variants: tuple[Variant, ...] = Field(min_length=1)

    @model_validator(mode="before")
    @classmethod
    def _one_variant(cls, given: Any) -> Any:
        if not isinstance(given, dict) or "variants" in given:
            return given
        variant = {key: given[key] for key in given.keys() & _OF_ONE_VARIANT}
        rest = {key: given[key] for key in given.keys() - _OF_ONE_VARIANT}
        return {**rest, "variants": [variant]} if variant else rest

    @property
    def ref(self) -> str:
        """The flow's reference."""
        return ref_of("flow", self.friendly_id)
