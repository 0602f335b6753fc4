r"""OrderCloud's list grammar, written: values become the text of a filter that means just them.

Alternatives are joined by `|`; `!`, `>`, `<` and `=` mean something at the start of an alternative,
`*` and `\` anywhere. A backslash makes the next character an ordinary one.
Source: docs/sources.md#list-grammar.
"""

import functools
from collections.abc import Iterable
from enum import StrEnum
from urllib.parse import quote

MISSING = "!*"
PRESENT = "*"

_ANYWHERE = str.maketrans({character: f"\\{character}" for character in r"\|*"})
_LEADING = ("!", ">", "<", "=")
# What WHATWG URL leaves alone in a query and OrderCloud's grammar uses; all else is encoded.
_SAFE = "|!*'(),:;@/?$~"


class Comparison(StrEnum):
    """How a field is compared, named as rules name it."""

    GT = "gt"
    GTE = "gte"
    LT = "lt"
    LTE = "lte"

    @property
    def sign(self) -> str:
        """Return OrderCloud's operator."""
        return {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}[self.value]


def literal(value: str) -> str:
    """Return *value* as one alternative that equals it and nothing else."""
    escaped = value.translate(_ANYWHERE)
    return f"\\{escaped}" if escaped.startswith(_LEADING) else escaped


def any_of(values: Iterable[str]) -> str:
    """Return the filter that holds for each of *values*."""
    return "|".join(map(literal, values))


def none_of(values: Iterable[str]) -> tuple[str, ...]:
    """Return filters that, together, exclude *values*: repeated names mean AND."""
    return tuple(f"!{literal(value)}" for value in values)


def compare(comparison: Comparison, value: str) -> str:
    """Return the filter *field* comparison *value*."""
    return f"{comparison.sign}{literal(value)}"


def like(pattern: str) -> str:
    """Return *pattern*, whose `*` stand for any text, with all else taken literally."""
    return "*".join(map(literal, pattern.split("*")))


def encode(params: Iterable[tuple[str, str]]) -> str:
    """Return the query string of *params*."""
    return "&".join([f"{_quoted(name, '|')}={_quoted(text, _SAFE)}" for name, text in params])


_quoted = functools.lru_cache(maxsize=4096)(quote)
