"""How old a cached answer may be, and what may be done with it at that age.

Source: RFC 9111 section 4.2 (freshness) and RFC 5861 (stale-while-revalidate, stale-if-error).
"""

from dataclasses import dataclass
from enum import Enum, auto
from typing import Generic, TypeVar

T = TypeVar("T")


class State(Enum):
    """What may be done with an answer."""

    FRESH = auto()  # serve it
    REVALIDATE = auto()  # serve it, and fetch a new one behind
    ON_ERROR = auto()  # serve it only if a new one cannot be had
    EXPIRED = auto()  # never serve it


@dataclass(frozen=True, slots=True)
class Lifetime:
    """Seconds that an answer is fresh, then good while revalidating, then good on error."""

    fresh_s: float
    revalidate_s: float = 0.0
    error_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Stamp:
    """When an answer was asked for (seconds of the cache's clock), and how long it lives."""

    at: float
    lifetime: Lifetime

    def age_s(self, now: float) -> float:
        """Return seconds since it was asked for."""
        return max(0.0, now - self.at)

    def ttl_s(self, now: float) -> float:
        """Return seconds left of being fresh; negative once stale."""
        return self.lifetime.fresh_s - self.age_s(now)

    def state(self, now: float) -> State:
        """Return what may be done with the answer now."""
        stale_s = -self.ttl_s(now)
        if stale_s < 0:
            return State.FRESH
        if stale_s < self.lifetime.revalidate_s:
            return State.REVALIDATE
        if stale_s < self.lifetime.revalidate_s + self.lifetime.error_s:
            return State.ON_ERROR
        return State.EXPIRED


@dataclass(frozen=True, slots=True)
class Entry(Generic[T]):
    """An answer and its stamp, as a store keeps it."""

    value: T
    stamp: Stamp
