"""The page of a choice: fetched as the shopper, kept for their scope, or put together.

Where it cannot be had, the next choice's stands in.
"""

import asyncio
import contextlib
import dataclasses
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from typing import Protocol, TypeAlias

from msgspec.structs import replace

from proxy.audit import Audit, Hit
from proxy.cache.cache import Cache, Fetched, Served
from proxy.cache.refusals import Refusals
from proxy.core import listing, tags
from proxy.core.choose import Choice, EmbeddedPage, Listed
from proxy.core.compose import compose
from proxy.core.curated import Curated
from proxy.core.freshness import ENDLESS, Lifetime, Terms
from proxy.core.keys import key_of
from proxy.core.placement import Placement
from proxy.core.scope import Shared, Sharing, own_scope, scope_tags
from proxy.errors import ProxyError, ScopeChanged, UpstreamBroken, UpstreamTimeout
from proxy.model import (
    Asked,
    Composition,
    Decision,
    Freshness,
    Json,
    ListQuery,
    Page,
    Reason,
    Scope,
    Shopper,
)
from proxy.scopes import Scopes
from proxy.sections import Cache as CacheConfig

_WORST_FIRST = (Freshness.STALE, Freshness.FRESH, Freshness.CACHED)


class Catalog(Protocol):
    """Lists from OrderCloud as the shopper."""

    async def fetch_list(self, query: ListQuery, shopper: Shopper) -> Page:
        """Return the page, or raise OrderCloudRefused or UpstreamError."""


@dataclass(slots=True)
class Ask:
    """Who asks for a page of what, and the outage that kept pages have to help out in."""

    placement: Placement
    shopper: Shopper
    asked: Asked
    decision: Decision
    shared: Shared | None
    outage: ProxyError | None = None
    own_scope: Scope = field(init=False)

    def __post_init__(self) -> None:
        self.own_scope = own_scope(self.shopper)


_Read: TypeAlias = Callable[[Ask, ListQuery], Awaitable[Served[Page]]]


