"""Runs the JavaScript of conditions and programmables, shut off from everything but its names.

Server-side scripts have no browser, network or files: only plain values go in and come out.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
import quickjs  # type: ignore[import-untyped]  # quickjs-ng ships no type information

_CPU_LIMIT_S = 0.5
_MEMORY_LIMIT_BYTES = 64 * 1024 * 1024

# `print` feeds the debug log; `Date` tells the emulator's time, not the machine's.
_PRELUDE = """
const __printed = [];
function print(...values) { __printed.push(values.map(String).join(" ")); }
Date = class extends Date {
  constructor(...parts) { if (parts.length) super(...parts); else super(__now); }
  static now() { return __now; }
};
"""


class ScriptError(Exception):
    """A script threw, does not parse, or ran past its time or memory limit."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a script came to: the value of its last expression, and what it printed."""

    value: Any
    logs: tuple[str, ...]


def run(code: str, names: Mapping[str, Any], *, now: float) -> Outcome:
    """Run *code* with *names* (JSON-like values) as globals at *now* (epoch seconds).

    Values that JSON cannot hold (functions, NaN) come back as None.
    Raises ScriptError.
    """
    context = _context(names, now)
    try:
        value = _plain(context.eval(code))
        logs = json.loads(context.eval("__printed").json())
    except (quickjs.JSException, TypeError) as exc:  # TypeError: a BigInt, which has no JSON
        raise ScriptError(str(exc).partition("\n")[0]) from exc
    return Outcome(value, tuple(logs))


def holds(condition: str, names: Mapping[str, Any], *, now: float) -> bool:
    """Whether *condition* comes to a JavaScript truth; one that throws does not hold."""
    try:
        return run(f"Boolean(eval({json.dumps(condition)}))", names, now=now).value is True
    except ScriptError:
        return False


def _context(names: Mapping[str, Any], now: float) -> Any:
    context = quickjs.Context()
    context.set_time_limit(_CPU_LIMIT_S)
    context.set_memory_limit(_MEMORY_LIMIT_BYTES)
    context.set("__now", now * 1000)
    context.eval(_PRELUDE)
    for name, value in names.items():
        context.set(name, context.parse_json(msgspec.json.encode(value).decode()))
    return context


def _plain(value: Any) -> Any:
    """Return *value* as JSON would carry it: whole floats are integers, NaN is null."""
    if isinstance(value, quickjs.Object):
        text = value.json()
        return None if text is None else json.loads(text)
    if isinstance(value, float):
        return _number(value)
    return value


def _number(value: float) -> float | int | None:
    if value.is_integer():
        return int(value)
    return value if abs(value) < float("inf") else None
