"""The page of a choice: fetched as the shopper, kept for the shopper's scope, or put together."""

from collections.abc import Sequence
from typing import Protocol

from proxy.cache import Cache, Served
from proxy.core import listing
from proxy.core.choose import DEFAULT, Choice, EmbeddedPage, Listed, default_choice
from proxy.core.compose import compose
from proxy.core.freshness import Lifetime
from proxy.core.placement import Placement
from proxy.errors import OrderCloudRefused
from proxy.model import (
    Asked,
    Composition,
    Decision,
    Freshness,
    ListQuery,
    Page,
    Reason,
    Shopper,
)
from proxy.sections import Cache as CacheConfig

_WORST_FIRST = (Freshness.STALE, Freshness.FRESH, Freshness.CACHED)


class Catalog(Protocol):
    """Lists from OrderCloud as the shopper."""

    async def fetch_list(self, query: ListQuery, shopper: Shopper) -> Page:
        """Return the page, or raise OrderCloudRefused or UpstreamError."""


class Pages:
    """OrderCloud's pages."""

    def __init__(self, catalog: Catalog, *, cache: Cache[Page], lifetimes: CacheConfig) -> None:
        self._catalog = catalog
        self._cache = cache
        self._lifetimes = lifetimes

    async def list_chosen(
        self,
        placement: Placement,
        choice: Choice,
        decision: Decision,
        shopper: Shopper,
        asked: Asked,
    ) -> tuple[Choice, Served[Page]]:
        """Return the chosen page; the default's where OrderCloud or the decision has none."""
        try:
            return choice, await self._chosen(choice.then, decision, shopper, asked)
        except OrderCloudRefused as exc:
            if _is_final(choice, exc):
                raise
            reason = Reason.RULE_REFUSED
        except listing.NotAList:
            reason = Reason.BAD_PAGE
        fallback = default_choice(placement, asked, reason=reason, segment=choice.segment)
        return fallback, await self._chosen(fallback.then, decision, shopper, asked)

    async def _chosen(
        self, then: Listed, decision: Decision, shopper: Shopper, asked: Asked
    ) -> Served[Page]:
        match then:
            case ListQuery():
                return await self._page(then, shopper)
            case Composition():
                return await self._composed(then, shopper)
            case EmbeddedPage():
                return _embedded(then, decision, asked)

    async def _composed(self, wanted: Composition, shopper: Shopper) -> Served[Page]:
        """Fetch what the composition asks for, piece by piece; it is as old as its oldest."""
        steps = compose(wanted)
        query = next(steps)
        pieces = []
        while True:
            piece = await self._page(query, shopper)
            pieces.append(piece)
            try:
                query = steps.send(piece.value)
            except StopIteration as done:
                return _joined(done.value, pieces)

    async def _page(self, query: ListQuery, shopper: Shopper) -> Served[Page]:
        scope = shopper.scope(query.resource)
        return await self._cache.get((scope, query), lambda: self._fetch_page(query, shopper))

    async def _fetch_page(self, query: ListQuery, shopper: Shopper) -> tuple[Page, Lifetime]:
        page = await self._catalog.fetch_list(query, shopper)
        times = self._lifetimes
        return page, Lifetime(times.page_fresh, times.page_revalidate, times.page_error)


def _embedded(then: EmbeddedPage, decision: Decision, asked: Asked) -> Served[Page]:
    """Return the list inside the decision: as old as the decision, and the shopper's own."""
    page = listing.embedded(then.found, page=asked.page, page_size=asked.page_size)
    return Served(page, decision.freshness, decision.age_s, 0.0)


def _joined(page: Page, pieces: Sequence[Served[Page]]) -> Served[Page]:
    """Return *page*, no fresher than the least fresh of what it was made of."""
    kinds = {piece.freshness for piece in pieces}
    worst = next(kind for kind in _WORST_FIRST if kind in kinds)
    age_s = max(piece.age_s for piece in pieces)
    return Served(page, worst, age_s, min(piece.ttl_s for piece in pieces))


def _is_final(choice: Choice, refusal: OrderCloudRefused) -> bool:
    """Say whether another query would be refused as well: it is the shopper, or an outage."""
    return choice.rule == DEFAULT or refusal.is_outage or refusal.is_personal
