"""How old a cached answer may be, and what may be done with it at that age.

Source: RFC 9111 section 4.2 (freshness) and RFC 5861 (stale-while-revalidate, stale-if-error).
"""

import math
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache

_SHARED_MAX = 1024


class State(IntEnum):
    """What may be done with an answer; the greater of two is what both allow."""

    FRESH = 0  # serve it
    REVALIDATE = 1  # serve it, and fetch a new one behind
    ON_ERROR = 2  # serve it only if a new one cannot be had
    EXPIRED = 3  # never serve it


@dataclass(frozen=True, slots=True)
class Lifetime:
    """Seconds that an answer is fresh, then good while revalidating, then good on error."""

    fresh_s: float
    revalidate_s: float = 0.0
    error_s: float = 0.0

    def state(self, age_s: float) -> State:
        """Return what may be done with an answer of that age."""
        stale_s = age_s - self.fresh_s
        if stale_s < 0:
            return State.FRESH
        if stale_s < self.revalidate_s:
            return State.REVALIDATE
        if stale_s < self.revalidate_s + self.error_s:
            return State.ON_ERROR
        return State.EXPIRED

    @property
    def total_s(self) -> float:
        """Return how long an answer is good for anything."""
        return self.fresh_s + self.revalidate_s + self.error_s


ENDLESS = Lifetime(math.inf)
"""Of an answer that is as good as those who take it say."""


RESTORED = Lifetime(0.0, error_s=math.inf)
"""Of an answer from before a restart: it stands in for one that cannot be had, and no more."""


@dataclass(frozen=True, slots=True)
class Times:
    """What somebody says of a lifetime, in its words; None where they do not say."""

    fresh_s: float | None = None
    revalidate_s: float | None = None
    error_s: float | None = None

    def over(self, usual: Lifetime) -> Lifetime:
        """Return the *usual* lifetime, but for what is said here."""
        return Lifetime(
            usual.fresh_s if self.fresh_s is None else self.fresh_s,
            usual.revalidate_s if self.revalidate_s is None else self.revalidate_s,
            usual.error_s if self.error_s is None else self.error_s,
        )


@dataclass(frozen=True, slots=True)
class Terms:
    """On what terms somebody takes answers: how old, and which purges concern them all.

    *tag* is the hash (core.tags) of what the answers are taken for, `placement:home-hero`, since
    an answer that several placements share is not tagged with any of them; 0 for none.
    """

    lifetime: Lifetime
    tag: int = 0


@lru_cache(_SHARED_MAX)
def shared(lifetime: Lifetime) -> Lifetime:
    """Return one object for all lifetimes that are alike: there are as many as entries."""
    return lifetime


@lru_cache(_SHARED_MAX)
def useful_s(lifetime: Lifetime, takers: Lifetime) -> float:
    """Return how long an answer is good for anything to whose lifetime is *takers*.

    It is one object wherever it is the same, as there are as many as entries.
    """
    return min(lifetime.total_s, takers.total_s)
