"""A cached answer, as every level of the cache keeps it, and what is found where replicas share."""

import math
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from proxy.core.freshness import ENDLESS, Lifetime, State

T = TypeVar("T")

ALONE = b""
"""The lease of a replica that cannot hear of the others."""


@dataclass(slots=True, weakref_slot=True)
class Entry(Generic[T]):
    """An answer, and what tells whether it still holds. Times are seconds of the cache's clock.

    It was asked for *at*, lives for *lifetime* at most, and ages *pace* times as fast as time
    passes, from 1 on: what was fetched at one moment need not run out at one. *tags* is what it
    depends on (`core.tags.pack`); *useful_s* the age from which it is of no more use to who had it
    fetched; *born* the journal's position when it was asked for, so that a purge since then
    concerns it.

    There may be millions: each is one object, with what others have as well shared with them.
    """

    value: T
    at: float
    lifetime: Lifetime = ENDLESS
    pace: float = 1.0
    tags: bytes = b""
    useful_s: float = math.inf
    born: int = 0

    seen: int = 0
    """The journal's position up to which no purge concerned it."""
    uses: int = 0
    is_renewing: bool = False
    """Whether a successor was asked for before it ran out."""
    weight: int = field(default=0, compare=False)
    """What it takes, as who keeps it counts that."""

    @property
    def until(self) -> float:
        """Return when it is of no more use to who had it fetched."""
        return self.at + self.useful_s / self.pace

    def age_s(self, now: float) -> float:
        """Return seconds since it was asked for."""
        return max(0.0, now - self.at)

    def ttl_s(self, now: float, lifetime: Lifetime) -> float:
        """Return seconds left of being fresh to who gives it *lifetime*; negative once stale."""
        return min(self.lifetime.fresh_s, lifetime.fresh_s) / self.pace - self.age_s(now)

    def state(self, now: float, lifetime: Lifetime) -> State:
        """Return what may be done with it now by who gives it *lifetime*."""
        age_s = self.age_s(now) * self.pace
        return max(self.lifetime.state(age_s), lifetime.state(age_s))


@dataclass(frozen=True, slots=True)
class Found(Generic[T]):
    """What was found under a key.

    *mark* tells what was found from what may stand there later; with a *lease* it is for the
    finder to fetch the answer, as long as the lease lasts.
    """

    entry: Entry[T] | None
    mark: bytes
    lease: bytes | None = None
