"""The built-ins: `value?name(arguments)`.

The language: https://freemarker.apache.org/docs/ref_builtins.html
"""

import html
import json
import math
import re
import urllib.parse
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation

from sandbox.cdp.freemarker import dates
from sandbox.cdp.freemarker.operators import equal
from sandbox.cdp.freemarker.values import (
    TemplateError,
    Value,
    is_number,
    kind,
    number,
    plain,
    text,
    truth,
)

Builtin = Callable[..., Value]


def sequence(value: Value) -> list[Value]:
    """Return a sequence; an empty string, which is what `x!` leaves, counts as an empty one."""
    if value == "":
        return []
    if not isinstance(value, list):
        raise TemplateError(f"Expected a sequence, got {kind(value)}")
    return value


def mapping(value: Value) -> Mapping[str, Value]:
    """Return a hash; raises TemplateError for anything else."""
    if not isinstance(value, Mapping):
        raise TemplateError(f"Expected a hash, got {kind(value)}")
    return value


def _of_text(function: Callable[..., Value]) -> Builtin:
    return lambda value, *arguments: function(text(value), *map(text, arguments))


def _replace(value: Value, old: Value, new: Value, flags: str = "") -> str:
    if "r" in flags:
        return re.sub(old, new.replace("$", "\\"), text(value))
    return text(value).replace(old, new)


def _substring(value: Value, start: Value, end: Value | None = None) -> str:
    return text(value)[int(number(start)) : None if end is None else int(number(end))]


def _number(value: Value) -> Decimal:
    try:
        return number(value) if is_number(value) else Decimal(text(value).strip())
    except InvalidOperation as exc:
        raise TemplateError(f"Not a number: {text(value)!r}") from exc


def _json_string(value: Value) -> str:
    return json.dumps(text(value), ensure_ascii=False)[1:-1]


def _string(value: Value, *arguments: Value) -> str:
    """`?string`: a boolean by two words, a date or number by a pattern, or as `${}` prints it."""
    if isinstance(value, bool):
        yes, no = arguments or ("true", "false")
        return text(yes if value else no)
    if isinstance(value, datetime) and arguments:
        return _dated(value, text(arguments[0]))
    if is_number(value) and arguments:
        return _formatted(number(value), text(arguments[0]))
    return text(value)


def _dated(value: datetime, pattern: str) -> str:
    try:
        return dates.to_text(value, pattern)
    except ValueError as exc:
        raise TemplateError(str(exc)) from exc


def _formatted(value: Decimal, pattern: str) -> str:
    """Write a number by a pattern such as `0.00` or `#,##0.##`."""
    if pattern in {"computer", "c"}:
        return plain(value)
    whole, _, decimals = pattern.partition(".")
    if set(pattern) - set("#,0."):
        raise TemplateError(f"The number pattern {pattern!r} is not supported")
    grouping = "," if "," in whole else ""
    digits = f"{value:{grouping}.{len(decimals)}f}"
    for _ in range(decimals.count("#")):
        digits = digits.removesuffix("0")
    return digits.removesuffix(".")


