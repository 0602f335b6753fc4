"""Looks now and then whether a shared page is what its viewer would have got alone.

Who may share is computed; should OrderCloud tell shoppers apart by something else, it shows here.
What is shown to one shopper again and again is looked at when it is first shown.
"""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from cachetools import LRUCache

from proxy.core.keys import Key
from proxy.core.placement import Placement
from proxy.core.scope import Shared, Sharing
from proxy.errors import ProxyError, ScopeChanged
from proxy.model import ListQuery, Page, Shopper
from proxy.tasks import Tasks

_FILLERS_MAX = 10_000
_EVERY_S = 1.0

_log = logging.getLogger(__name__)


class Outcome(StrEnum):
    """How an audit ended; the words of the metric's label."""

    SAME = "same"
    CHANGED = "changed"  # OrderCloud lists something else by now, to both
    MOVED = "moved"  # one of the two sees another catalogue by now
    UNSURE = "unsure"  # somebody could not be asked, or the answers go on changing
    LEAK = "leak"


class Catalog(Protocol):
    """Lists from OrderCloud as the shopper."""

    async def fetch_list(self, query: ListQuery, shopper: Shopper) -> Page:
        """Return the page, or raise OrderCloudRefused or UpstreamError."""


class Members(Protocol):
    """Knows who is of a scope."""

    async def confirm(self, shared: Shared, shopper: Shopper) -> None:
        """Ask OrderCloud anew whether *shopper* is of that scope; else raise ScopeChanged."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A page of a shared scope that was kept, and to whom it was shown; how it is fetched anew."""

    placement: Placement
    key: Key
    query: ListQuery
    page: Page
    shared: Shared
    shopper: Shopper
    renew: Callable[[], Awaitable[object]]


class Watch(Protocol):
    """Is told how audits end."""

    def note_audit(self, placement: str, outcome: str) -> None:
        """Count one audit."""

    def note_sharing(self, placement: str, *, is_off: bool) -> None:
        """Raise the alarm, or end it."""


class Audit:
    """Audits a *share* (0 to 1) of hits, one at a time; a leak ends a placement's sharing.

    *purge* ends what is kept for a placement.
    """

    def __init__(
        self,
        catalog: Catalog,
        members: Members,
        *,
        share: float,
        purge: Callable[[str], None],
        watch: Watch,
        tasks: Tasks,
        clock: Callable[[], float],
        random: Callable[[], float],
    ) -> None:
        self._catalog = catalog
        self._members = members
        self._share = share
        self._purge = purge
        self._watch = watch
        self._tasks = tasks
        self._clock = clock
        self._random = random
        self._next_at = float("-inf")
        self._is_busy = False
        self._fillers: LRUCache[Key, Shopper] = LRUCache(_FILLERS_MAX)
        self._leaky: dict[str, Placement] = {}

    def sharing(self, placement: Placement) -> Sharing:
        """Return with whom *placement* may share pages; nobody, once it leaked and is as it was."""
        leaky = self._leaky.get(placement.name)
        if leaky is placement:
            return Sharing.SHOPPER
        if leaky is not None:
            del self._leaky[placement.name]
            self._watch.note_sharing(placement.name, is_off=False)
        return placement.sharing

    @property
    def leaky(self) -> list[str]:
        """Return the placements whose sharing is off."""
        return sorted(self._leaky)

    def note_filled(self, key: Key, shopper: Shopper) -> None:
        """Note who fetched what is kept under *key*."""
        self._fillers[key] = shopper

    def consider(self, hit: Hit) -> None:
        """Audit *hit* behind, or not; nobody waits for it."""
        if self._is_busy or self._random() >= self._share or self._clock() < self._next_at:
            return
        filler = self._fillers.get(hit.key)
        if filler is not None and filler.id == hit.shopper.id:
            return
        self._is_busy = True
        self._tasks.spawn(self._run(hit, filler), name="sharing audit")

    async def _run(self, hit: Hit, filler: Shopper | None) -> None:
        try:
            outcome = await self._outcome(hit, filler)
            self._watch.note_audit(hit.placement.name, outcome)
            if outcome is Outcome.LEAK:
                self._end_sharing(hit)
            elif outcome is not Outcome.SAME:
                await hit.renew()
        finally:
            self._is_busy = False
            self._next_at = self._clock() + _EVERY_S

    async def _outcome(self, hit: Hit, filler: Shopper | None) -> Outcome:
        try:
            mine = await self._catalog.fetch_list(hit.query, hit.shopper)
            if mine.etag == hit.page.etag:
                return Outcome.SAME
            await self._members.confirm(hit.shared, hit.shopper)
            if filler is None:
                return Outcome.UNSURE
            theirs = await self._catalog.fetch_list(hit.query, filler)
            await self._members.confirm(hit.shared, filler)
            again = await self._catalog.fetch_list(hit.query, hit.shopper)
        except ScopeChanged:
            return Outcome.MOVED
        except ProxyError:
            return Outcome.UNSURE
        if again.etag != mine.etag:
            return Outcome.UNSURE
        return Outcome.CHANGED if theirs.etag == mine.etag else Outcome.LEAK

    def _end_sharing(self, hit: Hit) -> None:
        name = hit.placement.name
        self._leaky[name] = hit.placement
        self._watch.note_sharing(name, is_off=True)
        self._purge(name)
        _log.error(
            "a shared page was not the same for all; sharing is off",
            extra={"placement": name, "resource": hit.query.resource},
        )
