"""The idea of the product: Shopper → Decision → ListQuery → Page.

Each step asks for what it needs through a protocol; `proxy.edge` fulfils them and `proxy.app`
joins the two.
"""

import asyncio
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol, TypeAlias

import msgspec
from msgspec.structs import replace

from proxy.cache.cache import Served
from proxy.cache.hold import Hold
from proxy.core.choose import CURATED, DEFAULT, Choice, circumstances, ladder
from proxy.core.curated import Curated
from proxy.core.explain import decision_of, sample_decision
from proxy.core.given import Given, NoSample
from proxy.core.placement import Placement
from proxy.core.scope import Shared, Sharing, reach
from proxy.core.traffic import Kind, kind_of
from proxy.decisions import Decisions
from proxy.errors import UpstreamError
from proxy.model import FAULTS, Asked, Decision, Facts, Freshness, Held, Page, Reason, Rung, Shopper
from proxy.pages import Ask, Pages, curated_page
from proxy.scopes import Scopes
from proxy.shoppers import Shoppers

_AS_RULED = frozenset({Reason.MATCHED, Reason.NO_RULE, Reason.NO_DECISION})
"""Reasons of a choice that nothing went wrong for."""

_UP_TO_DATE = frozenset({Freshness.FRESH, Freshness.CACHED})


_Known: TypeAlias = tuple[Decision, Facts, Shared | None]
"""What is to be known before a rule is chosen."""


class Verifier(Protocol):
    """Knows shoppers by their token."""

    async def verify(self, authorization: str | None) -> Shopper:
        """Return the token's holder, or raise TokenError."""


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


class Basis(msgspec.Struct, frozen=True):
    """All that an answer rests on and that may change, where nothing had to be asked for it.

    The page, the decision if the placement needs one, what is known of the shopper, and until
    when neither the token nor a schedule changes anything (epoch seconds).
    """

    page: Hold[Page]
    decision: Held | None
    shopper: tuple[Held, ...]
    until: float


class Personalized(msgspec.Struct, frozen=True):
    """A placement's answer, and all that explains it; *basis* where it would be the same again.

    *kind* is that of the shopper, where it is known who it is; *facts_age_s* the age of what rules
    asked about them. A preview is of what was supposed, and tells nothing of who asked.
    """

    placement: str
    choice: Choice
    decision: Decision
    page: Served[Page]
    timings: Timings
    basis: Basis | None = None
    kind: Kind | None = None
    facts_age_s: float = 0.0
    is_preview: bool = False

    @property
    def age_s(self) -> float:
        """Return the age of the least fresh part."""
        known_s = max(self.decision.age_s, self.facts_age_s)
        return max(known_s + self.timings.steps.get("list", 0.0), self.page.age_s)

    @property
    def rung(self) -> Rung:
        """Return how far down the ladder the part is that had to go down furthest."""
        choice, decision, page = self.choice, self.decision, self.page
        is_stale = decision.freshness is Freshness.STALE
        if choice.reason in _AS_RULED and not is_stale and page.freshness in _UP_TO_DATE:
            return Rung.MEANT  # so are nearly all; what follows costs more
        lowest_first = {
            Rung.SNAPSHOT: page.is_restored or decision.is_restored,
            Rung.CURATED: choice.rule == CURATED,
            Rung.DEFAULT: choice.rule == DEFAULT and choice.reason in FAULTS,
            Rung.PARENT: choice.is_parents,
            Rung.LAST_DECISION: is_stale and decision.reason in FAULTS,
            Rung.STALE: is_stale or page.freshness is Freshness.STALE,
        }
        return next((rung for rung, is_it in lowest_first.items() if is_it), Rung.MEANT)


