"""The query of a rule, as loaded, and what it becomes for one decision and one shopper.

A `QueryTemplate` is made once (core.forms); `fill` is pure and runs per request. Values from a
decision are data: they are escaped, or must look like what the parameter takes, so nothing in a
decision can add a parameter, an operator or a path.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from jmespath.parser import ParsedResult

from proxy.core import grammar
from proxy.core.grammar import Comparison
from proxy.model import Asked, Json, ListQuery

PAGE_SIZE_MAX = 100
PAGE_SIZE_DEFAULT = 20
JOINED = frozenset({"searchOn", "sortBy"})
"""Parameters that take several fields, joined by commas."""

_EMPTY: tuple[Json, ...] = ("", [], {})
_IDS_MAX = 1000
_URL_IDS_MAX = 1500
_URL_EXCLUDED_MAX = 1200
_STEPS = frozenset(
    {
        "filter_projection",
        "flatten",
        "index_expression",
        "pipe",
        "projection",
        "subexpression",
        "value_projection",
    }
)


class Unusable(Exception):
    """The decision holds no usable value for a `{from: …}`; the rule then does not apply."""


class Kind(Enum):
    """How the values of a term are written."""

    PLAIN = auto()  # a parameter of its own, like categoryID: no grammar
    WRITTEN = auto()  # in OrderCloud's grammar already
    ANY = auto()
    NONE = auto()
    COMPARE = auto()


@dataclass(frozen=True, slots=True)
class Pick:
    """A JMESPath into the decision's output."""

    path: str
    expression: ParsedResult

    def find(self, output: Json) -> Any:
        """Return what is there, or None; also where a function of the path cannot be applied."""
        parsed = self.expression.parsed
        if parsed["type"] == "field":  # as most are: what JMESPath would do, ten times as fast
            return output.get(parsed["value"]) if isinstance(output, dict) else None
        try:
            return self.expression.search(output)
        except (TypeError, ValueError, ArithmeticError):  # JMESPath's own errors are ValueErrors
            return None

    def finds(self, output: Json) -> bool:
        """Say whether something is there that is worth the name: no empty text, list or object."""
        found = self.find(output)
        return found is not None and found not in _EMPTY

    @property
    def root(self) -> str | None:
        """Return the key of the output that the path starts from, if it starts from one."""
        node = self.expression.parsed
        while node["type"] != "field":
            if node["type"] not in _STEPS or not node["children"]:
                return None
            node = node["children"][0]
        return str(node["value"])

    def looks_at(self, name: str) -> bool:
        """Say whether the path follows a key called *name*, wherever in it."""
        nodes: list[Mapping[str, Any]] = [self.expression.parsed]
        while nodes:
            node = nodes.pop()
            if node["type"] == "field" and node["value"] == name:
                return True
            nodes += [child for child in node["children"] if isinstance(child, dict)]
        return False

    def texts(self, output: Json) -> tuple[str, ...]:
        """Return the scalar, or the scalars of the list, as texts, each once.

        Raises:
            Unusable: nothing is there, or something that is neither.
        """
        found = self.find(output)
        values = found if isinstance(found, list) else [found]
        if not values or not all(isinstance(v, str | int | float) and v != "" for v in values):
            raise Unusable(f"'{self.path}' is {_describe(found)}")
        return tuple(dict.fromkeys(as_text(value) for value in values))[:_IDS_MAX]


@dataclass(frozen=True, slots=True)
class Term:
    """One parameter of a query: fixed texts on the wire, or values still to be picked.

    *accepts* is what each picked value must look like, where OrderCloud takes no free text.
    """

    name: str
    kind: Kind
    values: tuple[str, ...] | Pick
    accepts: re.Pattern[str] | None = None
    comparison: Comparison | None = None

    def fill(self, output: Json) -> tuple[str, ...]:
        """Return the values on the wire: one, or several that all must hold.

        Raises:
            Unusable: the decision has no value that fits.
        """
        if not isinstance(self.values, Pick):
            return self.values
        texts = self.values.texts(output)
        for text in texts:
            if self.accepts and not self.accepts.fullmatch(text):
                raise Unusable(f"'{self.values.path}' gives {text!r}, which {self.name} cannot be")
        return self.write(texts)

    def write(self, texts: tuple[str, ...]) -> tuple[str, ...]:
        """Return *texts* the way this kind of term is written."""
        match self.kind:
            case Kind.ANY:
                return (grammar.any_of(texts),)
            case Kind.NONE:
                return grammar.none_of(texts)
            case Kind.COMPARE:
                assert self.comparison is not None
                return (grammar.compare(self.comparison, texts[0]),)
            case Kind.WRITTEN:
                return texts
            case Kind.PLAIN:
                return (",".join(texts if self.name in JOINED else texts[:1]),)


