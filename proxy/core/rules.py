"""`rules/*.yaml`, as marketers write it, and the `Placement` it becomes.

The models say what a file may hold, and are its JSON Schema.
"""

import contextlib
import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field

from proxy import document
from proxy.core.conditions import All, Condition
from proxy.core.forms import RESOURCES, FormError, read_pick, read_query
from proxy.core.placement import Flow, Needs, Placement, Rule
from proxy.core.query import Pick, QueryTemplate
from proxy.core.schedule import Schedule
from proxy.core.when import (
    Node,
    ScheduleNode,
    Texts,
    WhenNode,
    read_schedule,
    read_when,
    read_zone,
    walk,
)
from proxy.document import Document, Path
from proxy.errors import DocumentError, Problem
from proxy.model import Json
from proxy.quantity import Duration


def load(text: str, file: str) -> Placement:
    """Read one rules file.

    Raises:
        DocumentError: with every mistake found.
    """
    source = document.parse(text, file)
    return _Loader(source).placement(document.validate(source, PlacementFile))


def _no_cache(value: Any) -> Any:
    return "0s" if value == "none" else value


Scalar = str | bool | int | float
ParamName = Annotated[str, Field(pattern=r"^[A-Za-z]\w*$")]
Values = dict[str, Any]


class RequestNode(Node):
    """`{request: name}`."""

    request: Annotated[str, Field(pattern=r"^[A-Za-z]\w*$")] = Field(
        description="the query parameter of the storefront's request"
    )


