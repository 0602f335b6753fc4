"""The idea of the product: Shopper → Decision → ListQuery → Page.

The steps ask for what they need through the protocols below; `proxy.edge` fulfils them and
`proxy.app` joins the two.
"""

import asyncio
import contextlib
import hashlib
import time
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Protocol

import msgspec

from proxy.cache import Cache, Served
from proxy.config import Cache as CacheConfig
from proxy.config import Cdp as CdpConfig
from proxy.core import listing
from proxy.core.choose import DEFAULT, Choice, EmbeddedPage, Listed, choose, default_choice
from proxy.core.compose import compose
from proxy.core.freshness import Lifetime
from proxy.core.placement import Flow, Needs, Placement
from proxy.errors import (
    OrderCloudRefused,
    ProxyError,
    UpstreamBroken,
    UpstreamBusy,
    UpstreamFailed,
    UpstreamOpen,
    UpstreamRefused,
    UpstreamTimeout,
)
from proxy.model import (
    Asked,
    Call,
    Composition,
    Decision,
    Execution,
    Facts,
    Freshness,
    Guest,
    Json,
    ListQuery,
    Page,
    Profile,
    Reason,
    Shopper,
)

_WORST_FIRST = (Freshness.STALE, Freshness.FRESH, Freshness.CACHED)
_NOTHING_FRESH_S = 10.0
"""How long it is remembered that CDP had nothing for a guest: short, as a flow may go live."""

_REASONS: Mapping[type[ProxyError], Reason] = {
    UpstreamTimeout: Reason.TIMEOUT,
    UpstreamRefused: Reason.UNREACHABLE,
    UpstreamFailed: Reason.UPSTREAM_ERROR,
    UpstreamBroken: Reason.GARBAGE,
    UpstreamBusy: Reason.BUSY,
    UpstreamOpen: Reason.CIRCUIT_OPEN,
}


class Verifier(Protocol):
    """Knows shoppers by their token."""

    async def verify(self, authorization: str | None) -> Shopper:
        """Return the token's holder, or raise TokenError."""


class Decider(Protocol):
    """Runs CDP flows."""

    async def execute(self, call: Call) -> Execution:
        """Return what the flow puts out for the call's guest, or raise UpstreamError."""


class Catalog(Protocol):
    """Lists from OrderCloud as the shopper."""

    async def fetch_list(self, query: ListQuery, shopper: Shopper) -> Page:
        """Return the page, or raise OrderCloudRefused or UpstreamError."""

    async def fetch_profile(self, shopper: Shopper) -> Profile:
        """Return who the shopper is, or raise OrderCloudRefused or UpstreamError."""

    async def fetch_groups(self, shopper: Shopper) -> frozenset[str]:
        """Return the shopper's user groups, or raise OrderCloudRefused or UpstreamError."""


@dataclass(slots=True)
class Timings:
    """Seconds that each step took, in the order of the steps."""

    steps: dict[str, float] = field(default_factory=dict)
    _since: float = field(default_factory=time.perf_counter)

    def step(self, name: str) -> None:
        """End a step: the time since the last one ended was its."""
        now = time.perf_counter()
        self.steps[name] = now - self._since
        self._since = now


@dataclass(frozen=True, slots=True)
class Personalized:
    """A placement's answer, and all that explains it."""

    placement: str
    choice: Choice
    decision: Decision
    page: Served[Page]
    timings: Timings

    @property
    def age_s(self) -> float:
        """Return the age of the least fresh part."""
        return max(self.decision.age_s, self.page.age_s)


