"""The one door that every purge goes through, wherever it comes from."""

from collections.abc import Callable, Collection
from enum import StrEnum

from proxy.cache.journal import Journals, position_at
from proxy.core import tags


class Purger(StrEnum):
    """Who purges: the words of the metric's label."""

    ADMIN = "admin"
    WEBHOOK = "webhook"
    REPEAT = "repeat"
    EVENT = "event"


OnPurged = Callable[[str, Purger], None]
"""Told of each tag: its kind, and who purged it."""


class Purges:
    """Purges by tag. *clock* gives seconds of the wall clock."""

    def __init__(
        self, journals: Journals, *, clock: Callable[[], float], on_purged: OnPurged
    ) -> None:
        self._journals = journals
        self._clock = clock
        self._on_purged = on_purged

    async def purge(self, purged: Collection[str], *, hard: bool, by: Purger) -> None:
        """End what has any of these tags (hard), or let it be served once more while renewed."""
        if not purged:
            return
        position = max(self._journals.position + 1, position_at(self._clock()))
        self._journals.note(purged, position, hard=hard)
        for one in purged:
            self._on_purged(tags.kind_of(one), by)