class FlowNode(Node):
    """`decision:`."""

    flow: Annotated[str, Field(pattern=r"^[a-z0-9_]+\*?$")] = Field(
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


class PageNode(Node):
    """`page:`."""

    from_: str = Field(alias="from", description="JMESPath of an OrderCloud list in the output")


class DefaultNode(Node):
    """`default:`."""

    query: Values = Field(description="OrderCloud parameters and filters")
    order: Literal["as-listed"] | None = Field(None, description="keep the order of the IDs")


class RuleNode(Node):
    """One of `rules:`."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][\w .-]*$", max_length=100)]
    when: WhenNode
    schedule: ScheduleNode | None = Field(None, description="from when until when")
    query: Values | None = Field(None, description="OrderCloud parameters and filters")
    page: PageNode | None = Field(None, description="the list stands in the decision itself")
    order: Literal["as-listed"] | None = Field(None, description="keep the order of the IDs")


class PlacementFile(Node):
    """A file of `rules/`: one placement."""

    placement: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=100)]
    description: str = ""
    resource: str = Field(description="the OrderCloud list, e.g. me/products")
    timezone: str = Field("UTC", description="of the schedules, e.g. Europe/London")
    decision: FlowNode | None = None
    rules: list[RuleNode] = Field([], description="the first that applies decides")
    default: DefaultNode
    allow: Texts = Field([], description="OrderCloud parameters that the storefront may set")


class _Loader:
    """Turns a checked file into a placement, gathering every mistake that is left."""

    def __init__(self, source: Document) -> None:
        self._source = source
        self._problems: list[Problem] = []

    def placement(self, file: PlacementFile) -> Placement:
        self._zone = self._read_zone(file.timezone)
        resource = self._resource(file.resource)
        conditions = [one for rule in file.rules for one in walk(rule.when)]
        placement = Placement(
            name=file.placement,
            description=file.description,
            resource=resource,
            flow=self._flow(file.decision) if file.decision else None,
            rules=tuple(self._rule(i, rule, resource) for i, rule in enumerate(file.rules)),
            default=self._default(file.default, resource),
            allow={name.casefold(): name for name in self._allowed(file.allow)},
            request_names={name.casefold(): name for one in conditions for name in one.request},
            needs=_needs(conditions),
            file=self._source.file,
        )
        self._check_names(file.rules)
        if self._problems:
            raise DocumentError(tuple(sorted(self._problems, key=lambda p: (p.line, p.column))))
        return placement

    def _report(self, path: Path, what: str, mend: str) -> None:
        self._problems.append(self._source.problem(path, what, mend))

    def _resource(self, resource: str) -> str:
        if resource in RESOURCES:
            return resource
        what = f"'{resource}' is not a list of OrderCloud's"
        self._report(("resource",), what, document.nearest(resource, list(RESOURCES)))
        return "me/products"

    def _read_zone(self, name: str) -> ZoneInfo:
        try:
            return read_zone(name, ("timezone",))
        except FormError as exc:
            self._report(exc.path, exc.what, exc.mend)
            return ZoneInfo("UTC")

    def _flow(self, node: FlowNode) -> Flow:
        segment = self._pick(node.segment, ("decision", "segment")) if node.segment else None
        constants: dict[str, Json] = {}
        asked: dict[str, str] = {}
        for name, value in node.params.items():
            if isinstance(value, RequestNode):
                asked[name] = value.request
            else:
                constants[name] = value
        return Flow(
            friendly_id=node.flow,
            segment=segment,
            fresh_s=node.cache,
            timeout_s=node.timeout,
            params=constants,
            asked=asked,
            forwards_token=node.token,
            line=self._source.places["decision",][0],
        )

    def _rule(self, i: int, node: RuleNode, resource: str) -> Rule:
        path = ("rules", i)
        line, _ = self._source.places[path]
        return Rule(
            name=node.name,
            when=self._when(node.when, (*path, "when")),
            schedule=self._schedule(node.schedule, (*path, "schedule")),
            then=self._then(node, resource, path),
            segments=frozenset(s for one in walk(node.when) for s in one.segment or ()),
            picks=tuple(self._picks(node.when, (*path, "when"))),
            line=line,
        )

    def _picks(self, node: WhenNode, path: Path) -> Iterator[Pick]:
        for one in walk(node):
            for text in (*(one.has or ()), *one.output):
                with contextlib.suppress(FormError):  # which `_when` has reported
                    yield read_pick(text, path)

    def _when(self, node: WhenNode, path: Path) -> Condition:
        try:
            return read_when(node, path)
        except FormError as exc:
            self._report(exc.path, exc.what, exc.mend)
            return All(())

    def _schedule(self, node: ScheduleNode | None, path: Path) -> Schedule | None:
        try:
            return read_schedule(node, self._zone, path) if node else None
        except FormError as exc:
            self._report(exc.path, exc.what, exc.mend)
            return None

    def _then(self, node: RuleNode, resource: str, path: Path) -> QueryTemplate | Pick:
        if (node.query is None) == (node.page is None):
            self._report(path, "a rule has either a `query` or a `page`", "keep one of them")
        if node.page is not None and node.order is not None:
            self._report((*path, "order"), "a page keeps its own order", "remove `order`")
        if node.page is not None:
            return self._pick(node.page.from_, (*path, "page", "from"))
        return self._query(node.query or {}, node.order, resource, path)

    def _default(self, node: DefaultNode, resource: str) -> QueryTemplate:
        template = self._query(node.query, node.order, resource, ("default",))
        for term in template.terms:
            if isinstance(term.values, Pick):
                what = (
                    "the default serves when there is no decision, so it can take nothing from it"
                )
                self._report(("default", "query", term.name), what, "write the value itself")
        return template

    def _query(
        self, query: Mapping[str, Any], order: str | None, resource: str, path: Path
    ) -> QueryTemplate:
        try:
            return read_query(resource, query, as_listed=order is not None)
        except FormError as exc:
            self._report((*path, "query", *exc.path), exc.what, exc.mend)
            return QueryTemplate(resource, ())

    def _pick(self, path: str, at: Path) -> Pick:
        try:
            return read_pick(path, at)
        except FormError as exc:
            self._report(exc.path, exc.what, exc.mend)
            return read_pick("missing", at)

    def _allowed(self, names: list[str]) -> Iterator[str]:
        for i, name in enumerate(names):
            if re.fullmatch(r"[A-Za-z]\w*(\.[\w-]+)*", name):
                yield name
            else:
                self._report(("allow", i), f"'{name}' is not a parameter or field", "remove it")

    def _check_names(self, rules: list[RuleNode]) -> None:
        seen: set[str] = {"default"}
        for i, rule in enumerate(rules):
            if rule.name in seen:
                what = f"the name '{rule.name}' is taken"
                self._report(("rules", i, "name"), what, "give each rule a name of its own")
            seen.add(rule.name)


def _needs(conditions: list[WhenNode]) -> Needs:
    return Needs(
        profile=any(one.buyer or one.language or one.currency for one in conditions),
        groups=any(one.group for one in conditions),
    )
