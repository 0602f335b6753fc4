"""The REST API's read side, for bearers of a token: flows, decision models, connections."""

import json
import secrets
import urllib.parse
from collections.abc import Mapping
from typing import Any, TypeVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.cdp import exports, traffic
from sandbox.cdp.answers import Refused
from sandbox.cdp.connections import describe
from sandbox.cdp.definitions.connection import Connection
from sandbox.cdp.definitions.flow import Flow
from sandbox.cdp.definitions.model import Model
from sandbox.cdp.execution import run_model
from sandbox.cdp.tenant import Tenant
from sandbox.cdp.web.requests import json_object, tenant_of

_TOKEN_LIFE_S = 900
_LIMIT = 10
_T = TypeVar("_T")


async def issue_token(request: Request) -> Response:
    """Give an access token for client credentials, sent as JSON or as a form."""
    tenant = tenant_of(request)
    asked = _fields(await request.body())
    known = {client.client_id: client.client_secret for client in tenant.settings.api_clients}
    secret = known.get(str(asked.get("client_id")))
    if asked.get("grant_type") != "client_credentials" or secret is None:
        return _denied()
    if not secrets.compare_digest(secret, str(asked.get("client_secret"))):
        return _denied()
    token = secrets.token_urlsafe(32)
    tenant.tokens[token] = tenant.clock.now() + _TOKEN_LIFE_S
    reply = {"access_token": token, "token_type": "Bearer", "expires_in": _TOKEN_LIFE_S}
    return JSONResponse(reply)


def _fields(body: bytes) -> Mapping[str, Any]:
    try:
        fields = json.loads(body)
    except ValueError:
        return dict(urllib.parse.parse_qsl(body.decode("utf-8", "replace")))
    return fields if isinstance(fields, dict) else {}


def _denied() -> Response:
    error = {"error": "access_denied", "error_description": "Unauthorized"}
    return JSONResponse(error, status_code=401)


def _authorized(request: Request) -> Tenant:
    """Return the tenant; raises Refused (401) without a valid token."""
    tenant = tenant_of(request)
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or tenant.tokens.get(token, 0) <= tenant.clock.now():
        raise Refused(401, "The access token is missing, unknown or expired")
    return tenant


async def list_flows(request: Request) -> Response:
    """List flows; `type` and `search` (in name and friendly id) narrow the list."""
    tenant = _authorized(request)
    kind = request.query_params.get("type")
    search = request.query_params.get("search", "").casefold()
    flows = [
        _flow(request, tenant, flow)
        for flow in tenant.catalog.flows.values()
        if kind in {None, flow.type} and search in f"{flow.name} {flow.friendly_id}".casefold()
    ]
    return _page(request, flows)


async def show_flow(request: Request) -> Response:
    """Show one flow, by reference or friendly id."""
    tenant = _authorized(request)
    flows = tenant.catalog.flows
    by_ref = {flow.ref: flow for flow in flows.values()}
    return JSONResponse(_flow(request, tenant, _named(request, {**flows, **by_ref})))


async def list_models(request: Request) -> Response:
    """List decision models."""
    tenant = _authorized(request)
    return _page(request, [_model(request, tenant, model) for model in tenant.catalog.models])


async def show_model(request: Request) -> Response:
    """Show one decision model."""
    tenant = _authorized(request)
    return JSONResponse(_model(request, tenant, _named(request, _models(tenant))))


async def list_variants(request: Request) -> Response:
    """List a decision model's variants."""
    tenant = _authorized(request)
    model = _named(request, _models(tenant))
    variants = [_variant(request, tenant, ref, model) for ref in model.variants_by_ref]
    return _page(request, variants)


async def show_variant(request: Request) -> Response:
    """Show one variant of a decision model."""
    tenant = _authorized(request)
    model = _named(request, _models_of_variants(tenant))
    return JSONResponse(_variant(request, tenant, request.path_params["ref"], model))


async def list_connections(request: Request) -> Response:
    """List connections."""
    tenant = _authorized(request)
    return _page(request, [_connection(request, tenant, c) for c in tenant.catalog.connections])


