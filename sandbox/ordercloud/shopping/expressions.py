"""Promotion expressions: `order.Subtotal > 100 and items.any(ProductID = 'p1')`.

Understands numbers, text, dotted properties, arithmetic, comparisons, `and`, `or`, `not`, `min`,
`max`, `in` and functions over `items`; OrderCloud's other functions are unknown here.
Source: OrderCloud's guide to rules-based expressions; the details of the grammar are assumed.
"""

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sandbox.ordercloud.collections import Entity
from sandbox.ordercloud.errors import ApiError


@dataclass(frozen=True, slots=True)
class Scope:
    """What names in an expression mean; *item* is the line item at hand, if there is one."""

    order: Entity
    items: Sequence[Entity]
    item: Entity | None = None


Expression = Callable[[Scope], Any]

_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d+)?)|(?P<text>'[^']*')|(?P<name>[A-Za-z_][\w.]*)"
    r"|(?P<sign><=|>=|<>|[-+*/%=<>(),]))"
)
_OPERATORS: Mapping[str, tuple[int, Callable[[Any, Any], Any]]] = {
    "or": (1, lambda left, right: bool(left) or bool(right)),
    "and": (2, lambda left, right: bool(left) and bool(right)),
    "=": (4, operator.eq),
    "<>": (4, operator.ne),
    "<": (4, operator.lt),
    "<=": (4, operator.le),
    ">": (4, operator.gt),
    ">=": (4, operator.ge),
    "+": (5, operator.add),
    "-": (5, operator.sub),
    "*": (6, operator.mul),
    "/": (6, operator.truediv),
    "%": (6, operator.mod),
}
"""How tightly each binds, and what it does."""
_NEGATION, _SIGN = 3, 7
_CONSTANTS: Mapping[str, object] = {"true": True, "false": False, "null": None}


def evaluate(text: str, scope: Scope) -> Any:
    """Return the value of an expression; raise OrderCloud's `Expression` errors."""
    parsed = _Parser(text).whole()
    try:
        return parsed(scope)
    except (TypeError, ValueError, ZeroDivisionError) as exc:
        raise ApiError("Expression.InvalidArguments") from exc


class _Parser:
    """Precedence climbing; every method returns a part that can be evaluated."""

    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self._at = 0

    def whole(self) -> Expression:
        parsed = self._expression(0)
        if self._at < len(self._tokens):
            raise ApiError("Expression.InvalidSyntax")
        return parsed

    def _expression(self, above: int) -> Expression:
        left = self._operand()
        while (sign := self._peek()) in _OPERATORS and _OPERATORS[sign][0] > above:
            self._at += 1
            binding, function = _OPERATORS[sign]
            left = _joined(function, left, self._expression(binding))
        return left

    def _operand(self) -> Expression:
        word = self._next()
        match word:
            case "(":
                inner = self._expression(0)
                self._expect(")")
                return inner
            case "not":
                denied = self._expression(_NEGATION)
                return lambda scope: not denied(scope)
            case "-":
                positive = self._expression(_SIGN)
                return lambda scope: -positive(scope)
            case _ if self._peek() == "(":
                return _call(word, self._arguments())
            case _:
                return _value(word)

    def _arguments(self) -> list[Expression]:
        self._expect("(")
        arguments: list[Expression] = []
        while self._peek() != ")":
            if arguments:
                self._expect(",")
            arguments.append(self._expression(0))
        self._expect(")")
        return arguments

    def _peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _next(self) -> str:
        token = self._peek()
        self._at += 1
        return token

    def _expect(self, token: str) -> None:
        if self._next() != token:
            raise ApiError("Expression.InvalidSyntax")


def _tokens(text: str) -> list[str]:
    tokens: list[str] = []
    at, text = 0, text.rstrip()
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise ApiError("Expression.InvalidToken")
        token = found.group().strip()
        tokens.append(token.lower() if token.lower() in {"and", "or", "not"} else token)
        at = found.end()
    return tokens


def _joined(function: Callable[[Any, Any], Any], left: Expression, right: Expression) -> Expression:
    return lambda scope: function(left(scope), right(scope))


def _value(token: str) -> Expression:
    if token[:1].isdigit():
        return lambda _: float(token)
    if token.startswith("'"):
        return lambda _: token[1:-1]
    if token.lower() in _CONSTANTS:
        return lambda _: _CONSTANTS[token.lower()]
    if not token[:1].isalpha():
        raise ApiError("Expression.InvalidSyntax")
    return lambda scope: _property(token, scope)


def _property(path: str, scope: Scope) -> Any:
    """Return a property of the order or the item; without a prefix it is the item's."""
    root, _, rest = path.partition(".")
    if root.lower() == "order":
        return _at(scope.order, rest)
    if scope.item is None:
        raise ApiError("Expression.ItemNotAllowed")
    return _at(scope.item, rest if root.lower() == "item" else path)


def _at(value: Any, path: str) -> Any:
    for step in path.split("."):
        known = value if isinstance(value, dict) else {}
        value = next((known[name] for name in known if name.lower() == step.lower()), None)
    return value


def _call(name: str, arguments: list[Expression]) -> Expression:
    over_items = _OVER_ITEMS.get(name.lower())
    if over_items is not None:
        condition = arguments[0] if arguments else lambda _: True
        return lambda scope: over_items(_matching(condition, scope), scope.items)
    function = _FUNCTIONS.get(name.lower())
    if function is None:
        raise ApiError("Expression.InvalidFunction")
    return lambda scope: function(*(argument(scope) for argument in arguments))


def _matching(condition: Expression, scope: Scope) -> list[Entity]:
    return [item for item in scope.items if condition(replace(scope, item=item))]


_OVER_ITEMS: Mapping[str, Callable[[Sequence[Entity], Sequence[Entity]], Any]] = {
    "items.any": lambda matching, _: bool(matching),
    "items.all": lambda matching, items: len(matching) == len(items),
    "items.count": lambda matching, _: len(matching),
    "items.quantity": lambda matching, _: sum(item["Quantity"] for item in matching),
    "items.total": lambda matching, _: sum(item["LineSubtotal"] for item in matching),
}
_FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "min": min,
    "max": max,
    "in": lambda value, *options: value in options,
}
