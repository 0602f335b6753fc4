"""Values as they compare: out of an entity at a path, or out of the text of a filter."""

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from sandbox.ordercloud import dates
from sandbox.ordercloud.listing.resource import Kind

Scalar = str | int | float | bool

_NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][-+]?\d+)?")


NUMBER, STRING, BOOLEAN, OBJECT = range(4)
"""How values of different JSON types rank among each other."""


class Key(NamedTuple):
    """A value in comparable form; keys of different rank never equal each other."""

    rank: int
    value: Scalar


def values_at(node: object, steps: Sequence[str]) -> list[object]:
    """Return the values at a path, through arrays; a last step `*` means all leaves below."""
    for done, step in enumerate(steps):
        if isinstance(node, dict):
            if step == "*":
                return _leaves(node)
            node = node.get(step)
        elif isinstance(node, list):
            return [value for element in node for value in values_at(element, steps[done:])]
        else:
            return []
    if isinstance(node, list):
        return [value for element in node for value in values_at(element, ())]
    return [] if node is None else [node]


def _leaves(node: object) -> list[object]:
    if isinstance(node, dict):
        return [leaf for child in node.values() for leaf in _leaves(child)]
    if isinstance(node, list):
        return [leaf for element in node for leaf in _leaves(element)]
    return [] if node is None else [node]


def key_of(value: object, kind: Kind) -> Key | None:
    """Return an entity's value in comparable form; None for a date that is not one."""
    if kind is Kind.DATE:
        return _date(str(value))
    match value:
        case bool():
            return Key(BOOLEAN, value)
        case int() | float():
            return Key(NUMBER, value)
        case str():
            return _string(value)
        case _:
            return Key(OBJECT, "")


def keys_for(text: str, kind: Kind) -> tuple[Key, ...]:
    """Return what a filter's text may mean for a field of a kind; nothing if it is ill-typed."""
    return tuple(key for read in _READERS[kind] if (key := read(text)) is not None)


def _string(text: str) -> Key:
    return Key(STRING, text.casefold())


def _number(text: str) -> Key | None:
    return Key(NUMBER, float(text)) if _NUMBER.fullmatch(text) else None


def _boolean(text: str) -> Key | None:
    folded = text.casefold()
    return Key(BOOLEAN, folded == "true") if folded in {"true", "false"} else None


def _date(text: str) -> Key | None:
    try:
        return Key(NUMBER, dates.read(text))
    except ValueError:
        return None


_READERS: dict[Kind, tuple[Callable[[str], Key | None], ...]] = {
    Kind.STRING: (_string,),
    Kind.NUMBER: (_number,),
    Kind.BOOLEAN: (_boolean,),
    Kind.DATE: (_date,),
    Kind.FREE: (_string, _number, _boolean),
}
