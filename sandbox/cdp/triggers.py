"""Runs triggered flows for what has happened, and sends what they render to destinations."""

from typing import Any

from sandbox.cdp.connections import ConnectionFailedError
from sandbox.cdp.definitions.flow import Flow
from sandbox.cdp.execution import Execution, choose, render
from sandbox.cdp.freemarker.values import TemplateError
from sandbox.cdp.guests import Guest, iso
from sandbox.cdp.tenant import Happening, Tenant


async def dispatch(tenant: Tenant) -> None:
    """Run the flows that are due, once each; a call that fails is not made again."""
    while tenant.happenings:
        happening = tenant.happenings.popleft()
        for flow in tenant.catalog.triggered_by(happening.trigger):
            if guest := tenant.guests.get(happening.guest_ref):
                await _run(tenant, flow, guest, happening)


async def _run(tenant: Tenant, flow: Flow, guest: Guest, happening: Happening) -> None:
    """Run one flow; its models, if it has any, must return at least one offer."""
    names = {
        "guest": guest.context(tenant.clock.now()),
        "request": {},
        "entity": {"ref": happening.entity_ref},
        "event": {"type": happening.trigger, "message": {"ref": happening.entity_ref}},
    }
    variant = choose(flow, guest, names, now=tenant.clock.now())
    if variant is None:
        return
    entry = _entry(tenant, flow, guest, happening)
    try:
        execution = await render(tenant, flow, variant, guest, names)
        if variant.models and not execution.offers:
            return
        entry |= {"body": execution.body, "status": await _send(tenant, execution)}
    except (TemplateError, ConnectionFailedError) as exc:
        entry["error"] = str(exc)
    tenant.trigger_log.append(entry)


async def _send(tenant: Tenant, execution: Execution) -> int | None:
    """Send what was rendered to the variant's destination; return the answer's status."""
    destination = execution.variant.destination
    if destination is None:
        return None
    connection = tenant.catalog.connection(destination)
    return (await tenant.caller.send(connection, {}, body=execution.body)).status_code


def _entry(tenant: Tenant, flow: Flow, guest: Guest, happening: Happening) -> dict[str, Any]:
    session = next((s for s in guest.sessions if s.ref == happening.entity_ref), None)
    return {
        "flow": flow.friendly_id,
        "trigger": happening.trigger,
        "at": iso(tenant.clock.now()),
        "guestRef": guest.ref,
        "identifiers": guest.identifiers,
        "entityRef": happening.entity_ref,
        "abandonedRevenue": session.cart.abandoned_revenue if session else None,
        "body": None,
        "status": None,
        "error": None,
    }
