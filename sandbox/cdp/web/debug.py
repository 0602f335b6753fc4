"""The emulator's own endpoints under `/_sandbox/`: set flows, look at guests and events."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.cdp.answers import Refused
from sandbox.cdp.definitions.flow import Flow
from sandbox.cdp.web.requests import json_object, tenant_of


async def put_flow(request: Request) -> Response:
    """Put a flow in place of the seed's: a definition, or just `{"output": …}`."""
    friendly_id = request.path_params["friendly_id"]
    body = {**await json_object(request), "friendlyId": friendly_id}
    try:
        tenant_of(request).catalog.put(Flow.model_validate(body))
    except ValueError as exc:
        raise Refused(400, str(exc)) from exc
    return Response(status_code=204)


async def delete_flow(request: Request) -> Response:
    """Take away a flow that was put; the seed's one, if any, shows again."""
    friendly_id = request.path_params["friendly_id"]
    if not tenant_of(request).catalog.remove(friendly_id):
        raise Refused(404, f"No flow {friendly_id} was put")
    return Response(status_code=204)


async def show_guest(request: Request) -> Response:
    """Show a guest, by browser id, identifier or reference, as decisions see it."""
    tenant = tenant_of(request)
    name = request.path_params["name"]
    guest = tenant.guests.named(name)
    if guest is None:
        raise Refused(404, f"No guest is known by {name}")
    shown: dict[str, Any] = guest.context(tenant.clock.now())
    return JSONResponse({**shown, "browserIds": tenant.guests.browsers_of(guest)})


async def list_events(request: Request) -> Response:
    """List the events received; `dropped` says why one was not kept."""
    return JSONResponse(list(tenant_of(request).stream_log))


async def list_triggers(request: Request) -> Response:
    """List the triggered flows that ran, with what they sent and what came back."""
    return JSONResponse(list(tenant_of(request).trigger_log))


async def receive_mail(request: Request) -> Response:
    """Take a mail: where the seed's triggered flows send theirs."""
    tenant_of(request).mails.append(await json_object(request))
    return Response(status_code=202)


async def list_mails(request: Request) -> Response:
    """List the mails taken."""
    return JSONResponse(list(tenant_of(request).mails))
