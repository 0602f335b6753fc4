"""A file of `rules/`, as marketers write it, and the `Placement` it becomes."""

import contextlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from proxy import document
from proxy.core.compose import ListTemplate
from proxy.core.conditions import All, Condition
from proxy.core.curated import Curated, NotCurated, read_curated
from proxy.core.experiment import HOLDOUT, Experiment
from proxy.core.forms import FormError, is_id, read_pick, read_query
from proxy.core.freshness import Times
from proxy.core.given import CART, Given
from proxy.core.nodes import (
    ExampleNode,
    FlowNode,
    FromNode,
    GivenNode,
    ListNode,
    PlacementFile,
    RequestNode,
    RuleNode,
    ScheduleNode,
    TimesNode,
    WhenNode,
)
from proxy.core.placement import (
    Example,
    Flow,
    Needs,
    Outcome,
    Placement,
    Rule,
    Split,
    generations,
)
from proxy.core.query import Pick, QueryTemplate, Term
from proxy.core.resources import RESOURCES
from proxy.core.schedule import Schedule, read_moment
from proxy.core.scope import SHAREABLE, Sharing
from proxy.core.when import read_schedule, read_when, read_zone, walk
from proxy.document import Document, Path
from proxy.errors import DocumentError, Problem
from proxy.model import Json
from proxy.stalls import free


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
        placement = Placement(
            name=file.placement,
            description=file.description,
            resource=resource,
            flow=self._flow(file.decision) if file.decision else None,
            rules=tuple(self._rule(i, rule, resource) for i, rule in enumerate(file.rules)),
            default=self._default(file.default, resource),
            allow={name.casefold(): name for name in self._allowed(file.allow)},
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
        segment = self._pick(node.segment, ("decision", "segment")) if node.segment else None
        constants: dict[str, Json] = {}
        asked: dict[str, str] = {}
        for name, value in node.params.items():
            if isinstance(value, RequestNode):
                asked[name] = value.request.casefold()
            else:
                constants[name] = value
        return Flow(
            friendly_id=node.flow,
            segment=segment,
            timeout_s=node.timeout,
            params=constants,
            asked=asked,
            forwards_token=node.token,
            line=self._source.places["decision",][0],
        )

    def _rule(self, i: int, node: RuleNode, resource: str) -> Rule:
        path = ("rules", i)
        line, _ = self._source.places[path]
        then = self._then(node, resource, path)
        picks = tuple(self._picks(node.when, (*path, "when")))
        return Rule(
            name=node.name,
            when=self._when(node.when, (*path, "when")),
            schedule=self._schedule(node.schedule, (*path, "schedule")),
            then=then,
            segments=frozenset(s for one in walk(node.when) for s in one.segment),
            picks=picks,
            needs=_needs(node.when, looks_at_cart=self._cart and _look_at_cart(picks, then)),
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

    def _then(self, node: RuleNode, resource: str, path: Path) -> Outcome:
        outcomes = {"query": node.query, "page": node.page, "variants": node.variants or None}
        given = [name for name, outcome in outcomes.items() if outcome is not None]
        if len(given) != 1:
            mend = f"keep one of them, not {' and '.join(given)}" if given else "add one of them"
            self._report(path, "a rule has a `query`, a `page` or `variants`", mend)
        if node.page is not None:
            return self._pick(node.page.from_, (*path, "page", "from"))
        if node.experiment is not None or node.variants:
            return self._split(node, resource, path)
        return self._listed(node, resource, path)

    def _split(self, node: RuleNode, resource: str, path: Path) -> Split:
        split = node.experiment.split if node.experiment else {}
        if HOLDOUT in split:
            what = f"'{HOLDOUT}' is the name of those who see the default"
            self._report((*path, "experiment", "split", HOLDOUT), what, "give another name")
        for name in split.keys() ^ node.variants.keys():
            what = f"'{name}' has to stand in both `experiment.split` and `variants`"
            self._report(path, what, "add it, or remove it")
        if not any(split.values()):
            self._report((*path, "experiment"), "no variant has a weight", "give one a weight")
        experiment = Experiment(
            salt=(node.experiment and node.experiment.salt) or f"{self._name}/{node.name}",
            weights=dict(split),
            holdout_ratio=node.experiment.holdout / 100 if node.experiment else 0,
        )
        variants = {
            name: self._listed(variant, resource, (*path, "variants", name))
            for name, variant in node.variants.items()
        }
        return Split(experiment, variants)

    def _default(self, node: ListNode, resource: str) -> ListTemplate:
        if node.query is None:
            self._report(("default",), "'query' is missing", "add it; {} lists everything")
        template = self._listed(node, resource, ("default",))
        if template.picks:
            what = "the default serves when there is no decision, so it can take nothing from it"
            self._report(("default", "query"), what, "write the values themselves")
        return template

    def _listed(self, node: ListNode, resource: str, path: Path) -> ListTemplate:
        ordered = node.order is not None
        query = self._query(_sorted(node), resource, (*path, "query"), as_listed=ordered)
        hidden_ids, hidden_terms = self._hidden(node, resource, (*path, "hide"))
        fills = (
            self._query(fill, resource, (*path, "fill", i)) for i, fill in enumerate(node.fill)
        )
        template = ListTemplate(
            query=replace(query, terms=query.terms + hidden_terms),
            pinned=self._pinned(node, (*path, "pin")),
            hidden=hidden_ids,
            unwanted=hidden_terms,
            fills=tuple(replace(fill, terms=fill.terms + hidden_terms) for fill in fills),
        )
        if template.is_hidden:
            self._report((*path, "hide"), "all that this lists is hidden", "leave at least one")
        return template

    def _pinned(self, node: ListNode, path: Path) -> tuple[str, ...] | Pick:
        if isinstance(node.pin, FromNode):
            return self._pick(node.pin.from_, (*path, "from"))
        ids = self._ids(node.pin or [], path)
        if isinstance(node.hide, list) and set(ids).intersection(node.hide):
            self._report(path, "an ID is both pinned and hidden", "keep one of them")
        return ids

    def _hidden(
        self, node: ListNode, resource: str, path: Path
    ) -> tuple[tuple[str, ...], tuple[Term, ...]]:
        """Return the IDs to leave out, or the terms that leave out by fields."""
        if isinstance(node.hide, dict):
            negated = {name: {"not": value} for name, value in node.hide.items()}
            return (), self._query(negated, resource, path).terms
        return self._ids(node.hide or [], path), ()

    def _ids(self, ids: list[str], path: Path) -> tuple[str, ...]:
        for i, one in enumerate(ids):
            if not is_id(one):
                what = f"'{one}' cannot be an ID"
                self._report((*path, i), what, "letters, digits, - and _ only")
        return tuple(dict.fromkeys(ids))

    def _query(
        self,
        query: Mapping[str, Any],
        resource: str,
        path: Path,
        *,
        as_listed: bool = False,
    ) -> QueryTemplate:
        try:
            return read_query(resource, query, as_listed=as_listed)
        except FormError as exc:
            self._report((*path, *exc.path), exc.what, exc.mend)
            return QueryTemplate(resource, ())

    def _pick(self, path: str, at: Path) -> Pick:
        try:
            return read_pick(path, at)
        except FormError as exc:
            self._report(exc.path, exc.what, exc.mend)
            return read_pick("missing", at)

    def _example(self, i: int, node: ExampleNode) -> Example:
        path = ("examples", i)
        return Example(
            line=self._source.places[path][0],
            given=self._given(node.given, (*path, "given")),
            rule=node.expect.rule,
            query=node.expect.query,
        )

    def _given(self, node: GivenNode, path: Path) -> Given:
        return Given(
            segments=(node.segment,) if node.segment is not None else (),
            output=node.output,
            at=self._moment(node.at, (*path, "at")),
            is_anonymous=node.anonymous,
            buyer=node.buyer,
            groups=frozenset(node.group),
            language=node.language,
            currency=node.currency,
            request=node.request,
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


def _sorted(node: ListNode) -> dict[str, Any]:
    """Return the query with what is boosted and buried before its own sort."""
    query = dict(node.query or {})
    first = [*(f"!{field}" for field in node.boost), *node.bury]
    if first:
        own = query.get("sortBy", [])
        query["sortBy"] = [*first, *(own if isinstance(own, list) else [own])]
    return query


def _query_names(file: PlacementFile) -> Iterator[str]:
    """Give the folded names of the query parameters that rules and flow look at."""
    for rule in file.rules:
        yield from (name.casefold() for one in walk(rule.when) for name in one.request)
    for value in file.decision.params.values() if file.decision else ():
        if isinstance(value, RequestNode):
            yield value.request.casefold()


def _look_at_cart(picks: Iterable[Pick], then: Outcome) -> bool:
    every = (*picks, then) if isinstance(then, Pick) else (*picks, *then.picks)
    return any(pick.looks_at(CART) for pick in every)


def _times(node: TimesNode) -> Times:
    """Return the times of one kind of answers; what is never fresh is not shown as stale either."""
    revalidate_s = 0.0 if node.fresh == 0 and node.revalidate is None else node.revalidate
    return Times(node.fresh, revalidate_s, node.error)


def _needs(when: WhenNode, *, looks_at_cart: bool) -> Needs:
    parts = tuple(walk(when))
    return Needs(
        profile=any(one.buyer or one.language or one.currency for one in parts),
        groups=any(one.group for one in parts),
        cart=looks_at_cart,
    )
