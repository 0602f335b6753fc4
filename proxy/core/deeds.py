"""What a call of OrderCloud's API means for CDP: which deed of the shopper it is. Pure.

Source: docs/sources.md#ordercloud-routes.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from urllib.parse import parse_qs

_CART = r"/v1/(?P<order>cart|orders/[^/]+/[^/]+)"
_PLACE = re.compile(r"\{(\w+)\}")


class Deed(Enum):
    """What a shopper has done, once OrderCloud has answered that it is so."""

    LOG_IN = auto()
    SEARCH = auto()
    ADD = auto()
    REMOVE = auto()
    CLEAR = auto()
    SUBMIT = auto()


_DEEDS = tuple(
    (methods.split(), re.compile(path, re.IGNORECASE), deed)
    for methods, path, deed in (
        ("POST", r"/oauth/token", Deed.LOG_IN),
        ("PUT", r"/v1/me/register", Deed.LOG_IN),
        ("GET", r"/v1/me/products", Deed.SEARCH),
        ("POST", rf"{_CART}/lineitems", Deed.ADD),
        ("PUT PATCH", rf"{_CART}/lineitems/[^/]+", Deed.ADD),
        ("DELETE", rf"{_CART}/lineitems/[^/]+", Deed.REMOVE),
        ("DELETE", _CART, Deed.CLEAR),
        ("POST", rf"{_CART}/submit", Deed.SUBMIT),
    )
)


@dataclass(frozen=True, slots=True)
class Done:
    """A deed: at which path, on which cart or order (a path below /v1, else empty), which words."""

    deed: Deed
    path: str
    order: str = ""
    words: str = ""


def deed_of(method: str, path: str, query: str = "") -> Done | None:
    """Return what a call of OrderCloud's API does that CDP is told of, if anything."""
    for methods, pattern, deed in _DEEDS:
        match = pattern.fullmatch(path)
        if match is None or method not in methods:
            continue
        if deed is Deed.SEARCH:
            words = _words(query)
            return Done(deed, path, words=words) if words else None
        return Done(deed, path, order=match.groupdict().get("order", ""))
    return None


def path_of(route: str, params: Mapping[str, str]) -> str:
    """Return the path that a webhook's route template and its parameters stand for."""
    return "/" + _PLACE.sub(lambda match: params.get(match[1], match[0]), route.strip("/"))


def _words(query: str) -> str:
    found = {name.casefold(): values for name, values in parse_qs(query).items()}
    return found.get("search", [""])[0].strip()