@dataclass(frozen=True, slots=True)
class QueryTemplate:
    """A rule's query: a list resource, its terms, and whether the order of its IDs is kept."""

    resource: str
    terms: tuple[Term, ...]
    as_listed: bool = False

    @property
    def lists_ids(self) -> bool:
        """Say whether this query names the items one by one."""
        return any(term.name == "ID" and term.kind is Kind.ANY for term in self.terms)

    def fill(self, output: Json, asked: Asked) -> ListQuery:
        """Return the query for one decision; what the shopper asked for wins over the rule.

        Raises:
            Unusable: the decision lacks a value that the query needs.
        """
        params: dict[str, tuple[str, ...]] = {}
        for term in self.terms:
            if term.name not in asked.params:
                params[term.name] = params.get(term.name, ()) + term.fill(output)
        params |= asked.params
        if asked.page_size is not None:
            params["pageSize"] = (str(asked.page_size),)
        if self.lists_ids and "ID" not in asked.params:
            ids = tuple(params["ID"][0].split("|"))
            if (self.as_listed and "sortBy" not in asked.params) or not _fits(ids):
                return _ordered(self.resource, params, ids, asked)
        if asked.page is not None:
            params["page"] = (str(asked.page),)
        return ListQuery(self.resource, _canonical(params))


def targets(query: ListQuery) -> tuple[str, ...]:
    """Return the path and query string of each OrderCloud request that *query* takes."""
    path = f"/v1/{query.resource}"
    encoded = map(grammar.encode, _requests(query))
    return tuple(f"{path}?{params}" if params else path for params in encoded)


def is_exact(query: ListQuery) -> bool:
    """Say whether OrderCloud can leave out all that is excluded: a URL has room for so many IDs.

    It leaves out nothing otherwise, and the gateway does (core.compose).
    """
    return sum(len(f"&ID=!{one}") for one in query.excluded) <= _URL_EXCLUDED_MAX


def _requests(query: ListQuery) -> Iterator[tuple[tuple[str, str], ...]]:
    """Give the parameters of each request.

    One, but for IDs that the gateway puts in order: those go in batches that one request can hold.
    """
    if not query.order:
        texts = grammar.none_of(query.excluded) if is_exact(query) else ()
        named = (("ID", text) for text in texts)
        yield tuple(sorted((*query.params, *named), key=lambda param: param[0]))
        return
    batch: tuple[str, ...] = ()
    for one in query.order:
        if batch and not _fits((*batch, one)):
            yield _batch(query, batch)
            batch = ()
        batch += (one,)
    yield _batch(query, batch)


def as_text(value: str | float) -> str:
    """Return a YAML or JSON scalar as OrderCloud writes it: `true`, `5`, `4.5`."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _fits(ids: tuple[str, ...]) -> bool:
    """Say whether one request can ask for *ids*: a page holds 100, a URL about 2,000 bytes.

    Source: docs/sources.md#url-length.
    """
    return len(ids) <= PAGE_SIZE_MAX and sum(map(len, ids)) + len(ids) <= _URL_IDS_MAX


def _batch(query: ListQuery, ids: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    params = (("ID", "|".join(ids)), *query.params)
    return (*params, ("pageSize", str(len(ids)))) if len(ids) > PAGE_SIZE_DEFAULT else params


def _ordered(
    resource: str, params: dict[str, tuple[str, ...]], ids: tuple[str, ...], asked: Asked
) -> ListQuery:
    (page_size,) = params.pop("pageSize", (str(PAGE_SIZE_DEFAULT),))
    del params["ID"]
    return ListQuery(resource, _canonical(params), ids, asked.page or 1, int(page_size))


def _canonical(params: Mapping[str, tuple[str, ...]]) -> tuple[tuple[str, str], ...]:
    return tuple((name, text) for name in sorted(params) for text in params[name])


def _describe(found: Any) -> str:
    if found is None:
        return "missing from the decision"
    return "empty" if found in _EMPTY else "not a value or a list of values"
