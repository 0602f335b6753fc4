"""A file of `rules/`, as marketers write it, and the `Placement` it becomes."""

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from proxy import document
from proxy.core.compose import ListTemplate
from proxy.core.conditions import All, AnyOf, Condition
from proxy.core.curated import Curated, NotCurated, read_curated
from proxy.core.examples import given_of
from proxy.core.forms import FormError, read_pick
from proxy.core.freshness import Times
from proxy.core.given import CART
from proxy.core.nodes import (
    ExampleNode,
    FlowNode,
    ListNode,
    PlacementFile,
    RequestNode,
    RuleNode,
    ScheduleNode,
    TimesNode,
    WhenNode,
)
from proxy.core.outcomes import Outcomes
from proxy.core.placement import (
    Example,
    Flow,
    Outcome,
    Placement,
    Rule,
    generations,
)
from proxy.core.query import Pick
from proxy.core.resources import RESOURCES, Resource
from proxy.core.schedule import Schedule, read_moment
from proxy.core.scope import SHAREABLE, Sharing
from proxy.core.when import needs_of, read_schedule, read_when, read_zone, walk
from proxy.document import Document, Path
from proxy.errors import DocumentError, Problem
from proxy.model import Json
from proxy.stalls import free

_OWN_PARAMETERS = frozenset({"page", "pagesize", "browserid", "names", "preview"})
"""Of the storefront's requests, folded; `page` and `pageSize` may always be set."""


def load(text: str, file: str, beside: Mapping[str, str] = MappingProxyType({})) -> Placement:
    """Read one rules file; *beside* holds the texts of the JSON files beside it, by name.

    Raises:
        DocumentError: with every mistake found.
    """
    source = document.parse(text, file)
    written = document.validate(source, PlacementFile)
    try:
        return _Loader(source, beside).placement(written).prepared()
    finally:
        free(source.places, source.data.get("rules", []), written.rules)


