"""What a storefront's script may report: page views, searches, and events of its own.

The attributes are CDP's, by CDP's names. What the gateway sees for itself in OrderCloud's traffic
(carts, orders, who has logged in) is no business of the script: those types are refused.
Source: docs/sources.md#cdp-events.
"""

import math
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    TypeAdapter,
    ValidationError,
)

from proxy.core.events import EXPOSURE, SEARCH
from proxy.errors import UNREADABLE, InvalidEvents
from proxy.model import Json

VIEW = "VIEW"
BATCH_MAX = 50
EXT_MAX = 50
_TEXT_MAX = 2048

_CDP_TYPES = (
    "ADD ADD_CONSUMERS ADD_CONTACTS ADD_PRODUCT CALCULATOR CAMPAIGN_TRACKING CLEAR_CART CLICK CHAT "
    "CHECKOUT COMMENT CONFIRM CONTACT_REQUEST CONSUMERS EMAIL FORCE_CLOSE FORM LOGIN IDENTITY "
    "NOTIFICATION ORDER_CHECKOUT ORDER_UPDATE PAYMENT PURCHASE PNR_RECORD SMS SUBSCRIPTION SEARCH "
    "SELECT TRIGGER TRIP_SUMMARY UPDATE VIEW"
)
RESERVED = frozenset({*_CDP_TYPES.split(), EXPOSURE})
"""Types that custom events may not take: CDP's, and the gateway's own."""

_RESERVED_PREFIX = "SC_"
_CUSTOM = "custom"
_TYPE = re.compile(r"[A-Z][A-Z0-9_]{0,49}")
_ENVELOPE = {"type", "id", "browserId"}


def _check_type(name: object) -> object:
    """Let a custom event's type through; what it says is seen by whoever wrote the script."""
    if not isinstance(name, str) or not _TYPE.fullmatch(name):
        raise ValueError("a type is written in capitals, digits and _, up to 50 of them")
    if name in RESERVED or name.startswith(_RESERVED_PREFIX):
        raise ValueError(f"{name} is reserved; choose another type")
    return name


def _check_value(value: object) -> object:
    """Let a flat value through: what CDP takes as an attribute of `ext`."""
    is_text = isinstance(value, str) and len(value) <= _TEXT_MAX
    is_number = isinstance(value, int) or (isinstance(value, float) and math.isfinite(value))
    if not (is_text or is_number):
        raise ValueError(f"a value is true, false, a number or a text up to {_TEXT_MAX} characters")
    return value


_Text = Annotated[str, Field(min_length=1, max_length=_TEXT_MAX)]
_Key = Annotated[str, Field(pattern=r"^[a-z][A-Za-z0-9]{0,63}$")]
_Value = Annotated[Any, BeforeValidator(_check_value)]


class Tracked(BaseModel):
    """What all reports have in common; `id` makes a report that is sent twice count once."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,64}$")] | None = None
    browserId: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,64}$")] | None = None  # noqa: N815 - JSON
    type: str
    page: _Text | None = None
    language: Annotated[str, Field(pattern=r"^[A-Za-z]{2}$")] | None = None
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] | None = None
    ext: Annotated[dict[_Key, _Value], Field(max_length=EXT_MAX)] | None = None

    @property
    def said(self) -> Mapping[str, Json]:
        """Return what it says in CDP's attributes."""
        said: dict[str, Json] = self.model_dump(exclude=_ENVELOPE, exclude_none=True)
        return {**said, "language": self.language.upper()} if self.language else said


class Viewed(Tracked):
    """A page was seen."""

    type: Literal["VIEW"]
    page: _Text
    referrer: _Text | None = None
    utm_campaign: _Text | None = None
    utm_content: _Text | None = None
    utm_medium: _Text | None = None
    utm_source: _Text | None = None
    utm_term: _Text | None = None


class Searched(Tracked):
    """Something was searched for, where OrderCloud's own search was not used."""

    type: Literal["SEARCH"]
    product_name: _Text
    product_type: _Text | None = None


class Custom(Tracked):
    """What the shop's own people named."""

    type: Annotated[str, BeforeValidator(_check_type)]


def _kind(report: Any) -> str:
    kind = report.get("type") if isinstance(report, dict) else None
    return kind if kind in (VIEW, SEARCH) else _CUSTOM


_REPORTS: TypeAdapter[list[Viewed | Searched | Custom]] = TypeAdapter(
    Annotated[
        list[
            Annotated[
                Annotated[Viewed, Tag(VIEW)]
                | Annotated[Searched, Tag(SEARCH)]
                | Annotated[Custom, Tag(_CUSTOM)],
                Discriminator(_kind),
            ]
        ],
        Field(min_length=1, max_length=BATCH_MAX),
    ]
)


def read(body: bytes) -> list[Tracked]:
    """Read one report or a list of them.

    Raises:
        InvalidEvents: with every mistake, and where it is: `0.ext.colour: …`.
    """
    try:
        told = msgspec.json.decode(body)
    except UNREADABLE as exc:
        raise InvalidEvents(("the body is not JSON",)) from exc
    try:
        return [*_REPORTS.validate_python(told if isinstance(told, list) else [told])]
    except ValidationError as exc:
        raise InvalidEvents(tuple(map(_mistake, exc.errors(include_url=False)))) from exc


def _mistake(error: Mapping[str, Any]) -> str:
    """Write where and what; pydantic names the kind of event after its place in the list."""
    place = [str(part) for number, part in enumerate(error["loc"]) if number != 1]
    return f"{'.'.join(place) or 'events'}: {error['msg'].removeprefix('Value error, ')}"
