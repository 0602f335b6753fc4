"""What a shop promises of everything that it shows: checked against what it shows."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from proxy.cache.cache import Served
from proxy.core.freshness import Lifetime, Times
from proxy.errors import ProxyError, TokenError
from proxy.model import Decision, Freshness, Page
from proxy.pipeline import Personalized
from tests.properties import shop
from tests.properties.upstreams import Person, Upstreams

Subject: TypeAlias = tuple[str, ...]
Promises: TypeAlias = Mapping[Subject, float]
"""By subject: since when it must be new, or which version must be shown at least."""

_KNOWN_S = 2 * shop.PROFILE_S
"""How long OrderCloud's word of a shopper's groups may be believed: as long again in an outage."""

_BIT_S = 1e-6


@dataclass
class Asking:
    """Somebody who asks a replica, and what it had promised when they did."""

    person: Person
    placement: str
    task: "asyncio.Task[Personalized]"
    at: float
    has_expired: bool
    promised: Promises
    has_left: bool = False


class Check:
    """Checks how an asking ended. *upstreams* have the truth."""

    def __init__(self, asking: Asking, upstreams: Upstreams) -> None:
        self._asking = asking
        self._upstreams = upstreams
        self._now = upstreams.clock.now
        self._placement = shop.PLACEMENTS[asking.placement]

    def run(self) -> str:
        """Return how it ended."""
        asking = self._asking
        if asking.task.cancelled():
            assert asking.has_left, "who stayed was cancelled"
            return "left"
        match asking.task.exception():
            case None:
                return self._answer(asking.task.result())
            case TokenError():
                assert asking.has_expired, "a good token was refused"
                return "refused"
            case ProxyError() as exc:
                recently = asking.at - shop.NOTHING_S
                assert self._upstreams.failed_at >= recently, f"nothing failed, but: {exc!r}"
                return "failed"
            case exc:
                raise exc

    def _answer(self, done: Personalized) -> str:
        assert not self._asking.has_expired, "an expired token was shown something"
        if done.decision.output is not None:
            self._decision(done.decision)
        self._page(done.page)
        return done.page.freshness

    def _decision(self, decision: Decision) -> None:
        output: Any = decision.output
        assert output["by"] == self._asking.person.name, "another guest's decision"
        if decision.freshness is not Freshness.STALE:
            self._since(output["at"], ("decided", output["by"]))
        age_s = self._asking.at - output["at"]
        assert decision.age_s >= age_s - _BIT_S, "a decision claims to be younger than it is"
        self._lifetime(self._placement.decision_times, decision.freshness, age_s)

    def _page(self, page: Served[Page]) -> None:
        told = shop.meta(page.value)
        self._scope(told)
        self._since(told["at"])
        age_s = self._now - told["at"]
        assert page.age_s >= age_s - _BIT_S, "a page claims to be younger than it is"
        assert page.ttl_s <= (self._placement.page_times.fresh_s or 0) - age_s + _BIT_S
        self._lifetime(self._placement.page_times, page.freshness, age_s)
        for item, version in shop.versions(page.value):
            promised = self._asking.promised
            assert version >= promised.get(("hard", item), 0), "an old item after a hard purge"
            if version < promised.get(("soft", item), 0):
                assert page.freshness is Freshness.STALE, "an old item that is not said to be"

    def _scope(self, told: Mapping[str, Any]) -> None:
        """Check whose page it is: the shopper's, or one of their scope."""
        person = self._asking.person
        if told["by"] == person.name:
            return
        assert self._placement.resource != "me/promotions", "another's promotions"
        if not person.is_anonymous:
            assert self._placement.name in {"hero", "strict"}, "a page that is not for groups"
        moved = self._asking.promised.get(("moved", person.name), 0.0)
        known = person.memberships_since(max(moved, self._asking.at - _KNOWN_S))
        assert told["as"] in known, "a page of groups that the shopper is not in"

    def _since(self, at: float, *subjects: Subject) -> None:
        """Check that what was asked for *at* a time is not from before what purged it."""
        for subject in (*subjects, ("placement", self._placement.name), ("all",)):
            since = self._asking.promised.get(subject, 0.0)
            assert at >= since - _BIT_S, f"from before the purge of {subject}"

    def _lifetime(self, times: Times, freshness: Freshness, age_s: float) -> None:
        """Check that what is kept is not served for longer than the placement says."""
        lives = times.over(Lifetime(0.0))
        if freshness is Freshness.CACHED:
            assert age_s < lives.fresh_s + _BIT_S, "it is not fresh any more"
        if freshness is Freshness.STALE:
            assert age_s < lives.total_s + _BIT_S, "it should be gone"