class Pipeline:
    """Answers placements."""

    def __init__(
        self,
        *,
        verifier: Verifier,
        decider: Decider,
        catalog: Catalog,
        decisions: Cache[Execution],
        pages: Cache[Page],
        profiles: Cache[Profile],
        groups: Cache[frozenset[str]],
        cdp: CdpConfig,
        lifetimes: CacheConfig,
    ) -> None:
        self._verifier = verifier
        self._decider = decider
        self._catalog = catalog
        self._decisions = decisions
        self._pages = pages
        self._profiles = profiles
        self._groups = groups
        self._cdp = cdp
        self._lifetimes = lifetimes

    async def personalize(
        self, placement: Placement, authorization: str | None, asked: Asked
    ) -> Personalized:
        """Fill *placement* for the holder of the token.

        Raises:
            TokenError: nothing is shown, cached or not.
            OrderCloudRefused: OrderCloud's own error, also for the default query.
            UpstreamError: OrderCloud gives no answer, and nothing kept may stand in.
        """
        timings = Timings()
        shopper = await self._verifier.verify(authorization)
        timings.step("verify")
        decision, facts = await asyncio.gather(
            self._decide(placement.flow, shopper, asked),
            self._facts(placement.needs, shopper, asked),
        )
        timings.step("decision")
        choice = choose(placement, decision, asked, facts)
        choice, page = await self._list(placement, choice, decision, shopper, asked)
        timings.step("list")
        return Personalized(placement.name, choice, decision, page, timings)

    async def _decide(self, flow: Flow | None, shopper: Shopper, asked: Asked) -> Decision:
        """Return what CDP decides within the shopper's deadline, or what may stand in for it.

        The deadline answers the shopper only; the fetch goes on to its own limit and is kept.
        """
        if flow is None:
            return Decision(None, Reason.NO_DECISION, Freshness.FRESH)
        key = _decision_key(flow, shopper, asked)
        timeout_s = self._cdp.timeout if flow.timeout_s is None else flow.timeout_s
        try:
            async with asyncio.timeout(timeout_s):
                return _decision(
                    await self._decisions.get(key, lambda: self._execute(flow, shopper, asked))
                )
        except TimeoutError:
            reason = Reason.TIMEOUT
        except ProxyError as exc:
            reason = _reason(exc)
        last_good = self._decisions.last_good(key)
        if last_good and last_good.value.output is not None:
            return _decision(last_good, reason)
        return Decision(None, reason, Freshness.FALLBACK)

    async def _facts(self, needs: Needs, shopper: Shopper, asked: Asked) -> Facts:
        """Return what rules may ask about the shopper.

        What cannot be learnt within the deadline of a decision stays unknown.
        """
        profile = groups = None
        with contextlib.suppress(ProxyError, TimeoutError):
            async with asyncio.timeout(self._cdp.timeout):
                if needs.profile:
                    profile = await self.profile(shopper)
                if needs.groups:
                    fetch = partial(self._fetch_groups, shopper)
                    groups = (await self._groups.get(shopper.id, fetch)).value
        who = asked.visitor.browser_id if shopper.is_anonymous else shopper.username
        return Facts(
            at=datetime.now(UTC),
            is_anonymous=shopper.is_anonymous,
            profile=profile,
            groups=groups,
            who=who or shopper.id,
        )

    async def _execute(
        self, flow: Flow, shopper: Shopper, asked: Asked
    ) -> tuple[Execution, Lifetime]:
        execution = await self._decider.execute(
            Call(
                friendly_id=flow.friendly_id,
                guest=await self._guest(shopper, asked),
                params=_params(flow, asked),
                token=shopper.token if flow.forwards_token else None,
                user_agent=asked.visitor.user_agent,
                geo=asked.visitor.geo,
            )
        )
        fresh_s = self._lifetimes.decision_fresh if flow.fresh_s is None else flow.fresh_s
        if execution.output is None:
            return execution, Lifetime(min(fresh_s, _NOTHING_FRESH_S))
        return execution, Lifetime(fresh_s, error_s=self._lifetimes.decision_error)

    async def _guest(self, shopper: Shopper, asked: Asked) -> Guest:
        """Return whom CDP is asked about: the browser, else the identifier behind the token."""
        if asked.visitor.browser_id:
            return Guest(browser_id=asked.visitor.browser_id)
        if shopper.is_anonymous:
            return Guest(identifier=shopper.anonymous_identifier)
        return Guest(identifier=(await self.profile(shopper)).identifier)

    async def profile(self, shopper: Shopper) -> Profile:
        """Return who *shopper* is, as remembered for minutes.

        Raises:
            ProxyError: OrderCloud does not say.
        """
        served = await self._profiles.get(shopper.id, partial(self._fetch_profile, shopper))
        return served.value

    async def _fetch_profile(self, shopper: Shopper) -> tuple[Profile, Lifetime]:
        return await self._catalog.fetch_profile(shopper), self._profile_lifetime

    async def _fetch_groups(self, shopper: Shopper) -> tuple[frozenset[str], Lifetime]:
        return await self._catalog.fetch_groups(shopper), self._profile_lifetime

    @property
    def _profile_lifetime(self) -> Lifetime:
        fresh_s = self._lifetimes.profile_fresh
        return Lifetime(fresh_s, error_s=fresh_s)

    async def _list(
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
        return await self._pages.get((scope, query), lambda: self._fetch_page(query, shopper))

    async def _fetch_page(self, query: ListQuery, shopper: Shopper) -> tuple[Page, Lifetime]:
        page = await self._catalog.fetch_list(query, shopper)
        times = self._lifetimes
        return page, Lifetime(times.page_fresh, times.page_revalidate, times.page_error)


def _decision_key(flow: Flow, shopper: Shopper, asked: Asked) -> Hashable:
    """Return the flow, the shopper (as whom it may act) and all that the flow is told."""
    told = msgspec.json.encode((_params(flow, asked), asked.visitor), order="sorted")
    # A digest, since what a browser sends may be long and is not weighed by the cache.
    digest = hashlib.blake2b(told, digest_size=16).digest()
    return flow.friendly_id, flow.forwards_token, shopper.id, digest


def _params(flow: Flow, asked: Asked) -> dict[str, Json]:
    from_request = {
        name: asked.query[source] for name, source in flow.asked.items() if source in asked.query
    }
    return {**flow.params, **from_request}


def _decision(served: Served[Execution], reason: Reason | None = None) -> Decision:
    outage = served.stands_in_for
    return Decision(
        served.value.output,
        reason or (_reason(outage) if outage else served.value.reason),
        served.freshness,
        age_s=served.age_s,
        ttl_s=served.ttl_s,
    )


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


def _reason(exc: ProxyError) -> Reason:
    return _REASONS.get(type(exc), Reason.UPSTREAM_ERROR)
