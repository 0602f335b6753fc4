"""The page of a choice: fetched as the shopper, kept for the shopper's scope, or put together."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Protocol

from proxy.cache.cache import Cache, Fetched, Served
from proxy.core import listing, tags
from proxy.core.choose import DEFAULT, Choice, EmbeddedPage, Listed, default_choice
from proxy.core.compose import compose
from proxy.core.freshness import Lifetime, Terms
from proxy.core.keys import key_of
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
    Scope,
    Shopper,
)
from proxy.sections import Cache as CacheConfig

_WORST_FIRST = (Freshness.STALE, Freshness.FRESH, Freshness.CACHED)


class Catalog(Protocol):
    """Lists from OrderCloud as the shopper."""

    async def fetch_list(self, query: ListQuery, shopper: Shopper) -> Page:
        """Return the page, or raise OrderCloudRefused or UpstreamError."""


@dataclass(frozen=True, slots=True)
class _Ask:
    """Who asks for what, on what terms."""

    shopper: Shopper
    asked: Asked
    decision: Decision
    terms: Terms


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
        ask = _Ask(shopper, asked, decision, self._terms(placement))
        try:
            return choice, await self._chosen(choice.then, ask)
        except OrderCloudRefused as exc:
            if _is_final(choice, exc):
                raise
            reason = Reason.RULE_REFUSED
        except listing.NotAList:
            reason = Reason.BAD_PAGE
        fallback = default_choice(placement, asked, reason=reason, segment=choice.segment)
        return fallback, await self._chosen(fallback.then, ask)

    def _terms(self, placement: Placement) -> Terms:
        times = self._lifetimes
        lifetime = Lifetime(times.page_fresh, times.page_revalidate, times.page_error)
        return Terms(lifetime, placement.tag)

    async def _chosen(self, then: Listed, ask: _Ask) -> Served[Page]:
        match then:
            case ListQuery():
                return await self._page(then, ask)
            case Composition():
                return await self._composed(then, ask)
            case EmbeddedPage():
                return _embedded(then, ask.decision, ask.asked)

    async def _composed(self, wanted: Composition, ask: _Ask) -> Served[Page]:
        """Fetch what the composition asks for, piece by piece; it is as old as its oldest."""
        steps = compose(wanted)
        query = next(steps)
        pieces = []
        while True:
            piece = await self._page(query, ask)
            pieces.append(piece)
            try:
                query = steps.send(piece.value)
            except StopIteration as done:
                return _joined(done.value, pieces)

    async def _page(self, query: ListQuery, ask: _Ask) -> Served[Page]:
        scope = ask.shopper.scope(query.resource)
        key = key_of("page", scope, query)
        return await self._cache.get(key, lambda: self._fetch(query, scope, ask.shopper), ask.terms)

    async def _fetch(self, query: ListQuery, scope: Scope, shopper: Shopper) -> Fetched[Page]:
        page = await self._catalog.fetch_list(query, shopper)
        found = chain(tags.of_query(query), tags.of_items(query.resource, page.body))
        return Fetched(page, tags=tags.pack([*found, tags.tag("scope", scope)]))


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
