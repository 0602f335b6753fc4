"""Parses templates: text, `${interpolations}` and `<#directives>`.

The language: https://freemarker.apache.org/docs/ref_directives.html. White space is kept as it
is written: the templates at hand make JSON.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from sandbox.cdp.freemarker import blocks
from sandbox.cdp.freemarker.blocks import Block
from sandbox.cdp.freemarker.expressions import Parser, parse
from sandbox.cdp.freemarker.scope import Expression, Scope
from sandbox.cdp.freemarker.tokens import expression_end
from sandbox.cdp.freemarker.values import TemplateError, Value

_TAG = re.compile(r"<#--.*?-->|</#(?P<closed>\w+)\s*>|<#(?P<opened>\w+)", re.DOTALL)


class Template:
    """A parsed template, to be rendered with any data model; raises TemplateError."""

    def __init__(self, source: str) -> None:
        self.source = source
        self._block = _Reader(source).whole()

    def render(self, model: Mapping[str, Value], *, now: datetime) -> str:
        """Return the text for *model*; raises TemplateError."""
        output: list[str] = []
        try:
            self._block(Scope(model, now), output)
        except TemplateError:
            raise
        except (TypeError, ValueError, ArithmeticError, re.error) as exc:
            raise TemplateError(f"A built-in or method cannot take its arguments: {exc}") from exc
        return "".join(output)


@dataclass(frozen=True, slots=True)
class _Piece:
    """Text (no *tag*) or a directive: its name, with a slash if it closes, and what follows it."""

    tag: str
    body: str

    def __str__(self) -> str:
        return _written(self.tag)


def _written(tag: str) -> str:
    return f"</#{tag[1:]}>" if tag.startswith("/") else f"<#{tag}>"


_END = _Piece("/", "")


def _pieces(source: str) -> Iterator[_Piece]:
    at = 0
    while match := _TAG.search(source, at):
        yield _Piece("", source[at : match.start()])
        at = match.end()
        if match["closed"]:
            yield _Piece("/" + match["closed"], "")
        elif match["opened"]:
            end = expression_end(source, at, ">")
            yield _Piece(match["opened"], source[at:end].removesuffix("/"))
            at = end + 1
    yield _Piece("", source[at:])
    yield _END


class _Reader:
    """Turns the pieces of a template into blocks, from first to last."""

    def __init__(self, source: str) -> None:
        self._pieces = [piece for piece in _pieces(source) if piece.tag or piece.body]
        self._at = 0
        self._around: list[str] = []  # the variables of lists around; "" is a switch
        self._directives: Mapping[str, Callable[[_Piece], Block]] = {
            "if": self._if,
            "list": self._list,
            "sep": self._sep,
            "assign": self._assign,
            "switch": self._switch,
            "break": self._break,
            "continue": self._continue,
        }

    def whole(self) -> Block:
        """Read the template to its end."""
        return self._until(_END.tag)

    def _until(self, *ends: str) -> Block:
        """Read up to, not including, a directive in *ends*."""
        steps: list[Block] = []
        while self._next.tag not in ends:
            if self._next is _END:
                raise TemplateError(f"{_written(ends[-1])} is missing")
            steps.append(self._step(self._take()))
        return blocks.in_order(steps)

    def _step(self, piece: _Piece) -> Block:
        if not piece.tag:
            return blocks.plain(piece.body)
        if piece.tag not in self._directives:
            raise TemplateError(f"{piece} is not supported, or not here")
        return self._directives[piece.tag](piece)

    @property
    def _next(self) -> _Piece:
        return self._pieces[self._at]

    def _take(self) -> _Piece:
        self._at += 1
        return self._pieces[self._at - 1]

    def _accept(self, tag: str) -> _Piece | None:
        return self._take() if self._next.tag == tag else None

    def _otherwise(self, end: str) -> Block:
        """Read an `<#else>`, if there is one, and the *end* of its directive."""
        block = self._until(end) if self._accept("else") else blocks.nothing
        self._take()
        return block

    def _if(self, piece: _Piece) -> Block:
        branches: list[tuple[Expression, Block]] = []
        branch: _Piece | None = piece
        while branch:
            branches.append((parse(branch.body), self._until("elseif", "else", "/if")))
            branch = self._accept("elseif")
        return blocks.conditional(branches, self._otherwise("/if"))

    def _list(self, piece: _Piece) -> Block:
        items, names = _list_header(piece.body)
        self._around.append(names[0])
        body = self._until("else", "/list")
        self._around.pop()
        return blocks.listing(items, names, body, self._otherwise("/list"))

    def _sep(self, piece: _Piece) -> Block:
        loop = self._loop_around(piece)
        block = self._until("/sep", "else", "/list")
        self._accept("/sep")
        return blocks.separator(block, loop)

    def _break(self, piece: _Piece) -> Block:
        if not self._around:
            raise TemplateError(f"{piece} is not inside a list or switch")
        return blocks.steering(blocks.BreakLoop)

    def _continue(self, piece: _Piece) -> Block:
        self._loop_around(piece)
        return blocks.steering(blocks.ContinueLoop)

    def _loop_around(self, piece: _Piece) -> str:
        loops = [variable for variable in self._around if variable]
        if not loops:
            raise TemplateError(f"{piece} is not inside a list")
        return loops[-1]

    def _assign(self, piece: _Piece) -> Block:
        parser = Parser(piece.body)
        name = parser.expect_name()
        if parser.at_end:
            block = self._until("/assign")
            self._take()
            return blocks.capture(name, block)
        return blocks.assignment(_assignments(name, parser))

    def _switch(self, piece: _Piece) -> Block:
        subject = parse(piece.body)
        self._until("case", "default", "/switch")
        cases: list[tuple[Expression | None, Block]] = []
        self._around.append("")
        while not self._accept("/switch"):
            case = self._take()
            test = parse(case.body) if case.tag == "case" else None
            cases.append((test, self._until("case", "default", "/switch")))
        self._around.pop()
        return blocks.switch(subject, cases)


def _assignments(name: str, parser: Parser) -> dict[str, Expression]:
    """Read `= value` and further `name = value`."""
    parser.expect("=")
    values = {name: parser.expression()}
    while not parser.at_end:
        parser.accept(",")
        name = parser.expect_name()
        parser.expect("=")
        values[name] = parser.expression()
    return values


def _list_header(header: str) -> tuple[Expression, list[str]]:
    """Read `items as item` or `hash as key, value`."""
    parser = Parser(header)
    items = parser.expression()
    parser.expect("as")
    names = [parser.expect_name()]
    if parser.accept(","):
        names.append(parser.expect_name())
    parser.expect_end()
    return items, names
