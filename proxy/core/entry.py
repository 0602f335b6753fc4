"""A cached answer, as every level of the cache keeps it, and what is found where replicas share."""

import math
from dataclasses import dataclass
from typing import Generic, TypeVar

from proxy.core.freshness import Stamp

T = TypeVar("T")

ALONE = b""
"""The lease of a replica that cannot hear of the others."""


@dataclass(slots=True, weakref_slot=True)
class Entry(Generic[T]):
    """An answer, and what tells whether it still holds. Times are seconds of the cache's clock.

    *tags* is what it depends on (`core.tags.pack`); *until* when it is of no more use to who had
    it fetched; *born* the journal's position when it was asked for, so that a purge since then
    concerns it.
    """

    value: T
    stamp: Stamp
    tags: bytes = b""
    until: float = math.inf
    born: int = 0

    seen: int = 0
    """The journal's position up to which it was compared."""
    uses: int = 0
    is_outdated: bool = False
    """Whether a purge let it be served only as stale."""
    is_renewing: bool = False
    """Whether a successor was asked for before it ran out."""


@dataclass(frozen=True, slots=True)
class Found(Generic[T]):
    """What was found under a key.

    *mark* tells what was found from what may stand there later; with a *lease* it is for the
    finder to fetch the answer, as long as the lease lasts.
    """

    entry: Entry[T] | None
    mark: bytes
    lease: bytes | None = None
