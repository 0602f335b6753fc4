"""Parses FreeMarker expressions.

Each method of the parser is one rule of the grammar and returns an Expression that evaluates it.
The language: https://freemarker.apache.org/docs/dgui_template_exp.html
"""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal

from sandbox.cdp.freemarker import operators
from sandbox.cdp.freemarker.builtins import BUILTINS
from sandbox.cdp.freemarker.scope import Expression, Scope
from sandbox.cdp.freemarker.tokens import Token, interpolations, tokenize
from sandbox.cdp.freemarker.values import TemplateError, Value, text, truth

_ESCAPE = re.compile(r"\\(?:x([0-9A-Fa-f]{1,4})|(.))", re.DOTALL)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "l": "<", "g": ">", "a": "&"}
_STARTS = frozenset({"number", "raw", "string", "name"})
_OPENS = frozenset({"(", "[", "{", "."})


# What a missing value becomes by `!` alone; it also counts as an empty sequence.
_EMPTY = Expression('""', lambda _: "")

# Built-ins of a loop's variable; the loop keeps two names of old FreeMarker beside it.
_LOOP: Mapping[str, Callable[[str], Callable[[Scope], Value]]] = {
    "index": lambda name: lambda scope: scope.find(f"{name}_index"),
    "counter": lambda name: lambda scope: scope.find(f"{name}_index") + 1,
    "has_next": lambda name: lambda scope: scope.find(f"{name}_has_next"),
    "is_first": lambda name: lambda scope: scope.find(f"{name}_index") == 0,
    "is_last": lambda name: lambda scope: not scope.find(f"{name}_has_next"),
}

_Binary = Callable[[Expression, Expression], Callable[[Scope], Value]]


def _strict(apply: Callable[[Value, Value], Value]) -> _Binary:
    return lambda left, right: lambda scope: apply(left.value(scope), right.value(scope))


# From the loosest to the tightest binding.
_LEVELS: tuple[Mapping[str, _Binary], ...] = (
    {"||": lambda a, b: lambda s: truth(a.value(s)) or truth(b.value(s))},
    {"&&": lambda a, b: lambda s: truth(a.value(s)) and truth(b.value(s))},
    {
        "==": _strict(operators.equal),
        "=": _strict(operators.equal),
        "!=": _strict(lambda left, right: not operators.equal(left, right)),
    },
    {name: _strict(order) for name, order in operators.ORDERINGS.items()},
    {"..": _strict(operators.inclusive_range), "..<": _strict(operators.exclusive_range)},
    {"+": _strict(operators.add), "-": _strict(operators.subtract)},
    {
        "*": _strict(operators.multiply),
        "/": _strict(operators.divide),
        "%": _strict(operators.remainder),
    },
)


def parse(source: str) -> Expression:
    """Parse a whole source as one expression; raises TemplateError."""
    parser = Parser(source)
    expression = parser.expression()
    parser.expect_end()
    return expression


