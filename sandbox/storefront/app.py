"""Serves the demo shop: a static page, and the addresses it needs as `/config.json`."""

from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

_PAGE = Path(__file__).parent / "page"


def build(
    *,
    gateway_url: str = "http://127.0.0.1:8080",
    ordercloud_url: str = "http://127.0.0.1:8101",
    cdp_url: str = "http://127.0.0.1:8102",
) -> ASGIApp:
    """Return the shop; the URLs are those by which the visitor's browser reaches each part."""
    config = {
        "gateway": gateway_url,
        "ordercloud": ordercloud_url,
        "cdp": cdp_url,
        "ordercloudClient": "storefront-client",
    }

    async def show_config(_: Request) -> JSONResponse:
        return JSONResponse(config)

    page = StaticFiles(directory=_PAGE, html=True)
    return Starlette(routes=[Route("/config.json", show_config), Mount("/", page)])
