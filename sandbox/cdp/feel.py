"""The cells of decision tables: FEEL's unary tests, as far as tables use them.

A cell is one or more tests separated by commas (any of them may hold), or `not(…)` around them;
`-` and an empty cell always hold. A test is a literal, a comparison such as `>= 3`, or a range
such as `[1..5)`. Literals are texts in double quotes, numbers, `true`, `false`, `null` and
`date("2026-11-27")`; a date is compared as epoch milliseconds, the form that guests carry.
The language: https://www.omg.org/spec/DMN, "unary tests".
"""

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

Test = Callable[[Any], bool]

_TOKEN = re.compile(
    r"""\s*(?:(?P<text>"(?:\\.|[^"\\])*")|(?P<number>-?\d+(?:\.\d+)?)|(?P<name>date\ and\ time|\w+)
    |(?P<symbol>\.\.|<=|>=|!=|[<>=(),\[\]])|(?P<end>$))""",
    re.VERBOSE,
)
_COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_CONSTANTS: Mapping[str, Any] = {"true": True, "false": False, "null": None}


class FeelError(ValueError):
    """A cell that is no unary test, or not one of the subset."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell as it is written, and the test that it stands for."""

    text: str
    holds: Test


def parse(text: str) -> Cell:
    """Read a cell; raises FeelError."""
    if text.strip() in {"", "-"}:
        return Cell(text, lambda _: True)
    parser = _Parser(text)
    test = parser.tests()
    parser.expect("")
    return Cell(text, test)


class _Parser:
    def __init__(self, cell: str) -> None:
        self._cell = cell
        self._at = 0
        self._advance()

    def _advance(self) -> None:
        match = _TOKEN.match(self._cell, self._at)
        if match is None:
            raise FeelError(f"Cannot read {self._cell[self._at :].strip()!r} in {self._cell!r}")
        self._at = match.end()
        self._kind = str(match.lastgroup)
        self._text = match[self._kind]

    def _take(self) -> str:
        text = self._text
        self._advance()
        return text

    def _accept(self, *texts: str) -> str | None:
        return self._take() if self._text in texts and self._kind != "text" else None

    def expect(self, text: str) -> None:
        """Read *text* ("" is the end of the cell)."""
        if self._text != text or self._kind == "text":
            raise FeelError(
                f"Expected {text or 'the end'!r}, found {self._text!r} in {self._cell!r}"
            )
        if text:
            self._advance()

    def tests(self) -> Test:
        """Read `test, test…` or `not(test, test…)`."""
        if self._accept("not"):
            self.expect("(")
            inner = self.tests()
            self.expect(")")
            return lambda value: not inner(value)
        tests = [self._test()]
        while self._accept(","):
            tests.append(self._test())
        return lambda value: any(test(value) for test in tests)

    def _test(self) -> Test:
        if symbol := self._accept(*_COMPARISONS):
            return _comparing(_COMPARISONS[symbol], self._literal())
        if self._accept("!="):
            other = self._literal()
            return lambda value: not _equal(value, other)
        if opening := self._accept("[", "(", "]"):
            return self._range(opening)
        self._accept("=")
        literal = self._literal()
        return lambda value: _equal(value, literal)

    def _range(self, opening: str) -> Test:
        low = self._literal()
        self.expect("..")
        high = self._literal()
        closing = self._accept("]", ")", "[")
        if closing is None:
            raise FeelError(f"Expected a range to end, found {self._text!r} in {self._cell!r}")
        above = _comparing(operator.ge if opening == "[" else operator.gt, low)
        below = _comparing(operator.le if closing == "]" else operator.lt, high)
        return lambda value: above(value) and below(value)

    def _literal(self) -> Any:
        kind, text = self._kind, self._take()
        if kind == "text":
            return re.sub(r"\\(.)", r"\1", text[1:-1])
        if kind == "number":
            return float(text)
        if text in _CONSTANTS:
            return _CONSTANTS[text]
        if text in {"date", "date and time"}:
            return self._date()
        hint = f'; a text is written in double quotes: "{text}"' if kind == "name" else ""
        raise FeelError(f"Expected a value, found {text!r} in {self._cell!r}{hint}")

    def _date(self) -> float:
        self.expect("(")
        text = self._literal()
        self.expect(")")
        try:
            at = datetime.fromisoformat(str(text))
        except ValueError as exc:
            raise FeelError(f"Not a date in {self._cell!r}: {exc}") from exc
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * 1000


def _comparing(compare: Callable[[Any, Any], bool], other: Any) -> Test:
    """Order numbers with numbers and texts with texts; anything else does not hold."""
    return lambda value: _kind(value) == _kind(other) != "other" and compare(value, other)


def _equal(value: Any, other: Any) -> bool:
    return _kind(value) == _kind(other) and bool(value == other)


def _kind(value: Any) -> str:
    """Tell numbers, texts and the rest apart; in Python, True equals 1."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return "number"
    return "text" if isinstance(value, str) else "other"
