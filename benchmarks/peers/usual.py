"""The usual backend-for-frontend: Starlette, httpx, cachetools, three middlewares.

`uvicorn benchmarks.peers.usual:app`, UPSTREAM in the environment.
"""

import hashlib
import os
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import jwt
from cachetools import TTLCache
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

_HOUR_S = 3600
_MANY = 2_000_000

_tokens: TTLCache[str, dict[str, Any]] = TTLCache(_MANY, _HOUR_S)
_decisions: TTLCache[str, dict[str, Any]] = TTLCache(_MANY, _HOUR_S)
_pages: TTLCache[tuple[str, str], tuple[bytes, str]] = TTLCache(_MANY, _HOUR_S)


class RequestId(BaseHTTPMiddleware):
    """Gives each answer an id."""

    async def dispatch(self, request: Request, call_next: RequestResponseEndpoint) -> Response:
        """Add the header."""
        request.state.id = request.headers.get("x-request-id") or uuid.uuid4().hex
        response = await call_next(request)
        response.headers["x-request-id"] = request.state.id
        return response


class Timing(BaseHTTPMiddleware):
    """Says how long each answer took."""

    async def dispatch(self, request: Request, call_next: RequestResponseEndpoint) -> Response:
        """Add the header."""
        started = time.perf_counter()
        response = await call_next(request)
        took_ms = (time.perf_counter() - started) * 1000
        response.headers["server-timing"] = f"total;dur={took_ms:.2f}"
        return response


class Authentication(BaseHTTPMiddleware):
    """Lets holders of a valid token in."""

    async def dispatch(self, request: Request, call_next: RequestResponseEndpoint) -> Response:
        """Check the token."""
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        try:
            claims = _tokens.get(token) or await _verify(request, token)
        except jwt.PyJWTError:
            return JSONResponse({"detail": "invalid token"}, status_code=401)
        request.state.claims = claims
        return await call_next(request)


async def _verify(request: Request, token: str) -> dict[str, Any]:
    if not hasattr(request.app.state, "key"):
        answer = await request.app.state.client.get("/oauth/certs/bench")
        request.app.state.key = jwt.PyJWK(answer.json(), algorithm="RS256")
    claims: dict[str, Any] = jwt.decode(
        token, request.app.state.key, algorithms=["RS256"], audience="https://api.ordercloud.bench"
    )
    _tokens[token] = claims
    return claims


async def _decide(request: Request) -> dict[str, Any]:
    who = request.query_params.get("browserId") or request.headers.get("x-browser-id")
    key = who or request.state.claims["usr"]
    if key in _decisions:
        return _decisions[key]
    answer = await request.app.state.client.post(
        "/v2/callFlows",
        json={
            "clientKey": "bench",
            "channel": "WEB",
            "language": "EN",
            "currencyCode": "USD",
            "pointOfSale": "demo",
            "friendlyId": "home_hero",
            "browserId": key,
            "params": {},
        },
    )
    answer.raise_for_status()
    decision: dict[str, Any] = answer.json()
    _decisions[key] = decision
    return decision


async def _list(request: Request, query: dict[str, str]) -> tuple[bytes, str]:
    authorization = request.headers["authorization"]
    key = authorization, str(sorted(query.items()))
    if key in _pages:
        return _pages[key]
    answer = await request.app.state.client.get(
        "/v1/me/products", params=query, headers={"authorization": authorization}
    )
    answer.raise_for_status()
    assert isinstance(answer.json()["Items"], list)
    page = answer.content, f'"{hashlib.sha256(answer.content).hexdigest()[:24]}"'
    _pages[key] = page
    return page


async def placement(request: Request) -> Response:
    """Decide, list, answer."""
    decision = await _decide(request)
    name = request.path_params["name"]
    query = {"categoryID": name}
    if decision.get("persona") == "vip":
        query = {"categoryID": "mens-watches", "pageSize": "8"}
    if name.endswith("24k"):
        query["search"] = "24k"
    query |= {name: value for name, value in request.query_params.items() if name == "search"}
    body, etag = await _list(request, query)
    headers = {"etag": etag, "cache-control": "private, no-cache", "vary": "Authorization"}
    if request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="application/json", headers=headers)


@asynccontextmanager
async def _lifespan(app: Starlette) -> AsyncIterator[None]:
    async with httpx.AsyncClient(base_url=os.environ["UPSTREAM"], trust_env=False) as client:
        app.state.client = client
        yield


app = Starlette(
    routes=[Route("/placements/{name}", placement)],
    middleware=[Middleware(RequestId), Middleware(Timing), Middleware(Authentication)],
    lifespan=_lifespan,
)