async def show_connection(request: Request) -> Response:
    """Show one connection."""
    tenant = _authorized(request)
    by_ref = {connection.ref: connection for connection in tenant.catalog.connections}
    return JSONResponse(_connection(request, tenant, _named(request, by_ref)))


async def test_model(request: Request) -> Response:
    """Run a variant of a decision model with the guest (and request) given, and show every node."""
    tenant = _authorized(request)
    asked = await json_object(request)
    ref = str(asked.get("decisionModelVariantRef"))
    model = _models_of_variants(tenant).get(ref)
    if model is None:
        raise Refused(404, f"There is no decision model variant {ref}")
    variant, context = model.variants_by_ref[ref], _context(asked)
    findings = await run_model(tenant, variant, context)
    causes = [node.error_cause for node in findings.nodes if node.error_cause]
    bucket = traffic.bucket(str(context["guest"].get("ref")))
    reply = {
        "decisionModelName": model.name,
        "decisionModelRef": model.ref,
        "decisionModelVariantName": variant.name,
        "decisionModelVariantRef": ref,
        "decisionModelVariantRevision": 1,
        "error": bool(causes),
        "debug": {"bucket": str(bucket), "logs": "\n".join(findings.logs)},
        "decisionModelResultNodes": [node.to_json() for node in findings.nodes],
    }
    return JSONResponse(reply | ({"errorCause": causes[0]} if causes else {}))


def _models(tenant: Tenant) -> dict[str, Model]:
    return {model.ref: model for model in tenant.catalog.models}


def _models_of_variants(tenant: Tenant) -> dict[str, Model]:
    return {ref: model for model in tenant.catalog.models for ref in model.variants_by_ref}


def _context(asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the model's scripts are to know; raises Refused (400)."""
    context = asked.get("context", {})
    if not isinstance(context, dict) or not isinstance(context.get("guest", {}), dict):
        raise Refused(400, "context and context.guest are objects")
    return {"guest": {}, "request": {}, **context}


def _named(request: Request, things: Mapping[str, _T]) -> _T:
    """Return what the path names; raises Refused (404)."""
    ref = request.path_params["ref"]
    if ref not in things:
        raise Refused(404, f"Nothing has the reference {ref}")
    return things[ref]


def _flow(request: Request, tenant: Tenant, flow: Flow) -> dict[str, Any]:
    shown = exports.flow_definition(flow, tenant.catalog)
    return _item(request, tenant, "/v3/flowDefinitions", flow.ref) | shown


def _model(request: Request, tenant: Tenant, model: Model) -> dict[str, Any]:
    item = _item(request, tenant, "/v2/decisionModelDefinitions", model.ref)
    variants = {"variants": {"href": item["href"] + "/variants"}}
    return item | exports.decision_model(model) | variants


def _variant(request: Request, tenant: Tenant, ref: str, model: Model) -> dict[str, Any]:
    shown = exports.model_variant(model, model.variants_by_ref[ref], tenant.catalog)
    return _item(request, tenant, "/v2/decisionModelVariants", ref) | shown


def _connection(request: Request, tenant: Tenant, connection: Connection) -> dict[str, Any]:
    shown = describe(connection, {})
    return _item(request, tenant, "/v2/connections", connection.ref) | shown


def _item(request: Request, tenant: Tenant, path: str, ref: str) -> dict[str, Any]:
    href = str(request.url.replace(path=f"{path}/{ref}", query=""))
    return {"clientKey": tenant.settings.client_key, "href": href, "ref": ref}


def _page(request: Request, items: list[dict[str, Any]]) -> Response:
    """Answer with the items from `offset`, at most `limit` of them."""
    try:
        offset = int(request.query_params.get("offset", 0))
        limit = int(request.query_params.get("limit", _LIMIT))
    except ValueError as exc:
        raise Refused(400, "offset and limit are whole numbers") from exc
    listed = items[offset : offset + limit]
    return JSONResponse(
        {"href": str(request.url), "offset": offset, "limit": limit, "items": listed}
    )
