"""What directives do when a template is rendered.

A block is a function that renders its part of the template onto the end of the output.
"""

from collections.abc import Callable, Mapping, Sequence

from sandbox.cdp.freemarker.builtins import sequence
from sandbox.cdp.freemarker.expressions import parse
from sandbox.cdp.freemarker.operators import equal
from sandbox.cdp.freemarker.scope import Expression, Scope
from sandbox.cdp.freemarker.tokens import interpolations
from sandbox.cdp.freemarker.values import TemplateError, Value, text, truth

Block = Callable[[Scope, list[str]], None]


class BreakLoop(Exception):
    """`<#break>`: leaves the innermost list or switch."""


class ContinueLoop(Exception):
    """`<#continue>`: goes on with the list's next item."""


def nothing(_: Scope, __: list[str]) -> None:
    """Render nothing."""


def plain(source: str) -> Block:
    """Text with its `${…}`."""
    parts = [
        (words, parse(expression) if expression is not None else None)
        for words, expression in interpolations(source)
    ]

    def render(scope: Scope, output: list[str]) -> None:
        for words, expression in parts:
            output.append(words)
            if expression is not None:
                output.append(text(expression.value(scope)))

    return render


def in_order(blocks: Sequence[Block]) -> Block:
    """Blocks one after the other."""

    def render(scope: Scope, output: list[str]) -> None:
        for block in blocks:
            block(scope, output)

    return render


def conditional(branches: Sequence[tuple[Expression, Block]], otherwise: Block) -> Block:
    """`<#if>`: the first branch whose condition is true."""

    def render(scope: Scope, output: list[str]) -> None:
        chosen = (block for condition, block in branches if truth(condition.value(scope)))
        next(chosen, otherwise)(scope, output)

    return render


def listing(items: Expression, names: Sequence[str], body: Block, otherwise: Block) -> Block:
    """`<#list>`: *body* for each item, with the loop's state under the names of old FreeMarker."""

    def render(scope: Scope, output: list[str]) -> None:
        rows = _rows(items.value(scope), names)
        try:
            for index, row in enumerate(rows):
                state = {f"{names[0]}_index": index, f"{names[0]}_has_next": index + 1 < len(rows)}
                _iterate(body, scope.bound({**row, **state}), output)
        except BreakLoop:
            return
        if not rows:
            otherwise(scope, output)

    return render


def _iterate(body: Block, scope: Scope, output: list[str]) -> None:
    try:
        body(scope, output)
    except ContinueLoop:
        return


def _rows(value: Value, names: Sequence[str]) -> list[dict[str, Value]]:
    if len(names) == 1:
        return [{names[0]: item} for item in sequence(value)]
    if not isinstance(value, Mapping):
        raise TemplateError("Only a hash can be listed as key, value")
    return [dict(zip(names, pair, strict=True)) for pair in value.items()]


def separator(block: Block, loop: str) -> Block:
    """`<#sep>`: *block*, unless the item is the last one."""

    def render(scope: Scope, output: list[str]) -> None:
        if scope.find(f"{loop}_has_next"):
            block(scope, output)

    return render


def assignment(values: Mapping[str, Expression]) -> Block:
    """`<#assign name = value>`."""

    def render(scope: Scope, _: list[str]) -> None:
        for name, value in values.items():
            scope.assigned[name] = value.value(scope)

    return render


def capture(name: str, block: Block) -> Block:
    """`<#assign name>…</#assign>`: the name stands for what *block* renders."""

    def render(scope: Scope, _: list[str]) -> None:
        captured: list[str] = []
        block(scope, captured)
        scope.assigned[name] = "".join(captured)

    return render


def switch(subject: Expression, cases: Sequence[tuple[Expression | None, Block]]) -> Block:
    """`<#switch>`: from the first equal case (else the default, None) down to a `<#break>`."""
    tests = [test for test, _ in cases]

    def chosen(scope: Scope) -> int:
        value = subject.value(scope)
        for at, test in enumerate(tests):
            if test is not None and equal(value, test.value(scope)):
                return at
        return tests.index(None) if None in tests else len(tests)

    def render(scope: Scope, output: list[str]) -> None:
        try:
            for _, block in cases[chosen(scope) :]:
                block(scope, output)
        except BreakLoop:
            return

    return render


def steering(signal: type[Exception]) -> Block:
    """`<#break>` or `<#continue>`."""

    def render(_: Scope, __: list[str]) -> None:
        raise signal

    return render
