"""The one door that every purge goes through, wherever it comes from."""

from collections.abc import Callable, Collection
from enum import StrEnum
from typing import Protocol

from proxy.cache.journal import Journals
from proxy.core import tags


class Purger(StrEnum):
    """Who purges: the words of the metric's label."""

    ADMIN = "admin"
    WEBHOOK = "webhook"
    REPEAT = "repeat"
    EVENT = "event"
    AUDIT = "audit"


OnPurged = Callable[[str, Purger], None]
"""Told of each tag: its kind, and who purged it."""


class Tell(Protocol):
    """Tells the other replicas."""

    def __call__(self, purged: Collection[str], *, hard: bool) -> None:
        """Let them purge as well, as soon as they can be reached."""


class Purges:
    """Purges by tag: here at once, and wherever *tell* tells of it."""

    def __init__(self, journals: Journals, *, tell: Tell, on_purged: OnPurged) -> None:
        self._journals = journals
        self._tell = tell
        self._on_purged = on_purged

    def purge(self, purged: Collection[str], *, hard: bool, by: Purger) -> None:
        """End what has any of these tags (hard), or let it be served once more while renewed."""
        if not purged:
            return
        self._journals.note(purged, self._journals.position + 1, hard=hard)
        self._tell(purged, hard=hard)
        for one in purged:
            self._on_purged(tags.kind_of(one), by)
