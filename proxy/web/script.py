"""The storefront's own client of the gateway: an ES module, and its types."""

from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, Response

_FOLDER = Path(__file__).parent / "static"
_HEADERS = {"cache-control": "public, max-age=3600"}


async def module(_: Request) -> Response:
    """Give the module."""
    path = _FOLDER / "decision-proxy.js"
    return FileResponse(path, media_type="text/javascript", headers=_HEADERS)


async def types(_: Request) -> Response:
    """Give its TypeScript declarations."""
    path = _FOLDER / "decision-proxy.d.ts"
    return FileResponse(path, media_type="text/plain", headers=_HEADERS)