class Parser:
    """Reads expressions from *source*, one after the other."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._tokens = tokenize(source)
        self._at = 0

    def expression(self) -> Expression:
        """Read one expression."""
        return self._binary(0)

    def accept(self, *texts: str) -> str | None:
        """Read the next token if it is one of *texts*."""
        token = self._peek
        if token.text in texts and token.kind in {"operator", "name"}:
            self._at += 1
            return token.text
        return None

    def expect(self, text: str) -> None:
        """Read *text*; raises TemplateError if something else stands there."""
        if self.accept(text) is None:
            found = self._peek.text or "the end"
            raise TemplateError(f"Expected {text!r}, found {found!r} in: {self._source.strip()}")

    def expect_name(self) -> str:
        """Read a name."""
        token = self._take()
        if token.kind != "name":
            raise TemplateError(f"Expected a name, found {token.text!r} in: {self._source.strip()}")
        return token.text

    def expect_end(self) -> None:
        """Make sure that nothing is left."""
        if self._peek.kind != "end":
            raise TemplateError(f"Unexpected {self._peek.text!r} in: {self._source.strip()}")

    @property
    def at_end(self) -> bool:
        """Whether nothing is left."""
        return self._peek.kind == "end"

    @property
    def _peek(self) -> Token:
        return self._tokens[self._at]

    @property
    def _starts_expression(self) -> bool:
        token = self._peek
        return token.text != "as" and (token.kind in _STARTS or token.text in _OPENS)

    def _take(self) -> Token:
        token = self._tokens[self._at]
        self._at += token.kind != "end"
        return token

    def _since(self, start: int) -> str:
        return self._source[start : self._tokens[self._at - 1].end]

    def _binary(self, level: int) -> Expression:
        if level == len(_LEVELS):
            return self._unary()
        start = self._peek.start
        left = self._binary(level + 1)
        while symbol := self.accept(*_LEVELS[level]):
            right = self._binary(level + 1)
            left = Expression(self._since(start), _LEVELS[level][symbol](left, right))
        return left

    def _unary(self) -> Expression:
        start = self._peek.start
        symbol = self.accept("!", "-", "+")
        if symbol is None:
            return self._postfix()
        operand, apply = self._unary(), operators.UNARY[symbol]
        return Expression(self._since(start), lambda scope: apply(operand.value(scope)))

    def _postfix(self) -> Expression:
        start = self._peek.start
        operand = self._primary()
        while symbol := self.accept(".", "[", "(", "?", "!", "??"):
            find = self._suffix(symbol, operand)
            operand = Expression(self._since(start), find)
        return operand

    def _suffix(self, symbol: str, operand: Expression) -> Callable[[Scope], Value]:
        match symbol:
            case ".":
                name = self.expect_name()
                return lambda scope: operators.member(operand.value(scope), name)
            case "[":
                index = self.expression()
                self.expect("]")
                return lambda scope: operators.item(operand.value(scope), index.value(scope))
            case "(":
                arguments = self._list_until(")")
                return lambda scope: operators.call(
                    operand.value(scope), [argument.value(scope) for argument in arguments]
                )
            case "?":
                return self._builtin(operand)
            case "!":
                return self._default(operand)
            case _:
                return lambda scope: operand.forgiven(scope) is not None

    def _default(self, operand: Expression) -> Callable[[Scope], Value]:
        """Read what stands in for a missing value: the whole expression that follows, if any."""
        default = self.expression() if self._starts_expression else _EMPTY

        def find(scope: Scope) -> Value:
            value = operand.forgiven(scope)
            return default.value(scope) if value is None else value

        return find

    def _builtin(self, operand: Expression) -> Callable[[Scope], Value]:
        name = self.expect_name()
        arguments = self._list_until(")") if self.accept("(") else []
        if name == "then":
            return _choice(operand, arguments)
        if name == "has_content":
            return lambda scope: operators.has_content(operand.forgiven(scope))
        if name in _LOOP:
            return _LOOP[name](operand.source)
        if name not in BUILTINS:
            raise TemplateError(f"The built-in ?{name} is not supported")
        apply = BUILTINS[name]
        return lambda scope: apply(
            operand.value(scope), *(argument.value(scope) for argument in arguments)
        )

    def _primary(self) -> Expression:
        token = self._take()
        find = self._literal(token)
        parenthesized = token.kind == "operator" and token.text == "("
        return Expression(self._since(token.start), find, parenthesized)

    def _literal(self, token: Token) -> Callable[[Scope], Value]:
        match token.kind, token.text:
            case "number", digits:
                return _constant(Decimal(digits) if "." in digits else int(digits))
            case "raw", quoted:
                return _constant(quoted[2:-1])
            case "string", quoted:
                return _string(quoted[1:-1])
            case "name", "true" | "false":
                return _constant(token.text == "true")
            case "name", name:
                return self._lambda(name) if self.accept("->") else lambda s: s.find(name)
            case "operator", opening:
                return self._bracketed(opening)
            case _:
                raise TemplateError(f"Expression breaks off: {self._source.strip()}")

    def _bracketed(self, opening: str) -> Callable[[Scope], Value]:
        match opening:
            case "(":
                inner = self.expression()
                self.expect(")")
                return inner.find
            case "[":
                items = self._list_until("]")
                return lambda scope: [item.value(scope) for item in items]
            case "{":
                return self._hash()
            case ".":
                return self._special()
            case _:
                raise TemplateError(f"Unexpected {opening!r} in: {self._source.strip()}")

    def _special(self) -> Callable[[Scope], Value]:
        name = self.expect_name()
        if name != "now":
            raise TemplateError(f"Only .now is supported of the special variables, not .{name}")
        return lambda scope: scope.now

    def _lambda(self, name: str) -> Callable[[Scope], Value]:
        body = self.expression()
        return lambda scope: lambda value: body.value(scope.bound({name: value}))

    def _hash(self) -> Callable[[Scope], Value]:
        pairs: list[tuple[Expression, Expression]] = []
        while not self.accept("}"):
            if pairs:
                self.expect(",")
            key = self.expression()
            self.expect(":")
            pairs.append((key, self.expression()))
        return lambda scope: {text(k.value(scope)): v.value(scope) for k, v in pairs}

    def _list_until(self, closing: str) -> list[Expression]:
        items: list[Expression] = []
        while not self.accept(closing):
            if items:
                self.expect(",")
            items.append(self.expression())
        return items


def _constant(value: Value) -> Callable[[Scope], Value]:
    return lambda _: value


def _choice(operand: Expression, arguments: list[Expression]) -> Callable[[Scope], Value]:
    """`?then(yes, no)`: only the one chosen is evaluated."""
    if len(arguments) != 2:  # noqa: PLR2004 - yes and no
        raise TemplateError("?then takes two arguments")
    yes, no = arguments
    return lambda scope: (yes if truth(operand.value(scope)) else no).value(scope)


def _string(quoted: str) -> Callable[[Scope], Value]:
    """A string literal; what it interpolates is evaluated each time."""
    parts = [
        (_ESCAPE.sub(_unescape, plain), parse(source) if source is not None else None)
        for plain, source in interpolations(quoted)
    ]
    return lambda scope: "".join(
        plain + (text(inner.value(scope)) if inner else "") for plain, inner in parts
    )


def _unescape(match: re.Match[str]) -> str:
    return chr(int(match[1], 16)) if match[1] else _ESCAPES.get(match[2], match[2])
