"""The stream API: browser ids, and events by GET and POST."""

import json
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.cdp import stream
from sandbox.cdp.answers import Refused
from sandbox.cdp.guests import iso, new_ref
from sandbox.cdp.tenant import Tenant
from sandbox.cdp.web.requests import (
    has_edge_context,
    json_object,
    point_of_sale,
    require_client_key,
    tenant_of,
)


async def create_browser(request: Request) -> Response:
    """Issue a browser id and, behind it, a new visitor."""
    tenant = tenant_of(request)
    require_client_key(request, tenant, request.query_params.get("client_key"))
    browser_id, guest = tenant.new_browser()
    return JSONResponse({**_accepted(tenant, browser_id), "customer_ref": guest.ref})


async def show_browser(request: Request) -> Response:
    """Tell which guest a browser belongs to."""
    tenant = tenant_of(request)
    require_client_key(request, tenant, request.query_params.get("client_key"))
    browser_id = request.path_params["browser_id"]
    guest = tenant.guests.of_browser(browser_id)
    if guest is None:
        error = {"error_msg": f"Unknown browser {browser_id}", "moreInfo": "browser/create.json"}
        return JSONResponse(error, status_code=404)
    return JSONResponse({"customer": {"ref": guest.ref}})


async def post_event(request: Request) -> Response:
    """Take one event from the body."""
    message = await json_object(request)
    return _take(request, message, message.get("client_key"))


async def get_event(request: Request) -> Response:
    """Take one event from the `message` parameter, as image requests and old browsers send it."""
    try:
        message = json.loads(request.query_params.get("message", ""))
    except ValueError as exc:
        raise Refused(400, f"The message parameter is not JSON: {exc}") from exc
    if not isinstance(message, dict):
        raise Refused(400, "The message parameter is not a JSON object")
    return _take(request, message, request.query_params.get("client_key"))


def _take(request: Request, message: Mapping[str, Any], client_key: object) -> Response:
    """Store an event, or drop it silently if its point of sale is not one of the tenant's."""
    tenant = tenant_of(request)
    require_client_key(request, tenant, client_key)
    browser_id = _browser_id(tenant, message)
    pos = point_of_sale(request, tenant, message.get("pos"))
    if pos is None:
        ref = _log(tenant, message, new_ref(), dropped=f"unknown pos {message.get('pos')!r}")
    else:
        session = tenant.session_of(browser_id, str(message.get("channel", "WEB")), pos)
        ref = _log(tenant, message, stream.receive(tenant, session, browser_id, message))
    status = 200 if has_edge_context(request) else 201
    return JSONResponse(_accepted(tenant, ref), status_code=status)


def _browser_id(tenant: Tenant, message: Mapping[str, Any]) -> str:
    for key in ("browser_id", "type"):
        if not isinstance(message.get(key), str) or not message[key]:
            raise Refused(400, f"{key} is missing")
    browser_id = str(message["browser_id"])
    if tenant.guests.of_browser(browser_id) is None:
        raise Refused(404, f"Unknown browser_id {browser_id}")
    return browser_id


def _log(
    tenant: Tenant, message: Mapping[str, Any], ref: str, *, dropped: str | None = None
) -> str:
    entry = {"ref": ref, "at": iso(tenant.clock.now()), "dropped": dropped, "message": message}
    tenant.stream_log.append(entry)
    return ref


def _accepted(tenant: Tenant, ref: str) -> dict[str, str]:
    key = tenant.settings.client_key
    return {"status": "OK", "version": "1.2", "client_key": key, "ref": ref}
