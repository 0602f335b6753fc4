"""Flow execution: `POST /v2/callFlows` and its Edge form `POST /v1/personalize`."""

import json
import re
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.cdp.answers import Refused
from sandbox.cdp.definitions.base import ref_of
from sandbox.cdp.execution import Execution, execute
from sandbox.cdp.freemarker.values import TemplateError
from sandbox.cdp.guests import Guest, Session
from sandbox.cdp.tenant import Tenant
from sandbox.cdp.web.requests import json_object, point_of_sale, require_client_key, tenant_of

_CHANNELS = frozenset(
    {
        "AIRPORT_KIOSK",
        "BRANCH",
        "CALL_CENTER",
        "EMAIL",
        "GDS",
        "KIOSK",
        "MOBILE_APP",
        "MOBILE_WEB",
        "SMS",
        "OFFLINE",
        "OTA",
        "OTHER",
        "WEB",
    }
)
_FRIENDLY_ID = re.compile(r"[a-z0-9_]*\*?")
_RESULT_LIMIT = 10_000  # characters
_GUEST_KEYS = ("browserId", "email", "identifiers")


async def call_flows(request: Request) -> Response:
    """Run one flow for one guest; the body is what the variant says, without envelope."""
    tenant = tenant_of(request)
    call = await json_object(request)
    require_client_key(request, tenant, call.get("clientKey"))
    friendly_id, channel = _friendly_id(call), _channel(call)
    pos = _point_of_sale(request, tenant, call)
    guest = _guest(tenant, call)
    try:
        execution = await execute(tenant, friendly_id, guest, call)
    except TemplateError as exc:
        raise Refused(500, f"Templating transformation failed: {exc}") from exc
    if execution is None:
        return JSONResponse({"message": "No flow executed"})
    _record(tenant, _session(tenant, call, guest, channel=channel, pos=pos), execution)
    return Response(execution.body, media_type="application/json")


def _friendly_id(call: Mapping[str, Any]) -> str:
    friendly_id = call.get("friendlyId")
    if not isinstance(friendly_id, str) or not _FRIENDLY_ID.fullmatch(friendly_id):
        raise Refused(400, f"friendlyId {friendly_id!r} does not match ^[a-z0-9_]*$")
    return friendly_id


def _channel(call: Mapping[str, Any]) -> str:
    channel = call.get("channel", "WEB")
    if not isinstance(channel, str) or channel not in _CHANNELS:
        raise Refused(400, f"channel {channel!r} is none of {', '.join(sorted(_CHANNELS))}")
    return channel


def _point_of_sale(request: Request, tenant: Tenant, call: Mapping[str, Any]) -> str:
    name = point_of_sale(request, tenant, call.get("pointOfSale"))
    if name is None:
        valid = ", ".join(pos.name for pos in tenant.settings.points_of_sale)
        asked = call.get("pointOfSale", "")
        raise Refused(
            400, f'The request contains invalid point of sale "{asked}". Valid ones: {valid}'
        )
    return name


def _guest(tenant: Tenant, call: Mapping[str, Any]) -> Guest:
    """Return whom the call is about, by the one guest key that it must have."""
    keys = [key for key in _GUEST_KEYS if call.get(key)]
    if len(keys) != 1:
        raise Refused(400, f"Exactly one of {', '.join(_GUEST_KEYS)} is needed, got {len(keys)}")
    match keys[0], call[keys[0]]:
        case "browserId", str(browser_id):
            return _guest_of_browser(tenant, browser_id)
        case "email", str(email):
            return tenant.guests.of_email(email) or _stranger(tenant, email)
        case "identifiers", {"provider": str(provider), "id": str(identifier)}:
            known = tenant.guests.of_identifier(provider, identifier)
            return known or _stranger(tenant, provider, identifier)
        case key, _:
            raise Refused(400, f"{key} is malformed")


def _guest_of_browser(tenant: Tenant, browser_id: str) -> Guest:
    guest = tenant.guests.of_browser(browser_id)
    if guest is None:
        key = tenant.settings.client_key
        raise Refused(404, f"Could not find browser with ref {browser_id} for client {key}")
    return guest


def _stranger(tenant: Tenant, *key: str) -> Guest:
    """Return a visitor who is not kept; the same key gets the same variants (assumed)."""
    return Guest(created_at=tenant.clock.now(), ref=ref_of("stranger", *key))


def _session(
    tenant: Tenant, call: Mapping[str, Any], guest: Guest, *, channel: str, pos: str
) -> Session:
    """Return where the execution is kept: the browser's session, or else one of its own."""
    if browser_id := call.get("browserId"):
        return tenant.session_of(browser_id, channel, pos)
    return tenant.separate_session(guest, channel, pos)


def _record(tenant: Tenant, session: Session, execution: Execution) -> None:
    """Write the execution into the session, as decisions that limit their frequency expect it."""
    results = [_result(output) for node in execution.nodes for output in node.outputs]
    flow_execution = {
        "status": "SUCCESS",
        "flowFriendlyId": execution.flow.friendly_id,
        "variantName": execution.variant.name,
        "decision": {"results": results},
    }
    tenant.record(session, "TRACKING", {"flowExecution": flow_execution})


def _result(output: Mapping[str, Any]) -> str:
    text = json.dumps(output)
    return text if len(text) <= _RESULT_LIMIT else ""
