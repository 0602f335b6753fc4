"""A decision, a shopper and a moment made up: what an example, `explain` or `diff` supposes."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from proxy.model import Asked, Facts, Json, Profile

CART = "cart"
"""The key of a flow's output under which a shopper's live cart stands."""

_STEP = re.compile(r"(?P<key>[A-Za-z_]\w*)(?P<list>\[\d*\])?")
_NAMED = ("buyer", "group", "language", "currency", "output", "request", "at")


class NoSample(ValueError):
    """A flow's output cannot be made up: the path there is too clever to be run backwards."""


@dataclass(frozen=True, slots=True)
class Given:
    """What is supposed, in the words of `given:` in a rules file; None or empty: not known.

    `segments` stand in the output where the placement looks for them; `output` is the rest of it.
    """

    segments: tuple[str, ...] = ()
    output: Json = None
    at: datetime | None = None
    is_anonymous: bool | None = None
    buyer: str | None = None
    groups: frozenset[str] = frozenset()
    language: str | None = None
    currency: str | None = None
    request: Mapping[str, str] = field(default_factory=dict)

    @property
    def asked(self) -> Asked:
        """Return what the storefront is supposed to ask for."""
        return Asked(query={name.casefold(): text for name, text in self.request.items()})

    def facts(self, now: datetime) -> Facts:
        """Return what is supposed of the shopper, *now* unless another moment is supposed."""
        profile = Profile(self.buyer or "", "", self.language, self.currency)
        cart = self.output.get(CART) if isinstance(self.output, dict) else None
        return Facts(
            at=self.at or now,
            is_anonymous=self.is_anonymous,
            profile=profile,
            groups=self.groups,
            cart=cart if isinstance(cart, list) else None,
        )

    def as_json(self) -> dict[str, Any]:
        """Return what is known, as `given:` says it."""
        segments = self.segments[0] if len(self.segments) == 1 else [*self.segments]
        said: dict[str, Any] = {
            "segment": segments,
            "output": self.output,
            "at": self.at and f"{self.at:%Y-%m-%d %H:%M%z}",
            "anonymous": self.is_anonymous,
            "buyer": self.buyer,
            "group": sorted(self.groups),
            "language": self.language,
            "currency": self.currency,
            "request": dict(self.request),
        }
        return {name: value for name, value in said.items() if value not in (None, [], {})}

    def __str__(self) -> str:
        """Write it for people."""
        parts = [f"segment {' and '.join(map(repr, self.segments))}"] if self.segments else []
        if self.is_anonymous is not None:
            parts.append("not logged in" if self.is_anonymous else "logged in")
        said = self.as_json()
        parts += [f"{name} {_written(said[name])}" for name in _NAMED if name in said]
        return ", ".join(parts) or "no decision"


def output_at(path: str, value: Json) -> Json:
    """Return the smallest output in which *path* leads to *value*.

    Raises:
        NoSample: the path is not a plain one.
    """
    output = value
    for step in reversed(path.split(".")):
        match = _STEP.fullmatch(step)
        if match is None:
            raise NoSample(f"'{path}' is not a plain path")
        output = {match["key"]: [output] if match["list"] else output}
    return output


def merged(one: Json, other: Json) -> Json:
    """Return both outputs as one; where both have a value, an object or list wins, else the first.

    Lists are taken together item by item.
    """
    match one, other:
        case dict(), dict():
            keys = dict.fromkeys((*one, *other))
            return {key: merged(one.get(key), other.get(key)) for key in keys}
        case list(), list():
            longer, shorter = (one, other) if len(one) >= len(other) else (other, one)
            both = [merged(a, b) for a, b in zip(longer, shorter, strict=False)]
            return [*both, *longer[len(both) :]]
        case _, dict() | list() if not isinstance(one, dict | list):
            return other
        case _:
            return other if one is None else one


def with_output(given: Given, path: str, value: Json) -> Given:
    """Return *given* with *value* at *path* of its output; what stands there already stays.

    Raises:
        NoSample: the path is not a plain one.
    """
    return replace(given, output=merged(given.output, output_at(path, value)))


def _written(value: Any) -> str:
    match value:
        case dict():
            return " ".join(f"{name}={_written(one)}" for name, one in value.items())
        case list():
            return " and ".join(map(_written, value))
        case _:
            return repr(value)
