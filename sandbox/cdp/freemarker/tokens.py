"""Cuts template and expression source into pieces, minding quotes and brackets."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from sandbox.cdp.freemarker.values import TemplateError

_TOKEN = re.compile(
    r"""
    (?P<space>\s+)
  | (?P<number>\d+(?:\.\d+)?)
  | (?P<raw>r"[^"]*"|r'[^']*')
  | (?P<string>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')
  | (?P<name>[A-Za-z_$@][\w$@]*)
  | (?P<operator>->|\?\?|\.\.<?|==|!=|<=|>=|&&|\|\||[-+*/%<>=!?.,:()\[\]{}])
    """,
    re.VERBOSE | re.DOTALL,
)
_OPEN, _CLOSE = frozenset("([{"), frozenset(")]}")


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of an expression; *start* and *end* are where it stands in the source."""

    kind: str
    text: str
    start: int
    end: int


def tokenize(source: str) -> list[Token]:
    """Cut an expression into tokens; the last one is of kind `end`."""
    tokens, at = [], 0
    while at < len(source):
        match = _TOKEN.match(source, at)
        if match is None:
            raise TemplateError(f"Unexpected {source[at]!r} in expression: {source.strip()}")
        if match.lastgroup != "space":
            tokens.append(Token(str(match.lastgroup), match[0], at, match.end()))
        at = match.end()
    return [*tokens, Token("end", "", at, at)]


def expression_end(source: str, start: int, closing: str) -> int:
    """Return where the expression from *start* is closed by *closing*, outside of brackets."""
    depth = 0
    for match in re.compile(_TOKEN.pattern + r"|(?P<other>.)", _TOKEN.flags).finditer(
        source, start
    ):
        if depth == 0 and match[0].startswith(closing):
            return match.start()
        depth += (match[0] in _OPEN) - (match[0] in _CLOSE)
    raise TemplateError(f"No {closing!r} after: {source[start : start + 40]}")


def interpolations(text: str) -> Iterator[tuple[str, str | None]]:
    """Split *text* at its `${…}`: each part is plain text and the expression after it, if any."""
    at = 0
    while (start := text.find("${", at)) >= 0:
        end = expression_end(text, start + 2, "}")
        yield text[at:start], text[start + 2 : end]
        at = end + 1
    yield text[at:], None
