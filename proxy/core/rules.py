"""A file of `rules/`, as marketers write it, and the `Placement` it becomes."""

import contextlib
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from proxy import document
from proxy.core.conditions import All, Condition
from proxy.core.forms import RESOURCES, FormError, read_pick, read_query
from proxy.core.nodes import (
    DefaultNode,
    ExampleNode,
    FlowNode,
    PlacementFile,
    RequestNode,
    RuleNode,
    ScheduleNode,
    WhenNode,
)
from proxy.core.placement import Example, Flow, Needs, Placement, Rule
from proxy.core.query import Pick, QueryTemplate
from proxy.core.schedule import Schedule, read_moment
from proxy.core.when import read_schedule, read_when, read_zone, walk
from proxy.document import Document, Path
from proxy.errors import DocumentError, Problem
from proxy.model import Json, Profile


def load(text: str, file: str) -> Placement:
    """Read one rules file.

    Raises:
        DocumentError: with every mistake found.
    """
    source = document.parse(text, file)
    return _Loader(source).placement(document.validate(source, PlacementFile))


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

    def _example(self, i: int, node: ExampleNode) -> Example:
        given, path = node.given, ("examples", i)
        return Example(
            line=self._source.places[path][0],
            segment=given.segment,
            output=given.output,
            at=self._moment(given.at, (*path, "given", "at")),
            is_anonymous=given.anonymous,
            profile=Profile(given.buyer or "", "", given.language, given.currency),
            groups=frozenset(given.group),
            request=given.request,
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
