"""Plain Starlette: one route, and a dict of pages by token. No token check, no decision.

`uvicorn benchmarks.peers.plain:app`, UPSTREAM in the environment.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


@asynccontextmanager
async def _lifespan(app: Starlette) -> AsyncIterator[None]:
    async with httpx.AsyncClient(base_url=os.environ["UPSTREAM"], trust_env=False) as client:
        app.state.client = client
        app.state.pages = {}
        yield


async def placement(request: Request) -> Response:
    """Answer from the dict, which the upstream fills."""
    name = request.path_params["name"]
    authorization = request.headers["authorization"]
    key = name, authorization
    page: tuple[bytes, str] | None = request.app.state.pages.get(key)
    if page is None:
        headers = {"authorization": authorization}
        answer = await request.app.state.client.get(f"/placements/{name}", headers=headers)
        page = request.app.state.pages[key] = answer.content, answer.headers["etag"]
    body, etag = page
    headers = {"etag": etag, "cache-control": "private, no-cache", "vary": "Authorization"}
    if request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="application/json", headers=headers)


app = Starlette(routes=[Route("/placements/{name}", placement)], lifespan=_lifespan)
