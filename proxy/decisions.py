"""What CDP decides for a shopper, in the time that a shopper waits; else what stands in for it."""

import asyncio
import hashlib
from collections.abc import Hashable, Mapping
from typing import Protocol

import msgspec

from proxy.cache import Cache, Served
from proxy.core.freshness import Lifetime
from proxy.core.placement import Flow
from proxy.errors import (
    ProxyError,
    UpstreamBroken,
    UpstreamBusy,
    UpstreamFailed,
    UpstreamOpen,
    UpstreamRefused,
    UpstreamTimeout,
)
from proxy.model import Asked, Call, Decision, Execution, Freshness, Json, Reason, Shopper
from proxy.sections import Cache as CacheConfig
from proxy.shoppers import Shoppers

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

    async def decide(self, flow: Flow | None, shopper: Shopper, asked: Asked) -> Decision:
        """Return what CDP decides within the shopper's deadline, or what may stand in for it.

        The deadline answers the shopper only; the fetch goes on to its own limit and is kept.
        """
        if flow is None:
            return Decision(None, Reason.NO_DECISION, Freshness.FRESH)
        key = _decision_key(flow, shopper, asked)
        timeout_s = self._timeout_s if flow.timeout_s is None else flow.timeout_s
        try:
            async with asyncio.timeout(timeout_s):
                return _decision(
                    await self._cache.get(key, lambda: self._execute(flow, shopper, asked))
                )
        except TimeoutError:
            reason = Reason.TIMEOUT
        except ProxyError as exc:
            reason = _reason(exc)
        last_good = self._cache.last_good(key)
        if last_good and last_good.value.output is not None:
            return _decision(last_good, reason)
        return Decision(None, reason, Freshness.FALLBACK)

    async def _execute(
        self, flow: Flow, shopper: Shopper, asked: Asked
    ) -> tuple[Execution, Lifetime]:
        execution = await self._decider.execute(
            Call(
                friendly_id=flow.friendly_id,
                guest=await self._shoppers.guest(shopper, asked),
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


def _reason(exc: ProxyError) -> Reason:
    return _REASONS.get(type(exc), Reason.UPSTREAM_ERROR)
