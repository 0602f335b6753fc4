"""What CDP decides for a shopper, in the time that a shopper waits; else what stands in for it."""

import asyncio
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Protocol

from proxy.cache.cache import Cache, Fetched, Served
from proxy.core import tags
from proxy.core.freshness import ENDLESS, Lifetime, Terms
from proxy.core.keys import Key, key_of
from proxy.core.placement import Flow, Placement
from proxy.errors import (
    ProxyError,
    UpstreamBroken,
    UpstreamBusy,
    UpstreamFailed,
    UpstreamOpen,
    UpstreamRefused,
    UpstreamTimeout,
)
from proxy.model import Asked, Call, Decision, Execution, Freshness, Guest, Json, Reason, Shopper
from proxy.sections import Cache as CacheConfig
from proxy.shoppers import Shoppers

_REASONS: Mapping[type[ProxyError], Reason] = {
    UpstreamTimeout: Reason.TIMEOUT,
    UpstreamRefused: Reason.UNREACHABLE,
    UpstreamFailed: Reason.UPSTREAM_ERROR,
    UpstreamBroken: Reason.GARBAGE,
    UpstreamBusy: Reason.BUSY,
    UpstreamOpen: Reason.CIRCUIT_OPEN,
}


class Decider(Protocol):
    """Runs CDP flows."""

    async def execute(self, call: Call) -> Execution:
        """Return what the flow puts out for the call's guest, or raise UpstreamError."""


class Decisions:
    """Decisions of CDP's flows. A shopper waits *timeout_s*, unless the placement says else."""

    def __init__(
        self,
        decider: Decider,
        *,
        shoppers: Shoppers,
        cache: Cache[Execution],
        lifetimes: CacheConfig,
        timeout_s: float,
    ) -> None:
        self._decider = decider
        self._shoppers = shoppers
        self._cache = cache
        self._lifetimes = lifetimes
        self._timeout_s = timeout_s

    async def decide(self, placement: Placement, shopper: Shopper, asked: Asked) -> Decision:
        """Return what CDP decides within the shopper's deadline, or what may stand in for it.

        The deadline answers the shopper only; the fetch goes on to its own limit and is kept.
        """
        flow = placement.flow
        if flow is None:
            return Decision(None, Reason.NO_DECISION, Freshness.FRESH)
        terms = self._terms(placement)
        key = _decision_key(flow, shopper, asked)
        timeout_s = self._timeout_s if flow.timeout_s is None else flow.timeout_s
        until = asyncio.get_running_loop().time() + timeout_s
        fetch = partial(self._execute, flow, shopper, asked)
        try:
            return _decision(await self._cache.get(key, fetch, terms, until=until))
        except TimeoutError:
            reason = Reason.TIMEOUT
        except ProxyError as exc:
            reason = _reason(exc)
        last_good = self._cache.last_good(key, terms)
        if last_good and last_good.value.output is not None:
            return _decision(last_good, reason)
        return Decision(None, reason, Freshness.FALLBACK)

    def _terms(self, placement: Placement) -> Terms:
        times = self._lifetimes
        usual = Lifetime(times.decision_fresh, times.decision_revalidate, times.decision_error)
        return Terms(placement.decision_times.over(usual), placement.tag)

    async def _execute(self, flow: Flow, shopper: Shopper, asked: Asked) -> Fetched[Execution]:
        guest = await self._shoppers.guest(shopper, asked)
        execution = await self._decider.execute(
            Call(
                friendly_id=flow.friendly_id,
                guest=guest,
                params=_params(flow, asked),
                token=shopper.token if flow.forwards_token else None,
                user_agent=asked.visitor.user_agent,
                geo=asked.visitor.geo,
            )
        )
        nothing = execution.output is None
        lifetime = Lifetime(self._lifetimes.nothing_fresh) if nothing else ENDLESS
        return Fetched(execution, lifetime, tags.pack(_tags(flow, guest, shopper)))


def _decision_key(flow: Flow, shopper: Shopper, asked: Asked) -> Key:
    """Return the flow, the shopper (as whom it may act) and all that the flow is told."""
    told = _params(flow, asked), asked.visitor
    return key_of("decision", flow.friendly_id, flow.forwards_token, shopper.id, *told)


def _tags(flow: Flow, guest: Guest, shopper: Shopper) -> Iterator[str]:
    """Give the flow and all that the guest may be known by when something is told of them."""
    yield tags.tag("flow", flow.friendly_id)
    yield tags.of_shopper(shopper)
    for name in {guest.browser_id, guest.identifier, tags.name_of(shopper)}:
        if name:
            yield tags.tag("guest", name)


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
        hold=served.hold,
        is_restored=served.is_restored,
    )


def _reason(exc: ProxyError) -> Reason:
    return _REASONS.get(type(exc), Reason.UPSTREAM_ERROR)
