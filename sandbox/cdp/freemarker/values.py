"""What template expressions work with: plain JSON values, decimals, times and functions.

A name that is not there is None, as is JSON's null: FreeMarker makes no difference.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from sandbox.cdp.freemarker import dates

Value = Any  # str | bool | int | float | Decimal | datetime | list | dict | Callable | None


class TemplateError(ValueError):
    """A template that does not parse, or an expression that has no value."""


class MissingError(TemplateError):
    """Something that is null or missing was used; `!`, `??` and `?has_content` allow for it."""

    def __init__(self, source: str) -> None:
        super().__init__(f"The following has evaluated to null or missing: {source}")


def is_number(value: Value) -> bool:
    """Whether *value* is a number; in Python, a boolean is one too."""
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def number(value: Value) -> Decimal:
    """Return *value* as an exact decimal: 0.1 is a tenth."""
    if not is_number(value):
        raise TemplateError(f"Expected a number, got {kind(value)}")
    return Decimal(repr(value)) if isinstance(value, float) else Decimal(value)


def truth(value: Value) -> bool:
    """Return a boolean; nothing else is true or false."""
    if not isinstance(value, bool):
        raise TemplateError(f"Expected a boolean, got {kind(value)}")
    return value


def text(value: Value) -> str:
    """Return *value* as `${}` prints it; booleans, sequences and hashes have no such text."""
    if isinstance(value, str):
        return value
    if isinstance(value, datetime):
        return dates.to_text(value, "MMM d, yyyy h:mm:ss a")
    if is_number(value):
        return grouped(number(value))
    raise TemplateError(f"Expected a string, number or date, got {kind(value)}")


def kind(value: Value) -> str:
    """Name the type of *value* as a template author knows it."""
    names: dict[type, str] = {bool: "a boolean", list: "a sequence", str: "a string"}
    if is_number(value):
        return "a number"
    if isinstance(value, Mapping):
        return "a hash"
    return names.get(type(value), "nothing" if value is None else "a method or a date")


def grouped(value: Decimal) -> str:
    """Write a number as American English does: `1,234.5`, three decimals at most."""
    return _without_trailing_zeros(f"{value:,.3f}")


def plain(value: Decimal) -> str:
    """Write a number for computers, as `?c` does: no grouping, up to 16 decimals."""
    return _without_trailing_zeros(f"{value:.16f}")


def _without_trailing_zeros(digits: str) -> str:
    return digits.rstrip("0").rstrip(".") if "." in digits else digits


def to_json(value: Value) -> str:
    """Write *value* as JSON: the environment's `toJSON`."""
    return json.dumps(value, ensure_ascii=False, default=_json_of)


def _json_of(value: Value) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, datetime):
        return int(value.timestamp() * 1000)
    raise TemplateError(f"{kind(value)} has no JSON")
