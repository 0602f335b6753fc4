"""Flows: experiences and experiments, called or triggered."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from sandbox.cdp.definitions.base import Definition, folded, ref_of
from sandbox.cdp.definitions.connection import Connection
from sandbox.cdp.definitions.model import Model
from sandbox.cdp.freemarker.template import Template

ParsedTemplate = Annotated[Template, BeforeValidator(Template)]


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
        return folded(given, "variants", keys)

    @model_validator(mode="after")
    def _is_started(self) -> Self:
        if (self.type == "TRIGGERED_V3") is (self.trigger is None):
            raise ValueError("a flow has a trigger if, and only if, its type is TRIGGERED_V3")
        return self

    @property
    def ref(self) -> str:
        """The flow's reference."""
        return ref_of("flow", self.friendly_id)

    @property
    def variants_by_ref(self) -> dict[str, Variant]:
        """The flow's variants by their references."""
        return {ref_of("flow", self.friendly_id, str(n)): v for n, v in enumerate(self.variants)}