class Pipeline:
    """Answers placements."""

    def __init__(
        self,
        verifier: Verifier,
        shoppers: Shoppers,
        scopes: Scopes,
        decisions: Decisions,
        pages: Pages,
    ) -> None:
        self._verifier = verifier
        self._shoppers = shoppers
        self._scopes = scopes
        self._decisions = decisions
        self._pages = pages

    async def personalize(
        self,
        placement: Placement,
        authorization: str | None,
        asked: Asked,
        supposed: Given | None = None,
    ) -> Personalized:
        """Fill *placement* for the holder of the token, or as if they were as *supposed*.

        That changes which list is chosen, never what the token may see of it.

        Raises:
            TokenError: nothing is shown, cached or not.
            OrderCloudRefused: OrderCloud's own error, also for the default query.
            UpstreamError: OrderCloud gives no answer, and nothing may stand in.
        """
        timings = Timings()
        try:
            shopper = await self._verifier.verify(authorization)
        except UpstreamError:
            if placement.curated is None:
                raise
            return _curated(placement, placement.curated, asked, timings)
        timings.step("verify")
        if supposed is None:
            known = await self._known(placement, shopper, asked)
            return await self._listed(placement, shopper, asked, known, timings)
        asked = replace(asked, query={**asked.query, **supposed.asked.query})
        known = _supposed(placement, supposed)
        done = await self._listed(placement, shopper, asked, known, timings)
        return replace(done, basis=None, kind=None, is_preview=True)

    async def _listed(
        self, placement: Placement, shopper: Shopper, asked: Asked, known: _Known, timings: Timings
    ) -> Personalized:
        """Take the steps that are left, by what is *known*."""
        decision, facts, shared = known
        timings.step("decision")
        ask = Ask(placement, shopper, asked, decision, shared)
        now = circumstances(placement, decision, asked, facts)
        choices = ladder(placement, decision, asked, now)
        choice, page = await self._pages.list_first(choices, ask)
        timings.step("list")
        return Personalized(
            placement.name,
            choice,
            decision,
            page,
            timings,
            basis=_basis(ask, facts, choice, page),
            kind=kind_of(placement, choice, now),
            facts_age_s=facts.age_s,
        )

    async def _known(self, placement: Placement, shopper: Shopper, asked: Asked) -> _Known:
        """Return what is to be known before a rule is chosen, all asked for at once.

        Mostly CDP alone is asked; then no task is made for the others.
        """
        needs = placement.needs
        sharing = reach(shopper, placement.resource, self._pages.sharing(placement))
        if needs.any or sharing is Sharing.GROUPS:
            return await asyncio.gather(
                self._decisions.decide(placement, shopper, asked),
                self._shoppers.facts(needs, shopper, asked),
                self._scopes.shared(shopper, sharing),
            )
        return (
            await self._decisions.decide(placement, shopper, asked),
            await self._shoppers.facts(needs, shopper, asked),
            await self._scopes.shared(shopper, sharing),
        )


def _supposed(placement: Placement, supposed: Given) -> _Known:
    """Return what is supposed instead; CDP is neither asked nor told, and no page is shared."""
    try:
        decision = sample_decision(placement, supposed)
    except NoSample:  # segments mean nothing to this placement
        decision = decision_of(supposed.output)
    return decision, supposed.facts(datetime.now(UTC)), None


def _curated(
    placement: Placement, curated: Curated, asked: Asked, timings: Timings
) -> Personalized:
    """Return what everybody may see: nobody knows who it is that asks."""
    timings.step("verify")
    choice = Choice(CURATED, None, Reason.UNVERIFIED, curated)
    decision = Decision(None, Reason.UNVERIFIED, Freshness.FALLBACK)
    page = curated_page(curated, asked)
    return Personalized(placement.name, choice, decision, page, timings)


def _basis(ask: Ask, facts: Facts, choice: Choice, page: Served[Page]) -> Basis | None:
    """Return what the answer rests on, if nothing of it was asked for just now or is in doubt."""
    placement, shopper, decision, shared = ask.placement, ask.shopper, ask.decision, ask.shared
    is_decided = decision.hold is not None or decision.reason is Reason.NO_DECISION
    if page.hold is None or not is_decided or choice.reason not in _AS_RULED:
        return None
    may_share = reach(shopper, placement.resource, placement.sharing) is not Sharing.SHOPPER
    is_sure = shared.is_current if shared else not may_share
    known = (*facts.holds, *(shared.holds if shared else ()))
    holds = tuple(filter(None, known))
    if not is_sure or len(holds) < len(known):
        return None
    until = min(shopper.expires_at, placement.steady_until(facts.at).timestamp())
    return Basis(page.hold, decision.hold, holds, until)
