"""The value forms of a rule's `query:`, from YAML to `Term`s.

A name is either a parameter of the list (`categoryID`, `sortBy`) or a field to filter on. A field
takes a scalar, a list (any of), or conditions: `{not:}`, `{gt:, lte:}`, `{between:}`, `{like:}`,
`{missing:}`, `{from:}`.
"""

import contextlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import jmespath
from jmespath.functions import Functions

from proxy.core import grammar
from proxy.core.grammar import Comparison
from proxy.core.query import JOINED, Kind, Pick, QueryTemplate, Term, as_text
from proxy.core.resources import FIELDS, HINTS, ID, RESOURCES, Resource
from proxy.document import Path, nearest

_FUNCTIONS = frozenset(Functions.FUNCTION_TABLE)
CONDITIONS = ["not", "gt", "gte", "lt", "lte", "between", "like", "missing", "from"]


class FormError(ValueError):
    """Something in a rule that cannot be; *path* leads there from where reading began."""

    def __init__(self, path: Path, what: str, mend: str) -> None:
        super().__init__(f"{what}; {mend}")
        self.path, self.what, self.mend = path, what, mend


def read_query(resource: str, query: Mapping[str, Any], *, as_listed: bool) -> QueryTemplate:
    """Make the template of a YAML `query:`, names to value forms.

    Raises:
        FormError: at the first name or value that cannot be.
    """
    terms = tuple(
        term
        for name, value in query.items()
        for term in _read_terms(RESOURCES[resource], name, value)
    )
    template = QueryTemplate(resource, terms, as_listed)
    if as_listed and not template.lists_ids:
        raise FormError((), "`order: as-listed` has no list to follow", "give `ID` as a list")
    return template


def is_id(text: str) -> bool:
    """Say whether *text* can be an ID in OrderCloud."""
    return ID.fullmatch(text) is not None


def read_pick(path: Any, at: Path) -> Pick:
    """Read a JMESPath into a decision.

    Raises:
        FormError: it is not one.
    """
    if isinstance(path, str):
        with contextlib.suppress(jmespath.exceptions.JMESPathError, RecursionError):
            expression = jmespath.compile(path)
            if _can_run(expression.parsed):
                return Pick(path, expression)
    what = f"{path!r} is not a path into the decision"
    raise FormError(at, what, "write e.g. persona, offer.ids or products[].id")


def _can_run(node: Mapping[str, Any]) -> bool:
    """Say whether JMESPath will run what it has parsed: it looks functions up only then."""
    if node["type"] == "function_expression" and node["value"] not in _FUNCTIONS:
        return False
    if node["type"] == "slice" and node["children"][-1] == 0:
        return False
    return all(_can_run(child) for child in node["children"] if isinstance(child, dict))


@dataclass(frozen=True, slots=True)
class _Name:
    """The name that a term is for, and what its values must look like."""

    text: str
    kind: Kind
    accepts: re.Pattern[str] | None

    def term(
        self,
        value: Any,
        at: Path,
        kind: Kind | None = None,
        comparison: Comparison | None = None,
    ) -> Term:
        """Return the term of *value*: fixed, or picked from the decision."""
        kind = kind or self.kind
        if isinstance(value, dict):
            if set(value) != {"from"}:
                raise FormError(at, "this is neither a value nor {from: path}", "keep one of them")
            picked = read_pick(value["from"], (*at, "from"))
            return Term(self.text, kind, picked, self.accepts, comparison)
        texts = tuple(self._texts(value, at))
        term = Term(self.text, kind, texts, self.accepts, comparison)
        return Term(self.text, kind, term.write(texts), self.accepts, comparison)

    def _texts(self, value: Any, at: Path) -> Iterator[str]:
        if not isinstance(value, list):
            yield self._text(value, at)
            return
        if not value:
            raise FormError(at, "this list is empty", "name at least one value")
        for i, one in enumerate(value):
            yield self._text(one, (*at, i))

    def _text(self, value: Any, at: Path) -> str:
        if value is None or value == "":
            raise FormError(at, "there is no value", "write one, or {missing: true} for a field")
        if not isinstance(value, str | int | float):
            raise FormError(at, "this is neither a value nor a condition", "see docs/rules.md")
        text = as_text(value)
        if self.accepts and not self.accepts.fullmatch(text):
            raise FormError(at, f"{text!r} cannot be {self.text}", HINTS[self.accepts])
        return text


