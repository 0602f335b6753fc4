"""What a file of `rules/` may hold; also its JSON Schema, and the help that editors show.

These models check the shape; core.rules reads the meaning.
"""

import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator

from proxy.core.query import as_text
from proxy.document import refusal
from proxy.quantity import Duration


class Node(BaseModel):
    """A mapping in a rules file: unknown keys are refused, nothing is converted."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    @field_validator("*", mode="before")
    @classmethod
    def _refuse_nothing(cls, value: Any) -> Any:
        """Refuse a key whose value was forgotten: left out, it would not be missed."""
        if value is None:
            raise refusal("there is no value", "write one, or remove the key")
        return value


def _listed(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


def _filled(value: Any) -> Any:
    if value == []:
        raise refusal("this list is empty", "name at least one")
    return value


def _unquoted(value: Any) -> Any:
    """Read a number or boolean that stands where a name belongs as its text."""
    if value == "":
        raise refusal("there is no text between the quotes", "write some, or remove it")
    return as_text(value) if isinstance(value, bool | int | float) else value


def _no_cache(value: Any) -> Any:
    return "0s" if value == "none" else value


Scalar = str | bool | int | float
OneOrMore = Scalar | list[Scalar]
Text = Annotated[
    str, BeforeValidator(_unquoted, json_schema_input_type=Scalar), Field(min_length=1)
]
Texts = Annotated[list[Text], BeforeValidator(_listed, json_schema_input_type=OneOrMore)]
SomeTexts = Annotated[Texts, BeforeValidator(_filled, json_schema_input_type=OneOrMore)]

_PARAM = r"^[A-Za-z]\w*$"
_NAME = r"^[A-Za-z0-9][\w .-]*$"
_FLOW = r"^[a-z0-9_]+\*?$"
_PLACEMENT = r"^[a-z0-9][a-z0-9-]*$"
_SPELLINGS = {
    _PARAM: "use letters, digits and _, a letter first",
    _NAME: "use letters, digits, spaces, ., _ and -, a letter or digit first",
    _FLOW: "use small letters, digits and _, as CDP does in a friendlyId",
    _PLACEMENT: "use small letters, digits and -, a letter or digit first",
}


def _spelled(pattern: str) -> BeforeValidator:
    """Refuse what does not fit *pattern*, and say how it may be spelled."""

    def check(value: Any) -> Any:
        if isinstance(value, str) and not re.match(pattern, value):
            raise refusal(f"'{value}' cannot be a name here", _SPELLINGS[pattern])
        return value

    return BeforeValidator(check)


ParamName = Annotated[str, Field(pattern=_PARAM), _spelled(_PARAM)]
Name = Annotated[str, Field(pattern=_NAME, max_length=100), _spelled(_NAME)]
Values = dict[str, Any]
WrittenList = Annotated[str, Field(pattern=r"^[\w.-]+\.json$")] | list[Values]


class ScheduleNode(Node):
    """`schedule:`."""

    from_: Text | None = Field(None, alias="from", description="e.g. 2026-11-27 09:00")
    until: Text | None = Field(None, description="taken in whole: a day, or a minute")
    timezone: str | None = Field(None, description="e.g. Europe/London; UTC if not given")
    days: SomeTexts = Field([], description="e.g. [mon, fri]")
    hours: str | None = Field(None, description="e.g. 09:00-17:30, or 22:00-02:00")


class WhenNode(Node):
    """`when:`; all that stands here has to hold."""

    segment: SomeTexts = Field([], description="one segment, or any of a list")
    has: SomeTexts = Field([], description="JMESPath that has to find something; or several")
    output: dict[str, Any] = Field({}, description="conditions by JMESPath into the flow's output")
    request: dict[str, Any] = Field({}, description="conditions by query parameter")
    anonymous: bool | None = Field(None, description="true: shoppers who did not log in")
    buyer: SomeTexts = Field([], description="OrderCloud buyer ID; or several")
    group: SomeTexts = Field([], description="OrderCloud user group ID; or any of several")
    language: SomeTexts = Field([], description="of the shopper's OrderCloud locale")
    currency: SomeTexts = Field([], description="of the shopper's OrderCloud locale")
    time: ScheduleNode | None = Field(None, description="as under schedule")
    all: Annotated[list["WhenNode"], BeforeValidator(_filled)] = Field(
        [], description="each of these"
    )
    any: Annotated[list["WhenNode"], BeforeValidator(_filled)] = Field(
        [], description="at least one of these"
    )
    not_: "WhenNode | None" = Field(None, alias="not", description="not this")


class RequestNode(Node):
    """`{request: name}`."""

    request: ParamName = Field(description="the query parameter of the storefront's request")


class FlowNode(Node):
    """`decision:`."""

    flow: Annotated[str, Field(pattern=_FLOW), _spelled(_FLOW)] = Field(
        description="friendlyId of the CDP/Personalize experience or experiment"
    )
    segment: str | None = Field(None, description="JMESPath of the segment in the flow's output")
    cache: Annotated[Duration, BeforeValidator(_no_cache)] | None = Field(
        None, description="how long a decision is kept per guest, e.g. 5m; none asks each time"
    )
    timeout: Duration | None = Field(None, description="how long a shopper waits, e.g. 400ms")
    params: dict[ParamName, Scalar | RequestNode] = Field(
        {}, description="parameters of the flow: values, or {request: name} of the query string"
    )
    token: bool = Field(True, description="hand the shopper's token on to the flow")


class TimesNode(Node):
    """How long answers are kept; what is not said is as config.yaml says."""

    fresh: Annotated[Duration, BeforeValidator(_no_cache)] | None = Field(
        None, description="served without asking, e.g. 5m; none asks each time"
    )
    revalidate: Duration | None = Field(None, description="then served while it is fetched anew")
    error: Duration | None = Field(None, description="then served only during an outage")


class CacheNode(Node):
    """`cache:`."""

    page: TimesNode = Field(TimesNode(), description="what OrderCloud lists")
    decision: TimesNode = Field(TimesNode(), description="what CDP decides for a guest")


class FromNode(Node):
    """`{from: path}`."""

    from_: str = Field(alias="from", description="JMESPath into the flow's output")


class ListNode(Node):
    """A query, and what the gateway does beside it."""

    query: Values | None = Field(None, description="OrderCloud parameters and filters")
    order: Literal["as-listed"] | None = Field(None, description="keep the order of the IDs")
    pin: Texts | FromNode | None = Field(None, description="IDs that come first")
    hide: Texts | Values | None = Field(None, description="IDs, or values of fields, left out")
    boost: Texts = Field([], description="fields whose high values come first")
    bury: Texts = Field([], description="fields whose high values come last")
    fill: Annotated[
        list[Values], BeforeValidator(_listed, json_schema_input_type=Values | list[Values])
    ] = Field([], description="queries that follow where there is too little")


class ExperimentNode(Node):
    """`experiment:`."""

    split: dict[Name, Annotated[float, Field(ge=0)]] = Field(
        description="weight of each variant", min_length=1
    )
    holdout: Annotated[float, Field(ge=0, le=100)] = Field(
        0, description="percent of shoppers who see the default"
    )
    salt: str | None = Field(None, description="a new one shuffles who gets what")


class RuleNode(ListNode):
    """One of `rules:`."""

    name: Name = Field(description="shown in headers, metrics and explain")
    when: WhenNode = Field(description="for whom; all that stands in it has to hold")
    schedule: ScheduleNode | None = Field(None, description="from when until when")
    page: FromNode | None = Field(None, description="the list stands in the decision itself")
    experiment: ExperimentNode | None = Field(None, description="split shoppers over variants")
    variants: dict[Name, ListNode] = Field({}, description="what each variant lists")


class GivenNode(Node):
    """`given:`; what is not said is not known."""

    segment: Text | None = Field(None, description="as if the decision named this segment")
    output: dict[str, Any] | None = Field(None, description="the whole output of the flow")
    at: Text | None = Field(None, description="a moment, e.g. 2026-11-28 12:00; now if not given")
    anonymous: bool | None = Field(None, description="whether the shopper did not log in")
    buyer: Text | None = Field(None, description="the shopper's buyer")
    group: Texts = Field([], description="the shopper's user groups")
    language: Text | None = Field(None, description="the shopper's language")
    currency: Text | None = Field(None, description="the shopper's currency")
    request: dict[str, Text] = Field({}, description="query parameters of the request")


class ExpectNode(Node):
    """`expect:`."""

    rule: Text = Field(description="name of the rule that applies, or default")
    query: str | None = Field(None, description="what OrderCloud is asked, e.g. categoryID=new")


class ExampleNode(Node):
    """One of `examples:`; `decision-proxy test` runs them."""

    given: GivenNode = Field(description="a decision, a shopper and a moment")
    expect: ExpectNode = Field(description="what comes out")


class PlacementFile(Node):
    """A file of `rules/`: one placement."""

    placement: Annotated[str, Field(pattern=_PLACEMENT, max_length=100), _spelled(_PLACEMENT)] = (
        Field(description="the name by which the storefront asks")
    )
    description: str = Field("", description="for people")
    resource: str = Field(description="the OrderCloud list, e.g. me/products")
    timezone: str = Field("UTC", description="of the schedules, e.g. Europe/London")
    decision: FlowNode | None = Field(None, description="the flow that decides")
    cart: bool = Field(
        False, description="the shopper's cart stands in the flow's output, as `cart`"
    )
    rules: list[RuleNode] = Field([], description="the first that applies decides")
    default: ListNode = Field(description="what is listed when no rule applies")
    allow: Texts = Field([], description="OrderCloud parameters that the storefront may set")
    scope: Literal["shopper", "anonymous", "groups"] = Field(
        "anonymous", description="who may share a list of OrderCloud's that was kept"
    )
    cache: CacheNode = Field(CacheNode(), description="how long pages and decisions are kept")
    parents: dict[Text, Text] = Field(
        {}, description="segment to the segment whose rules serve where it has none"
    )
    curated: WrittenList | None = Field(
        None, description="items, or a JSON file beside this one, for when OrderCloud is out"
    )
    route: str | None = Field(
        None, description="the OrderCloud call that shows this placement, e.g. GET /v1/me/products"
    )
    examples: list[ExampleNode] = Field([], description="run by decision-proxy test")
