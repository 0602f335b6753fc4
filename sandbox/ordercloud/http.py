"""What every answer of the emulator has in common: headers, JSON, the log ID, authentication."""

import uuid
from http import HTTPStatus
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from sandbox.ordercloud.errors import ApiError
from sandbox.ordercloud.marketplace import Marketplace
from sandbox.ordercloud.sessions import Session

_encoder = msgspec.json.Encoder()


def answer(request: Request, body: object, *, status: int = 200) -> Response:
    """Return a response with OrderCloud's headers; without anything to say it is an empty 204."""
    headers = {"Cache-Control": "private", "X-oc-logid": log_id(request)}
    if body is None or status == HTTPStatus.NO_CONTENT:
        return Response(status_code=HTTPStatus.NO_CONTENT, headers=headers)
    headers["Content-Type"] = "application/json; charset=utf-8"
    return Response(_encoder.encode(body), status_code=status, headers=headers)


def refuse(request: Request, error: Exception) -> Response:
    """Return OrderCloud's answer to an error; one of our own making is its `ServerError`."""
    refusal = error if isinstance(error, ApiError) else ApiError("ServerError")
    return answer(request, refusal.body(), status=refusal.status)


def log_id(request: Request) -> str:
    """Return the GUID under which the request is logged: `X-oc-logid`, and `LogID` of webhooks."""
    known: str = request.scope.setdefault("sandbox.log_id", str(uuid.uuid4()))
    return known


def authenticate(marketplace: Marketplace, request: Request) -> Session:
    """Return the session of the request's bearer token; raise InvalidToken."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise ApiError("InvalidToken")
    return marketplace.sessions.recognize(token.strip())


async def read_json(request: Request) -> Any:
    """Return the request's JSON, None where there is no body; raise Request.InvalidRequestBody."""
    body = await request.body()
    if not body.strip():
        return None
    try:
        return msgspec.json.decode(body)
    except msgspec.DecodeError as exc:
        raise ApiError("Request.InvalidRequestBody") from exc
