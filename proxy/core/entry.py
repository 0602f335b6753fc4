"""A cached answer, as every level of the cache keeps it."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from proxy.core.freshness import Stamp

T = TypeVar("T")


@dataclass(slots=True)
class Entry(Generic[T]):
    """An answer, and what tells whether it still holds.

    *tags* is what it depends on (`core.tags.pack`); *born* the journal's position when it was
    asked for, so that a purge since then concerns it. The rest moves with use, in one process:
    *seen* is up to where the journal was compared, *uses* counts hits.
    """

    value: T
    stamp: Stamp
    tags: bytes = b""
    born: int = 0
    seen: int = 0
    uses: int = 0
    is_outdated: bool = False
    """Whether a purge let it be served only as stale."""
    is_renewed: bool = False
    """Whether its successor is on the way, or was, before it ran out."""
