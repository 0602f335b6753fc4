r"""The grammar of filter values: `a|!b`, `red*`, `>=5`, `!*`, `\*`.

Source: OrderCloud's "advanced querying" and the list parser of its .NET Catalyst library.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from sandbox.ordercloud.listing.resource import Field

_PREFIX = re.compile(r"(!*)([<>]?)(=?)")
_TOKEN = re.compile(r"\\(?P<escaped>.)|(?P<special>[*|])|(?P<literal>[^\\*|]+|\\$)", re.DOTALL)


class Operator(Enum):
    """How a field's value relates to the filter's."""

    IS = "="
    ABOVE = ">"
    FROM = ">="
    BELOW = "<"
    TO = "<="


_OPPOSITE = {
    Operator.ABOVE: Operator.TO,
    Operator.FROM: Operator.BELOW,
    Operator.BELOW: Operator.FROM,
    Operator.TO: Operator.ABOVE,
}


@dataclass(frozen=True, slots=True)
class Term:
    """One alternative of a filter value.

    *parts* are the literal texts between wildcards: `("red",)` is `red`, `("red", "")` is `red*`.
    """

    operator: Operator
    parts: tuple[str, ...]
    negated: bool = False

    @property
    def is_presence(self) -> bool:
        """Whether it only asks for a value, whatever it is: `*`."""
        return len(self.parts) > 1 and not any(self.parts)

    @property
    def is_pattern(self) -> bool:
        """Whether it has wildcards."""
        return len(self.parts) > 1


@dataclass(frozen=True, slots=True)
class Filter:
    """Holds where any of the fields satisfies any of the terms."""

    fields: tuple[Field, ...]
    terms: tuple[Term, ...]


def parse_terms(value: str) -> tuple[Term, ...]:
    """Return the alternatives of a filter value; every text has a meaning."""
    return tuple(_parse_term(text) for text in _alternatives(value))


def _alternatives(value: str) -> Iterator[str]:
    """Split at each `|` that is not escaped."""
    start = 0
    for token in _TOKEN.finditer(value):
        if token["special"] == "|":
            yield value[start : token.start()]
            start = token.end()
    yield value[start:]


def _parse_term(text: str) -> Term:
    prefix = _PREFIX.match(text)
    assert prefix
    negated = len(prefix[1]) % 2 == 1
    operator = Operator((prefix[2] + prefix[3]) or "=")
    parts = _parts(text[prefix.end() :])
    if operator is Operator.IS:
        return Term(operator, parts, negated)
    return Term(_OPPOSITE[operator] if negated else operator, ("*".join(parts),))


def _parts(text: str) -> tuple[str, ...]:
    """Return the literal texts between wildcards, their escapes resolved."""
    parts = [""]
    for token in _TOKEN.finditer(text):
        if token["special"]:
            parts.append("")
        else:
            parts[-1] += token["escaped"] or token["literal"]
    return tuple(parts)