def _computer(value: Value) -> str:
    """`?c`: a number or boolean as computers read it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return plain(number(value))


def _datetime(value: Value, pattern: Value | None = None) -> datetime:
    """`?datetime`: a time from a text, by a pattern or ISO 8601."""
    if isinstance(value, datetime):
        return value
    try:
        if pattern is not None:
            return dates.from_text(text(value), text(pattern))
        return dates.in_utc(datetime.fromisoformat(text(value)))
    except ValueError as exc:
        raise TemplateError(f"Not a date: {text(value)!r}: {exc}") from exc


def _from_epoch(value: Value) -> datetime:
    return datetime.fromtimestamp(float(number(value)) / 1000, UTC)


def _long(value: Value) -> Value:
    """`?long`: a time as epoch milliseconds, a number without its fraction."""
    if isinstance(value, datetime):
        return int(value.timestamp() * 1000)
    return int(number(value))


def _iso(value: Value) -> str:
    return _datetime(value).isoformat(timespec="seconds").replace("+00:00", "Z")


def _rounded(function: Callable[[Decimal], int]) -> Builtin:
    return lambda value: function(number(value))


def _sort_key(value: Value) -> tuple[bool, Value]:
    return (False, number(value)) if is_number(value) else (True, text(value).casefold())


def _sort_by(value: Value, key: Value) -> list[Value]:
    path = key if isinstance(key, list) else [key]

    def by(item: Value) -> tuple[bool, Value]:
        for name in path:
            item = mapping(item).get(name)
        return _sort_key(item)

    return sorted(sequence(value), key=by)


def _join(value: Value, separator: Value, empty: Value = "", end: Value = "") -> str:
    items = [text(item) for item in sequence(value) if item is not None]
    return text(separator).join(items) + text(end) if items else text(empty)


def _index_of(value: Value, wanted: Value) -> int:
    items = sequence(value)
    return next((at for at, item in enumerate(items) if equal(item, wanted)), -1)


def _chunks(value: Value, size: Value) -> list[list[Value]]:
    items, step = sequence(value), int(number(size))
    return [items[at : at + step] for at in range(0, len(items), step)]


def _size(value: Value) -> int:
    return len(value) if isinstance(value, Mapping) else len(sequence(value))


_TEXT: Mapping[str, Builtin] = {
    "capitalize": _of_text(str.title),
    "cap_first": _of_text(lambda s: s[:1].upper() + s[1:]),
    "uncap_first": _of_text(lambda s: s[:1].lower() + s[1:]),
    "upper_case": _of_text(str.upper),
    "lower_case": _of_text(str.lower),
    "trim": _of_text(str.strip),
    "length": _of_text(len),
    "contains": _of_text(lambda s, part: part in s),
    "starts_with": _of_text(str.startswith),
    "ends_with": _of_text(str.endswith),
    "index_of": _of_text(str.find),
    "last_index_of": _of_text(str.rfind),
    "keep_before": _of_text(lambda s, mark: s.partition(mark)[0]),
    "keep_after": _of_text(lambda s, mark: s.partition(mark)[2]),
    "remove_beginning": _of_text(str.removeprefix),
    "remove_ending": _of_text(str.removesuffix),
    "split": _of_text(str.split),
    "replace": _replace,
    "substring": _substring,
    "html": _of_text(html.escape),
    "url": _of_text(lambda s: urllib.parse.quote(s, safe="")),
    "json_string": _json_string,
    "js_string": _json_string,
    "eval_json": _of_text(json.loads),
}
_SCALARS: Mapping[str, Builtin] = {
    "number": _number,
    "c": _computer,
    "string": _string,
    "abs": lambda value: abs(number(value)),
    "int": _rounded(int),
    "long": _long,
    "floor": _rounded(math.floor),
    "ceiling": _rounded(math.ceil),
    "round": _rounded(lambda n: math.floor(n + Decimal("0.5"))),
    "date": _datetime,
    "datetime": _datetime,
    "number_to_datetime": _from_epoch,
    "number_to_date": _from_epoch,
    "iso_utc": _iso,
    "iso_local": _iso,
}
_SEQUENCES: Mapping[str, Builtin] = {
    "size": _size,
    "first": lambda value: next(iter(sequence(value)), None),
    "last": lambda value: next(reversed(sequence(value)), None),
    "reverse": lambda value: sequence(value)[::-1],
    "sort": lambda value: sorted(sequence(value), key=_sort_key),
    "sort_by": _sort_by,
    "join": _join,
    "seq_contains": lambda value, wanted: _index_of(value, wanted) >= 0,
    "seq_index_of": _index_of,
    "chunk": _chunks,
    "map": lambda value, function: [function(item) for item in sequence(value)],
    "filter": lambda value, test: [item for item in sequence(value) if truth(test(item))],
    "keys": lambda value: list(mapping(value).keys()),
    "values": lambda value: list(mapping(value).values()),
}
_KINDS: Mapping[str, Builtin] = {
    "is_string": lambda value: isinstance(value, str),
    "is_number": is_number,
    "is_boolean": lambda value: isinstance(value, bool),
    "is_sequence": lambda value: isinstance(value, list),
    "is_hash": lambda value: isinstance(value, Mapping),
    "is_date": lambda value: isinstance(value, datetime),
}

BUILTINS: Mapping[str, Builtin] = {**_TEXT, **_SCALARS, **_SEQUENCES, **_KINDS}
