"""Runs interactive flows: which flow, does the guest take part, which variant, what it says."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sandbox.cdp import javascript, traffic
from sandbox.cdp.definitions import Flow, FlowStatus, Variant
from sandbox.cdp.guests import Guest
from sandbox.cdp.tenant import Tenant

_LIVE = frozenset({FlowStatus.PRODUCTION, FlowStatus.LIVE})


@dataclass(frozen=True, slots=True)
class Execution:
    """A flow that ran: the variant chosen and the response body, exactly as rendered."""

    flow: Flow
    variant: Variant
    body: str


def execute(
    tenant: Tenant, friendly_id: str, guest: Guest, request: Mapping[str, Any]
) -> Execution | None:
    """Run the flow for *guest*; None if no flow runs.

    A *friendly_id* that ends in `*` runs the first live flow, by id, that starts so and lets the
    guest in. *request* is the call's body.
    """
    now = tenant.clock.now()
    names = {"guest": guest.context(now), "request": request}
    for flow in _candidates(tenant.flows, friendly_id):
        variant = _variant(flow, guest, names, now)
        if variant is not None:
            return Execution(flow, variant, json.dumps(variant.output))
    return None


def _candidates(flows: Mapping[str, Flow], friendly_id: str) -> Iterator[Flow]:
    prefix = friendly_id.removesuffix("*")
    for name in sorted(flows):
        if name == friendly_id or (friendly_id.endswith("*") and name.startswith(prefix)):
            yield flows[name]


def _variant(flow: Flow, guest: Guest, names: Mapping[str, Any], now: float) -> Variant | None:
    """Return the guest's variant, or None if the flow does not run for this guest now."""
    if not (_is_live(flow, now) and _admits(flow.audience, names, now)):
        return None
    if not traffic.takes_part(guest.ref, flow.friendly_id, allocation=flow.allocation):
        return None
    return _assigned(flow.variants, guest, flow.friendly_id, names=names, now=now)


def _is_live(flow: Flow, now: float) -> bool:
    start, end = _utc(flow.schedule.start_date), _utc(flow.schedule.end_date)
    at = datetime.fromtimestamp(now, UTC)
    return flow.status in _LIVE and (not start or start <= at) and (not end or at < end)


def _utc(at: datetime | None) -> datetime | None:
    return at.replace(tzinfo=UTC) if at and at.tzinfo is None else at


def _admits(audience: str | None, names: Mapping[str, Any], now: float) -> bool:
    return audience is None or javascript.holds(audience, names, now=now)


def _assigned(
    variants: Sequence[Variant],
    guest: Guest,
    friendly_id: str,
    *,
    names: Mapping[str, Any],
    now: float,
) -> Variant | None:
    """Return the first variant whose own audience holds; without audiences, split by guest."""
    if all(variant.audience is None for variant in variants):
        return traffic.pick(variants, guest.ref, friendly_id)
    return next((v for v in variants if _admits(v.audience, names, now)), None)
