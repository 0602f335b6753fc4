"""Errors as answers: RFC 9457 problem JSON; OrderCloud's own as OrderCloud wrote them.

Under `/v1/` and `/oauth/`, where OrderCloud's SDKs read `Errors[0]`, ours take OrderCloud's shape.
"""

import http
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from proxy.errors import (
    UNREADABLE,
    DocumentError,
    InvalidEvents,
    OrderCloudRefused,
    ProxyError,
    TokenError,
)
from proxy.web.fields import item

_ORDERCLOUD = ("/v1/", "/oauth/")
_RETRY_LATER = frozenset({502, 503, 504})
_RETRY_AFTER_S = "2"


def body_of(exc: ProxyError, request_id: str) -> dict[str, Any]:
    """Return the problem's members: type, title, status, detail, request_id."""
    if isinstance(exc, OrderCloudRefused):
        answer = {"ordercloud": msgspec.Raw(exc.body)} if _is_json(exc.body) else {}
        return _members(exc.code, exc.title, exc.answer_status, str(exc), request_id) | answer
    members = _members(exc.code, exc.title, exc.status, str(exc), request_id)
    match exc:
        case InvalidEvents():
            return members | {"mistakes": exc.mistakes}
        case DocumentError():
            return members | {"problems": [asdict(problem) for problem in exc.problems]}
        case _:
            return members


def written(exc: ProxyError, *, path: str, request_id: str) -> tuple[str, bytes]:
    """Return media type and body of the problem, in the shape that is read under *path*."""
    return _written(body_of(exc, request_id), path)


def answer_to(request: Request, exc: Exception) -> Response:
    """Return what a request is answered that *exc* ended."""
    match exc:
        case ProxyError():
            return _refusal(request, exc)
        case HTTPException():
            return _unrouted(request, exc)
        case _:
            return _mistake(request)


def is_bug(exc: Exception) -> bool:
    """Say whether *exc* is none that anybody meant to raise."""
    return not isinstance(exc, ProxyError | HTTPException)


def _refusal(request: Request, exc: ProxyError) -> Response:
    """Answer with a problem, or with OrderCloud's own error untouched."""
    if isinstance(exc, OrderCloudRefused):
        return Response(
            exc.body,
            status_code=exc.answer_status,
            headers={**exc.headers, "cache-control": "private, no-store"},
        )
    headers = {}
    if isinstance(exc, TokenError):
        headers["www-authenticate"] = _challenge(request, exc)
    if exc.status in _RETRY_LATER:
        headers["retry-after"] = _RETRY_AFTER_S
    return _problem(request, body_of(exc, request.state.request_id), headers)


def _unrouted(request: Request, exc: HTTPException) -> Response:
    """Answer what routing itself refuses: an unknown path, a wrong method."""
    title = http.HTTPStatus(exc.status_code).phrase
    detail = f"{request.method} {request.url.path} is not served here"
    code = title.lower().replace(" ", "-")
    members = _members(code, title, exc.status_code, detail, request.state.request_id)
    return _problem(request, members, exc.headers or {})


def _mistake(request: Request) -> Response:
    """Answer for our own mistake, telling nothing of it; the log has the rest."""
    detail = "the gateway made a mistake; its log has more under this request id"
    members = _members(
        ProxyError.code, ProxyError.title, ProxyError.status, detail, request.state.request_id
    )
    return _problem(request, members, {})


def _members(code: str, title: str, status: int, detail: str, request_id: str) -> dict[str, Any]:
    return {
        "type": f"urn:decision-proxy:{code}",
        "title": title,
        "status": status,
        "detail": detail,
        "request_id": request_id,
    }


def _problem(request: Request, members: dict[str, Any], headers: Mapping[str, str]) -> Response:
    media_type, body = _written(members, request.scope["path"])
    return Response(
        body,
        status_code=members["status"],
        media_type=media_type,
        headers={"cache-control": "private, no-store", **headers},
    )


def _written(members: dict[str, Any], path: str) -> tuple[str, bytes]:
    if path.startswith(_ORDERCLOUD):
        return "application/json", msgspec.json.encode(_as_ordercloud(members))
    return "application/problem+json", msgspec.json.encode(members)


def _as_ordercloud(members: Mapping[str, Any]) -> dict[str, Any]:
    """Return a problem in the shape of OrderCloud's errors; the code's prefix says who made it."""
    code = "".join(map(str.capitalize, members["type"].rpartition(":")[2].split("-")))
    about = {"RequestID": members["request_id"]}
    error = {"ErrorCode": f"Gateway.{code}", "Message": members["detail"], "Data": about}
    return {"Errors": [error]}


def _challenge(request: Request, exc: TokenError) -> str:
    """Write WWW-Authenticate: RFC 6750 section 3; no error where no token was sent."""
    if "authorization" not in request.headers:
        return "Bearer"
    return f'Bearer error="invalid_token", error_description={item(str(exc))}'


def _is_json(body: bytes) -> bool:
    try:
        msgspec.json.decode(body)
    except UNREADABLE:
        return False
    return True
