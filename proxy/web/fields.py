"""Structured header fields, written as RFC 9651 says: whatever it holds, a value stays one."""

import functools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from proxy.model import Freshness

_PRINTABLE = re.compile(r"[\x20-\x7e]*")
_DID = {
    Freshness.CACHED: "hit",
    Freshness.STALE: "hit",
    Freshness.FRESH: "fwd=miss;stored",
    Freshness.FALLBACK: "fwd=miss",
}
_DISPLAY_PLAIN = re.compile(rb"[\x20-\x7e]")


@dataclass(frozen=True, slots=True)
class Token:
    """A word of a closed list, written without quotes."""

    text: str


Bare: TypeAlias = str | int | bool | Token


def item(value: Bare) -> str:
    """Write one bare item: a token, an integer, a boolean, a string or a display string."""
    match value:
        case Token(text):
            return text
        case bool():
            return f"?{value:d}"
        case int():
            return str(value)
        case str():
            return _string(value)


@functools.lru_cache(maxsize=1024)
def _string(text: str) -> str:
    if not _PRINTABLE.fullmatch(text):
        return f'%"{"".join(map(_display, text.encode()))}"'
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def parameters(params: Mapping[str, Bare]) -> str:
    """Write the parameters that follow an item; true is written by the name alone."""
    return "".join(
        f";{name}" if value is True else f";{name}={item(value)}" for name, value in params.items()
    )


def member(value: Bare, params: Mapping[str, Bare]) -> str:
    """Write one member of a list."""
    return item(value) + parameters(params)


def dictionary(members: Mapping[str, Bare]) -> str:
    """Write a dictionary of bare items; true is written by the key alone."""
    return ", ".join(
        key if value is True else f"{key}={item(value)}" for key, value in members.items()
    )


def joined(members: Iterable[str]) -> str:
    """Write a list of members."""
    return ", ".join(members)


def _display(byte: int) -> str:
    """Write one byte of a display string: RFC 9651 section 4.1.11."""
    plain = _DISPLAY_PLAIN.fullmatch(bytes((byte,))) and byte not in b'%"'
    return chr(byte) if plain else f"%{byte:02x}"


def cache_member(name: str, freshness: Freshness, ttl_s: float) -> str:
    """Write what the cache called *name* did: RFC 9211 section 2."""
    ttl = f";ttl={int(ttl_s)}" if freshness is not Freshness.FALLBACK else ""
    return f"decision-proxy;{_DID[freshness]}{ttl};detail={name}"