class Pages:
    """OrderCloud's pages. A shopper waits *patience_s* for one of which an older copy is kept."""

    def __init__(
        self,
        catalog: Catalog,
        *,
        cache: Cache[Page],
        refusals: Refusals,
        scopes: Scopes,
        audit: Audit,
        lifetimes: CacheConfig,
        patience_s: float,
    ) -> None:
        self._catalog = catalog
        self._cache = cache
        self._refusals = refusals
        self._scopes = scopes
        self._audit = audit
        self._lifetimes = lifetimes
        self._patience_s = patience_s

    def _terms(self, placement: Placement) -> Terms:
        times = self._lifetimes
        usual = Lifetime(times.page_fresh, times.page_revalidate, times.page_error)
        return Terms(placement.page_times.over(usual), placement.tag)

    def sharing(self, placement: Placement) -> Sharing:
        """Return with whom pages of *placement* may be shared at most."""
        return self._audit.sharing(placement)

    async def list_first(self, choices: Iterable[Choice], ask: Ask) -> tuple[Choice, Served[Page]]:
        """Return the first of *choices* whose page can be had, and the page.

        Raises:
            OrderCloudRefused: OrderCloud does not like the shopper, or none of the queries.
            UpstreamError: OrderCloud gives no answer, and nothing may stand in.
        """
        failure: ProxyError = UpstreamBroken("there is nothing to list")
        fallen: Reason | None = None
        for choice in choices:
            try:
                page = await self._had(choice.then, ask)
            except listing.NotAList as exc:
                failure, reason = UpstreamBroken(f"the list is {exc}"), Reason.BAD_PAGE
            except ProxyError as exc:
                if exc.is_personal:
                    raise
                failure, reason = exc, Reason.NO_LIST if exc.is_outage else Reason.RULE_REFUSED
            else:
                return (replace(choice, reason=fallen) if fallen else choice), page
            fallen = fallen or reason
        raise failure

    async def _had(self, then: Listed, ask: Ask) -> Served[Page]:
        """Return the page; once OrderCloud is out, only if it is kept."""
        if ask.outage is None:
            try:
                return await self._patiently(then, ask)
            except ProxyError as exc:
                if not exc.is_outage:
                    raise
                ask.outage = exc
        return await self._chosen(then, ask, self._kept)

    async def _patiently(self, then: Listed, ask: Ask) -> Served[Page]:
        """Return the page; if OrderCloud takes its time and one is kept, that one."""
        if isinstance(then, ListQuery) and not self._is_kept(ask, then):
            return await self._page(ask, then)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._patience_s):
                return await self._chosen(then, ask, self._page)
        late = UpstreamTimeout("OrderCloud has not answered yet")
        with contextlib.suppress(UpstreamTimeout):
            return await self._chosen(then, dataclasses.replace(ask, outage=late), self._kept)
        return await self._chosen(then, ask, self._page)

    async def _chosen(self, then: Listed, ask: Ask, read: _Read) -> Served[Page]:
        match then:
            case ListQuery():
                return await read(ask, then)
            case Composition():
                return await _composed(then, partial(read, ask))
            case EmbeddedPage():
                decision = ask.decision
                return _written(then.found, ask.asked, decision.freshness, decision.age_s)
            case Curated():
                return curated_page(then, ask.asked)

    async def _page(self, ask: Ask, query: ListQuery) -> Served[Page]:
        if ask.shared is not None and ask.shared.is_current:
            with contextlib.suppress(ScopeChanged):
                return _as_old_as(ask.shared, await self._shared_page(ask, ask.shared, query))
        scope = ask.own_scope
        fetch = partial(self._fetch, scope, query, ask.shopper)
        terms = self._terms(ask.placement)
        return await self._cache.get(key_of("page", scope, query), fetch, terms)

    async def _shared_page(self, ask: Ask, shared: Shared, query: ListQuery) -> Served[Page]:
        key, terms = key_of("page", shared.scope, query), self._terms(ask.placement)
        fetch = partial(self._fetch_for, shared, query, ask.shopper)
        served = await self._cache.get(key, fetch, terms)
        if served.freshness is Freshness.CACHED:
            renew = partial(self._cache.renew, key, fetch, terms)
            page = served.value
            self._audit.consider(Hit(ask.placement, key, query, page, shared, ask.shopper, renew))
        return served

    async def _kept(self, ask: Ask, query: ListQuery) -> Served[Page]:
        """Return what is kept of the page; raise the outage where nothing is."""
        assert ask.outage is not None
        terms = self._terms(ask.placement)
        if ask.shared is not None:
            key = key_of("page", ask.shared.scope, query)
            if served := self._cache.last_good(key, terms):
                return _as_old_as(ask.shared, served)
        if served := self._cache.last_good(key_of("page", ask.own_scope, query), terms):
            return served
        raise ask.outage

    def _is_kept(self, ask: Ask, query: ListQuery) -> bool:
        """Say whether there is anything that could be shown instead of waiting."""
        scopes = [ask.own_scope] if ask.shared is None else [ask.own_scope, ask.shared.scope]
        return any(key_of("page", scope, query) in self._cache for scope in scopes)

    async def _fetch_for(self, shared: Shared, query: ListQuery, shopper: Shopper) -> Fetched[Page]:
        """Fetch what all of a scope will see; that the shopper is of it is asked afterwards."""
        fetched = await self._fetch(shared.scope, query, shopper)
        await self._scopes.confirm(shared, shopper)
        self._audit.note_filled(key_of("page", shared.scope, query), shopper)
        return fetched

    async def _fetch(self, scope: Scope, query: ListQuery, shopper: Shopper) -> Fetched[Page]:
        with self._refusals.remembered(scope, shopper.token, query):
            page = await self._catalog.fetch_list(query, shopper)
        found = chain(tags.of_query(query), tags.of_items(query.resource, page.body))
        lifetime = ENDLESS if page.item_count else Lifetime(self._lifetimes.nothing_fresh)
        return Fetched(page, lifetime, tags.pack([*found, *scope_tags(scope, shopper)]))


async def _composed(
    wanted: Composition, read: Callable[[ListQuery], Awaitable[Served[Page]]]
) -> Served[Page]:
    """Read what the composition asks for, piece by piece; it is as old as its oldest."""
    steps = compose(wanted)
    query = next(steps)
    pieces = []
    while True:
        piece = await read(query)
        pieces.append(piece)
        try:
            query = steps.send(piece.value)
        except StopIteration as done:
            return _joined(done.value, pieces)


def curated_page(curated: Curated, asked: Asked) -> Served[Page]:
    """Return the page that was asked for of a list that marketers wrote down."""
    return _written(curated.found, asked, Freshness.FALLBACK, 0.0)


def _written(found: Json, asked: Asked, freshness: Freshness, age_s: float) -> Served[Page]:
    """Return the page that was asked for of a list that nobody fetches: it stands written."""
    page = listing.embedded(found, page=asked.page, page_size=asked.page_size)
    return Served(page, freshness, age_s, 0.0)


def _as_old_as(shared: Shared, served: Served[Page]) -> Served[Page]:
    """Return what was *served*, no fresher than what is known of who may see it."""
    return replace(served, age_s=max(served.age_s, shared.age_s))


def _joined(page: Page, pieces: Sequence[Served[Page]]) -> Served[Page]:
    """Return *page*, no fresher than the least fresh of what it was made of."""
    kinds = {piece.freshness for piece in pieces}
    worst = next(kind for kind in _WORST_FIRST if kind in kinds)
    return Served(
        page,
        worst,
        max(piece.age_s for piece in pieces),
        min(piece.ttl_s for piece in pieces),
        is_restored=any(piece.is_restored for piece in pieces),
    )