class _Loader:
    """Turns a checked file into a placement, gathering every mistake that is left."""

    def __init__(self, source: Document, beside: Mapping[str, str]) -> None:
        self._source = source
        self._beside = beside
        self._problems: list[Problem] = []

    def placement(self, file: PlacementFile) -> Placement:
        self._name = file.placement
        self._zone = self._read_zone(file.timezone)
        self._cart = file.cart
        resource = self._resource(file.resource)
        self._outcomes = Outcomes(resource, self._report)
        placement = Placement(
            name=file.placement,
            description=file.description,
            resource=resource,
            flow=self._flow(file.decision) if file.decision else None,
            rules=tuple(self._rule(i, rule) for i, rule in enumerate(file.rules)),
            default=self._default(file.default),
            allow={name.casefold(): name for name in self._allowed(file.allow, resource)},
            sharing=self._sharing(file, resource),
            page_times=_times(file.cache.page),
            decision_times=self._decision_times(file),
            parents=self._parents(file),
            curated=self._curated(file.curated),
            route=self._route(file.route, resource),
            query_names=frozenset(_query_names(file)),
            examples=tuple(self._example(i, one) for i, one in enumerate(file.examples)),
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

    def _decision_times(self, file: PlacementFile) -> Times:
        own = file.decision.cache if file.decision else None
        if own is None:
            return _times(file.cache.decision)
        if file.cache.decision.fresh is not None:
            what = "`decision.cache` says how long a decision is fresh, too"
            self._report(("cache", "decision", "fresh"), what, "keep one of them")
        return _times(file.cache.decision.model_copy(update={"fresh": own}))

    def _flow(self, node: FlowNode) -> Flow:
        pick, at = self._outcomes.read_pick, ("decision", "segment")
        constants: dict[str, Json] = {}
        asked: dict[str, str] = {}
        for name, value in node.params.items():
            if isinstance(value, RequestNode):
                asked[name] = value.request.casefold()
            else:
                constants[name] = value
        return Flow(
            friendly_id=node.flow,
            segment=pick(node.segment, at) if node.segment else None,
            timeout_s=node.timeout,
            params=constants,
            asked=asked,
            forwards_token=node.token,
            line=self._source.places["decision",][0],
        )

    def _rule(self, i: int, node: RuleNode) -> Rule:
        path = ("rules", i)
        line, _ = self._source.places[path]
        then = self._outcomes.read(node, path, salt=f"{self._name}/{node.name}")
        picks = tuple(self._picks(node.when, (*path, "when")))
        when = self._when(node.when, (*path, "when"))
        return Rule(
            name=node.name,
            when=when,
            schedule=self._schedule(node.schedule, (*path, "schedule")),
            then=then,
            segments=_segments(when, node.when),
            picks=picks,
            needs=needs_of(node.when, cart=self._cart and _look_at_cart(picks, then)),
            line=line,
        )

    def _picks(self, node: WhenNode, path: Path) -> Iterator[Pick]:
        for one in walk(node):
            for text in (*one.has, *one.output):
                with contextlib.suppress(FormError):  # which `_when` has reported
                    yield read_pick(text, path)

    def _when(self, node: WhenNode, path: Path) -> Condition:
        try:
            return read_when(node, self._zone, path)
        except FormError as exc:
            self._report(exc.path, exc.what, exc.mend)
            return All(())

    def _schedule(self, node: ScheduleNode | None, path: Path) -> Schedule | None:
        try:
            return read_schedule(node, self._zone, path) if node else None
        except FormError as exc:
            self._report(exc.path, exc.what, exc.mend)
            return None

    def _default(self, node: ListNode) -> ListTemplate:
        if node.query is None:
            self._report(("default",), "'query' is missing", "add it; {} lists everything")
        template = self._outcomes.read_list(node, ("default",))
        if template.picks:
            what = "the default serves when there is no decision, so it can take nothing from it"
            self._report(("default", "query"), what, "write the values themselves")
        return template

    def _example(self, i: int, node: ExampleNode) -> Example:
        path = ("examples", i)
        return Example(
            line=self._source.places[path][0],
            given=given_of(node.given, self._moment(node.given.at, (*path, "given", "at"))),
            rule=node.expect.rule,
            query=node.expect.query,
        )

    def _moment(self, text: str | None, path: Path) -> datetime | None:
        if text is None:
            return None
        try:
            return read_moment(text, self._zone)
        except ValueError:
            self._report(path, f"'{text}' is not a time", "write e.g. 2026-11-28 12:00")
            return None

    def _allowed(self, names: list[str], resource: str) -> Iterator[str]:
        for i, name in enumerate(names):
            wrong = _why_not_allowed(name, RESOURCES[resource])
            if wrong is None:
                yield name
            else:
                self._report(("allow", i), *wrong)

    def _sharing(self, file: PlacementFile, resource: str) -> Sharing:
        sharing = Sharing(file.scope)
        if sharing is Sharing.GROUPS and resource not in SHAREABLE:
            what = f"{resource} belongs to each shopper alone, so it cannot be shared"
            self._report(("scope",), what, "remove `scope`")
        return sharing

    def _parents(self, file: PlacementFile) -> Mapping[str, str]:
        if file.parents and not (file.decision and file.decision.segment):
            what = "there are no segments here that could have parents"
            self._report(("parents",), what, "say in `decision.segment` where they are named")
        for segment in file.parents:
            if any(segment in elders for elders in generations((segment,), file.parents)):
                what = f"'{segment}' is its own ancestor"
                self._report(("parents", segment), what, "let no parents go round in a circle")
        return file.parents

    def _curated(self, written: str | list[dict[str, Any]] | None) -> Curated | None:
        if written is None:
            return None
        try:
            return read_curated(written, self._beside)
        except NotCurated as exc:
            self._report(("curated",), str(exc), exc.mend)
            return None

    def _route(self, route: str | None, resource: str) -> str | None:
        if route is None:
            return None
        method, path = "GET", f"/v1/{resource}"
        if route.split() != [method, path]:
            what = f"this placement lists {resource}, which '{route}' does not"
            self._report(("route",), what, f"write {method} {path}")
        return path

    def _check_names(self, rules: list[RuleNode]) -> None:
        seen = {"default", "curated"}
        for i, rule in enumerate(rules):
            if rule.name in seen:
                what = f"the name '{rule.name}' is taken"
                self._report(("rules", i, "name"), what, "give each rule a name of its own")
            seen.add(rule.name)


def _why_not_allowed(name: str, resource: Resource) -> tuple[str, str] | None:
    """Return why the storefront cannot set *name*, and how to mend it; or None."""
    if name.casefold() in _OWN_PARAMETERS:
        return f"'{name}' means something to the gateway itself", "remove it"
    return None if name in resource.parameters else resource.why_no_filter(name)


def _query_names(file: PlacementFile) -> Iterator[str]:
    """Give the folded names of the query parameters that rules and flow look at."""
    for rule in file.rules:
        yield from (name.casefold() for one in walk(rule.when) for name in one.request)
    for value in file.decision.params.values() if file.decision else ():
        if isinstance(value, RequestNode):
            yield value.request.casefold()


def _segments(when: Condition, node: WhenNode) -> frozenset[str]:
    """Return all segments that are named: where it can be, the set that *when* has anyway."""
    named = frozenset(segment for one in walk(node) for segment in one.segment)
    return when.values if isinstance(when, AnyOf) and when.values == named else named


def _look_at_cart(picks: Iterable[Pick], then: Outcome) -> bool:
    every = (*picks, then) if isinstance(then, Pick) else (*picks, *then.picks)
    return any(pick.looks_at(CART) for pick in every)


def _times(node: TimesNode) -> Times:
    """Return the times of one kind of answers; what is never fresh is not shown as stale either."""
    revalidate_s = 0.0 if node.fresh == 0 and node.revalidate is None else node.revalidate
    return Times(node.fresh, revalidate_s, node.error)
