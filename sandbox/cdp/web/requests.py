"""What all endpoints take from a request: the tenant, a JSON object, who the caller is."""

import json
from typing import Any

from starlette.requests import Request

from sandbox.cdp.answers import Refused
from sandbox.cdp.tenant import Tenant


def tenant_of(request: Request) -> Tenant:
    """Return the tenant that is emulated now, its time passed on to this moment."""
    tenant = request.app.state.tenant
    assert isinstance(tenant, Tenant)
    tenant.tick()
    return tenant


async def json_object(request: Request) -> dict[str, Any]:
    """Return the body; raises Refused (400) unless it is a JSON object."""
    try:
        body = json.loads(await request.body())
    except ValueError as exc:
        raise Refused(400, f"The request body is not JSON: {exc}") from exc
    if not isinstance(body, dict):
        raise Refused(400, "The request body is not a JSON object")
    return body


def has_edge_context(request: Request) -> bool:
    """Whether the request has the Edge form, which names a context instead of a client key."""
    return bool(
        request.query_params.get("sitecoreContextId") or request.headers.get("x-sitecore-contextid")
    )


def require_client_key(request: Request, tenant: Tenant, client_key: object) -> None:
    """Raise Refused (401) unless the key is the tenant's, or empty on the Edge form."""
    if client_key == tenant.settings.client_key:
        return
    if client_key or not has_edge_context(request):
        raise Refused(401, f"Unknown client key {client_key!r}")


def point_of_sale(request: Request, tenant: Tenant, name: object) -> str | None:
    """Return the point of sale's name, or None if the tenant has none such.

    On the Edge form an empty one means the site's own (assumed: the tenant's first).
    """
    if not name and has_edge_context(request):
        return tenant.settings.points_of_sale[0].name
    return name if isinstance(name, str) and tenant.point_of_sale(name) else None