def _read_terms(resource: Resource, name: str, value: Any) -> Iterator[Term]:
    if name in resource.parameters:
        yield _read_parameter(_Name(name, Kind.PLAIN, resource.parameters[name]), value)
        if name == "sortBy":
            _refuse_odd_fields(name, value, resource.why_no_sort)
        if name == "searchOn":
            _refuse_odd_fields(name, value, resource.why_no_search)
        return
    _refuse_odd_name(resource, name)
    field = _Name(name, Kind.ANY, ID if name == "ID" else None)
    if isinstance(value, dict) and "from" not in value:
        for condition, operand in value.items():
            yield from _read_condition(field, condition, operand)
    else:
        yield field.term(value, (name,))


def _refuse_odd_name(resource: Resource, name: str) -> None:
    if name.casefold() == "page":
        raise FormError((name,), "the page is the shopper's to choose", "remove it")
    for parameter in resource.parameters:
        if name.casefold() == parameter.casefold():
            raise FormError((name,), f"'{name}' is not a field", f"did you mean '{parameter}'?")
    if not FIELDS.fullmatch(name):
        what = f"'{name}' cannot be the name of a field"
        raise FormError((name,), what, "write e.g. Name, xp.color or Name|Description")
    wrong = resource.why_no_filter(name)
    if wrong is not None:
        raise FormError((name,), *wrong)


def _refuse_odd_fields(
    name: str, value: Any, why_not: Callable[[str], tuple[str, str] | None]
) -> None:
    if isinstance(value, dict):
        return
    for i, field in enumerate(value if isinstance(value, list) else [value]):
        wrong = why_not(field)
        if wrong is not None:
            raise FormError((name, i) if isinstance(value, list) else (name,), *wrong)


def _read_parameter(name: _Name, value: Any) -> Term:
    if isinstance(value, dict) and set(value) != {"from"}:
        what = f"{name.text} is a parameter, not a field: it takes no conditions"
        raise FormError((name.text,), what, "give a value, or {from: path}")
    if isinstance(value, list) and name.text not in JOINED:
        raise FormError((name.text,), f"{name.text} takes one value, not a list", "keep one")
    return name.term(value, (name.text,))


def _read_condition(field: _Name, condition: str, operand: Any) -> Iterator[Term]:
    at = (field.text, condition)
    match condition:
        case "not":
            yield field.term(operand, at, Kind.NONE)
        case "gt" | "gte" | "lt" | "lte":
            yield _read_comparison(field, Comparison(condition), operand, at)
        case "between":
            if not isinstance(operand, list) or len(operand) != 2:  # noqa: PLR2004 - from and to
                raise FormError(at, "between takes two values", "write {between: [10, 20]}")
            yield _read_comparison(field, Comparison.GTE, operand[0], (*at, 0))
            yield _read_comparison(field, Comparison.LTE, operand[1], (*at, 1))
        case "like":
            yield Term(field.text, Kind.WRITTEN, (_read_pattern(operand, at),))
        case "missing":
            if not isinstance(operand, bool):
                raise FormError(at, f"{operand!r} is not true or false", "write {missing: true}")
            written = grammar.MISSING if operand else grammar.PRESENT
            yield Term(field.text, Kind.WRITTEN, (written,))
        case _:
            what = f"'{condition}' is not a condition"
            raise FormError(at, what, nearest(condition, CONDITIONS))


def _read_comparison(field: _Name, comparison: Comparison, operand: Any, at: Path) -> Term:
    if isinstance(operand, list):
        raise FormError(at, "a comparison takes one value, not a list", "keep one of them")
    return field.term(operand, at, Kind.COMPARE, comparison)


def _read_pattern(operand: Any, at: Path) -> str:
    if not isinstance(operand, str) or "*" not in operand:
        what = f"{operand!r} has no * to stand for any text"
        raise FormError(at, what, 'write e.g. {like: "abc*"}')
    return grammar.like(operand)
