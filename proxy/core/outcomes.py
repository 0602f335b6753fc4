"""What a rule leads to, from YAML: a list, one list per variant, or the page in the decision."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeAlias

from proxy.core.compose import ListTemplate
from proxy.core.experiment import HOLDOUT, Experiment
from proxy.core.forms import FormError, is_id, read_pick, read_query
from proxy.core.nodes import FromNode, ListNode, RuleNode
from proxy.core.placement import Outcome, Split
from proxy.core.query import Pick, QueryTemplate, Term
from proxy.document import Path

Report: TypeAlias = Callable[[Path, str, str], None]
"""Is told of a mistake: where, what, and how to mend it."""


class Outcomes:
    """Reads what rules of one *resource* lead to; a mistake is reported, and reading goes on."""

    def __init__(self, resource: str, report: Report) -> None:
        self._resource = resource
        self._report = report

    def read(self, node: RuleNode, path: Path, *, salt: str) -> Outcome:
        """Return what a rule leads to; its experiment deals by *salt*, unless it names another."""
        outcomes = {"query": node.query, "page": node.page, "variants": node.variants or None}
        given = [name for name, outcome in outcomes.items() if outcome is not None]
        if len(given) != 1:
            mend = f"keep one of them, not {' and '.join(given)}" if given else "add one of them"
            self._report(path, "a rule has a `query`, a `page` or `variants`", mend)
        if node.page is not None:
            return self.read_pick(node.page.from_, (*path, "page", "from"))
        if node.experiment is not None or node.variants:
            return self._split(node, path, salt)
        return self.read_list(node, path)

    def _split(self, node: RuleNode, path: Path, salt: str) -> Split:
        split = node.experiment.split if node.experiment else {}
        if HOLDOUT in split:
            what = f"'{HOLDOUT}' is the name of those who see the default"
            self._report((*path, "experiment", "split", HOLDOUT), what, "give another name")
        for name in sorted(split.keys() ^ node.variants.keys()):
            what = f"'{name}' has to stand in both `experiment.split` and `variants`"
            self._report(path, what, "add it, or remove it")
        if not any(split.values()):
            self._report((*path, "experiment"), "no variant has a weight", "give one a weight")
        experiment = Experiment(
            salt=(node.experiment and node.experiment.salt) or salt,
            weights=dict(split),
            holdout_ratio=node.experiment.holdout / 100 if node.experiment else 0,
        )
        variants = {
            name: self.read_list(variant, (*path, "variants", name))
            for name, variant in node.variants.items()
        }
        return Split(experiment, variants)

    def read_list(self, node: ListNode, path: Path) -> ListTemplate:
        """Return a query, and what the gateway does beside it."""
        ordered = node.order is not None
        query = self._query(_sorted(node), (*path, "query"), as_listed=ordered)
        hidden_ids, hidden_terms = self._hidden(node, (*path, "hide"))
        fills = (self._query(fill, (*path, "fill", i)) for i, fill in enumerate(node.fill))
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
            return self.read_pick(node.pin.from_, (*path, "from"))
        ids = self._ids(node.pin or [], path)
        if isinstance(node.hide, list) and set(ids).intersection(node.hide):
            self._report(path, "an ID is both pinned and hidden", "keep one of them")
        return ids

    def _hidden(self, node: ListNode, path: Path) -> tuple[tuple[str, ...], tuple[Term, ...]]:
        """Return the IDs to leave out, or the terms that leave out by fields."""
        if isinstance(node.hide, dict):
            negated = {name: {"not": value} for name, value in node.hide.items()}
            return (), self._query(negated, path).terms
        return self._ids(node.hide or [], path), ()

    def _ids(self, ids: list[str], path: Path) -> tuple[str, ...]:
        for i, one in enumerate(ids):
            if not is_id(one):
                what = f"'{one}' cannot be an ID"
                self._report((*path, i), what, "letters, digits, - and _ only")
        return tuple(dict.fromkeys(ids))

    def _query(
        self, query: Mapping[str, Any], path: Path, *, as_listed: bool = False
    ) -> QueryTemplate:
        try:
            return read_query(self._resource, query, as_listed=as_listed)
        except FormError as exc:
            self._report((*path, *exc.path), exc.what, exc.mend)
            return QueryTemplate(self._resource, ())

    def read_pick(self, path: str, at: Path) -> Pick:
        """Return a path into the decision."""
        try:
            return read_pick(path, at)
        except FormError as exc:
            self._report(exc.path, exc.what, exc.mend)
            return read_pick("missing", at)


def _sorted(node: ListNode) -> dict[str, Any]:
    """Return the query with what is boosted and buried before its own sort."""
    query = dict(node.query or {})
    first = [*(f"!{field}" for field in node.boost), *node.bury]
    if first:
        own = query.get("sortBy", [])
        query["sortBy"] = [*first, *(own if isinstance(own, list) else [own])]
    return query
