"""What people open in a browser on the admin listener: the studio, and the API's description.

Both pages are the same for everybody, and hold nothing: scripts fetch the rest, with the key.
"""

from functools import cache
from pathlib import Path

import msgspec
import yaml
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response

_FOLDER = Path(__file__).parent / "static" / "admin"
_KINDS = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';"
    " img-src 'self' http: https: data:; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'none'"
)
"""Products' pictures may be anywhere; all else is our own. Source: https://www.w3.org/TR/CSP3/."""

_HEADERS = {
    "cache-control": "no-cache",
    "content-security-policy": _POLICY,
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


def page(name: str) -> Response:
    """Return the page called *name*."""
    return FileResponse(_FOLDER / f"{name}.html", headers=_HEADERS, media_type="text/html")


def locked(name: str) -> Response:
    """Return the same page to who has not shown the key: RFC 9110 section 15.5.2."""
    headers = _HEADERS | {"www-authenticate": "Bearer"}  # for which browsers ask nobody
    return FileResponse(_FOLDER / f"{name}.html", 401, headers, "text/html")


async def studio(_: Request) -> Response:
    """Give the studio."""
    return page("studio")


async def docs(_: Request) -> Response:
    """Give the readable description of the API."""
    return page("docs")


async def openapi(_: Request) -> Response:
    """Give the description of the API: https://spec.openapis.org/oas/v3.1.0."""
    return Response(_openapi(), headers=_HEADERS, media_type="application/json")


async def asset(request: Request) -> Response:
    """Give what a page is made of.

    Raises:
        HTTPException: 404, it is not part of any.
    """
    path = _FOLDER / request.path_params["name"]
    if path.suffix not in _KINDS or not path.is_file():
        raise HTTPException(404)
    return FileResponse(path, headers=_HEADERS, media_type=_KINDS[path.suffix])


@cache
def _openapi() -> bytes:
    return msgspec.json.encode(yaml.safe_load((_FOLDER / "openapi.yaml").read_text("utf-8")))
