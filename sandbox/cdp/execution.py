"""Runs flows: does one run for this guest, with which variant, and what does it say."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sandbox.cdp import decisions, javascript, traffic
from sandbox.cdp.decisions import Node
from sandbox.cdp.definitions.flow import Flow, FlowStatus, Variant
from sandbox.cdp.definitions.model import Model, ModelStatus, ModelVariant
from sandbox.cdp.freemarker.values import to_json
from sandbox.cdp.guests import Guest
from sandbox.cdp.tenant import Tenant

_LIVE = frozenset({FlowStatus.PRODUCTION, FlowStatus.LIVE})


@dataclass(frozen=True, slots=True)
class Execution:
    """A flow that ran: the variant chosen, what the models found, the text as rendered."""

    flow: Flow
    variant: Variant
    nodes: list[Node]
    body: str

    @property
    def offers(self) -> list[dict[str, Any]]:
        """The offers that decision tables returned."""
        return offers_in(self.nodes)


def offers_in(nodes: Sequence[Node]) -> list[dict[str, Any]]:
    """Return the offers among the outputs of *nodes*."""
    outputs = [output for node in nodes for output in node.outputs]
    return [output["offer"] for output in outputs if "offer" in output]


async def execute(
    tenant: Tenant, friendly_id: str, guest: Guest, call: Mapping[str, Any]
) -> Execution | None:
    """Run an interactive flow for *guest*; None if no flow runs.

    A *friendly_id* that ends in `*` runs the first live flow, by id, that starts so and lets the
    guest in. *call* is the request's body. Raises TemplateError.
    """
    names = {"guest": guest.context(tenant.clock.now()), "request": dict(call)}
    for flow in _named(tenant.catalog.flows, friendly_id):
        if flow.channels and call.get("channel", "WEB") not in flow.channels:
            continue
        if variant := choose(flow, guest, names, now=tenant.clock.now()):
            return await render(tenant, flow, variant, guest, names)
    return None


def _named(flows: Mapping[str, Flow], friendly_id: str) -> Iterator[Flow]:
    prefix = friendly_id.removesuffix("*")
    for name in sorted(flows):
        fuzzy = friendly_id.endswith("*") and name.startswith(prefix)
        if (name == friendly_id or fuzzy) and flows[name].trigger is None:
            yield flows[name]


def choose(flow: Flow, guest: Guest, names: Mapping[str, Any], *, now: float) -> Variant | None:
    """Return the guest's variant, or None if the flow does not run for this guest now."""
    if not (_is_live(flow, now) and _admits(flow.audience, names, now)):
        return None
    if not traffic.takes_part(guest.ref, flow.friendly_id, allocation=flow.allocation):
        return None
    if any(variant.audience for variant in flow.variants):
        return next((v for v in flow.variants if _admits(v.audience, names, now)), None)
    own = traffic.own_share(guest.ref, flow.friendly_id)
    return traffic.pick(
        flow.variants, traffic.universal_share(guest.ref) if flow.universal else own
    )


def _is_live(flow: Flow, now: float) -> bool:
    start, end = _utc(flow.schedule.start_date), _utc(flow.schedule.end_date)
    at = datetime.fromtimestamp(now, UTC)
    return flow.status in _LIVE and (not start or start <= at) and (not end or at < end)


def _utc(at: datetime | None) -> datetime | None:
    return at.replace(tzinfo=UTC) if at and at.tzinfo is None else at


def _admits(audience: str | None, names: Mapping[str, Any], now: float) -> bool:
    return audience is None or javascript.holds(audience, names, now=now)


async def render(
    tenant: Tenant, flow: Flow, variant: Variant, guest: Guest, names: Mapping[str, Any]
) -> Execution:
    """Run the variant's models and render its template; raises TemplateError."""
    nodes: list[Node] = []
    for model in variant.models:
        found = await _decide(tenant, tenant.catalog.model(model), guest, names)
        nodes.extend(found)
    if variant.template is None:
        return Execution(flow, variant, nodes, json.dumps(variant.output, ensure_ascii=False))
    now = datetime.fromtimestamp(tenant.clock.now(), UTC)
    body = variant.template.render(_environment(tenant, nodes, names), now=now)
    return Execution(flow, variant, nodes, body)


async def _decide(
    tenant: Tenant, model: Model, guest: Guest, names: Mapping[str, Any]
) -> Sequence[Node]:
    """Run the guest's production variant; those in TEST run too, and nobody sees what they find."""
    for variant in model.variants:
        if variant.status is ModelStatus.TEST:
            await run_model(tenant, variant, names)
    chosen = _in_production(model, guest.ref)
    return (await run_model(tenant, chosen, names)).nodes if chosen else []


async def run_model(
    tenant: Tenant, variant: ModelVariant, names: Mapping[str, Any]
) -> decisions.Findings:
    """Run a variant of a decision model with *names* as what its scripts know."""
    return await decisions.run(
        variant, names, catalog=tenant.catalog, caller=tenant.caller, now=tenant.clock.now()
    )


def _in_production(model: Model, guest_ref: str) -> ModelVariant | None:
    """Return the model's production variant for this guest, by the universal bucket."""
    live = [v for v in model.variants if v.status is ModelStatus.PRODUCTION]
    return traffic.pick(live, traffic.universal_share(guest_ref)) if live else None


def _environment(tenant: Tenant, nodes: Sequence[Node], names: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a template sees: *names*, the models' results, and functions to read them."""
    results = [node.to_json() for node in nodes]
    by_name = {node["name"]: node for node in results}
    refs = {output["value"] for output in offers_in(nodes)}
    offers = [offer for offer in tenant.catalog.offers.values() if offer.ref in refs]
    return {
        **names,
        "offers": [offer.to_json() for offer in offers] or None,
        "decisionModelResults": {"decisionModelResultNodes": results},
        "getDecisionModelResultNode": by_name.get,
        "toJSON": to_json,
    }
