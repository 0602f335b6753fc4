"""What the operators of template expressions do to values."""

import operator
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal

from sandbox.cdp.freemarker.values import TemplateError, Value, is_number, kind, number, text, truth


def member(value: Value, name: str) -> Value:
    """Return `value.name`, None if the hash has no such key."""
    if isinstance(value, Mapping):
        return value.get(name)
    raise TemplateError(f"Expected a hash before .{name}, got {kind(value)}")


def item(value: Value, index: Value) -> Value:
    """Return `value[index]`: a key of a hash, a place in a sequence or string, or a range of it."""
    if isinstance(value, Mapping):
        return value.get(text(index))
    if isinstance(index, list):
        picked = [item(value, one) for one in index]
        return "".join(picked) if isinstance(value, str) else picked
    at = int(number(index))
    if isinstance(value, str | list):
        return value[at] if 0 <= at < len(value) else None
    raise TemplateError(f"Expected a sequence or hash before [], got {kind(value)}")


def call(function: Value, arguments: list[Value]) -> Value:
    """Return what a method of the data model gives for *arguments*."""
    if not callable(function):
        raise TemplateError(f"Expected a method before (), got {kind(function)}")
    return function(*arguments)


def equal(left: Value, right: Value) -> bool:
    """Whether two scalars of the same kind are equal; other kinds cannot be compared."""
    if is_number(left) and is_number(right):
        return number(left) == number(right)
    for comparable in (str, bool, datetime):
        if isinstance(left, comparable) and isinstance(right, comparable):
            return bool(left == right)
    raise TemplateError(f"Cannot compare {kind(left)} with {kind(right)}")


def _ordering(compare: Callable[[Value, Value], bool]) -> Callable[[Value, Value], bool]:
    def ordered(left: Value, right: Value) -> bool:
        if isinstance(left, datetime) and isinstance(right, datetime):
            return compare(left, right)
        return compare(number(left), number(right))

    return ordered


ORDERINGS: Mapping[str, Callable[[Value, Value], bool]] = {
    "<": _ordering(operator.lt),
    "lt": _ordering(operator.lt),
    "<=": _ordering(operator.le),
    "lte": _ordering(operator.le),
    ">": _ordering(operator.gt),
    "gt": _ordering(operator.gt),
    ">=": _ordering(operator.ge),
    "gte": _ordering(operator.ge),
}

UNARY: Mapping[str, Callable[[Value], Value]] = {
    "!": lambda value: not truth(value),
    "-": lambda value: -number(value),
    "+": number,
}


def add(left: Value, right: Value) -> Value:
    """Add numbers; join sequences, hashes (the right one wins) or, of anything else, the texts."""
    if is_number(left) and is_number(right):
        return number(left) + number(right)
    if isinstance(left, list) and isinstance(right, list):
        return left + right
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return {**left, **right}
    return text(left) + text(right)


def subtract(left: Value, right: Value) -> Value:
    """Return the difference."""
    return number(left) - number(right)


def multiply(left: Value, right: Value) -> Value:
    """Return the product."""
    return number(left) * number(right)


def divide(left: Value, right: Value) -> Value:
    """Return the quotient to twelve decimals, as FreeMarker's arithmetic engine does."""
    if number(right) == 0:
        raise TemplateError("Division by zero")
    return Decimal(f"{number(left) / number(right):.12f}")


def remainder(left: Value, right: Value) -> Value:
    """Return the remainder of whole numbers, with the sign of *left*."""
    if int(number(right)) == 0:
        raise TemplateError("Division by zero")
    return Decimal(int(number(left))) % Decimal(int(number(right)))


def inclusive_range(start: Value, end: Value) -> Value:
    """Return the whole numbers `start..end`, downwards if *end* is the smaller."""
    first, last = int(number(start)), int(number(end))
    step = 1 if first <= last else -1
    return list(range(first, last + step, step))


def exclusive_range(start: Value, end: Value) -> Value:
    """Return the whole numbers `start..<end`."""
    return inclusive_range(start, end)[:-1]


def has_content(value: Value) -> bool:
    """Whether a value is there and not empty."""
    return value is not None and value not in ("", [], {})
