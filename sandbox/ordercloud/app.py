"""The OrderCloud emulator as one ASGI application."""

from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import Route
from starlette.types import ASGIApp

from sandbox.control import Clock, Control
from sandbox.ordercloud import seed
from sandbox.ordercloud.api import PREFIX, Api
from sandbox.ordercloud.errors import ApiError
from sandbox.ordercloud.http import refuse
from sandbox.ordercloud.marketplace import Marketplace, Settings
from sandbox.ordercloud.oauth import OAuth
from sandbox.ordercloud.pictures import picture
from sandbox.ordercloud.replay import replay
from sandbox.ordercloud.routes import ROUTES
from sandbox.ordercloud.switches import Switches
from sandbox.ordercloud.throttle import Throttled
from sandbox.ordercloud.webhooks import Webhooks

_PREFLIGHT_S = 86_400
_CALLS = "ordercloud"
_FAULTS = {401: "InvalidToken", 403: "Auth.InsufficientRoles", 503: "Api.Offline"}


def build(
    *,
    base_url: str = "http://127.0.0.1:8101",
    products: int = 240,
    data: Path | None = None,
    issuer: str = "https://auth.ordercloud.io",
) -> ASGIApp:
    """Return an emulator with the demo's seed.

    *base_url* is where it will answer: the tokens' audience and the root of picture URLs.
    *products* is the size of the catalog. The calls in *data*'s folder `ordercloud` are carried
    out on top of the seed (`replay`).
    """

    def plant(marketplace: Marketplace) -> None:
        seed.plant(marketplace.store, products_count=products, base_url=base_url)
        if data is not None:
            replay(marketplace, ROUTES, data / _CALLS)

    marketplace = Marketplace(Settings(base_url, issuer), Clock(), plant)
    return _open_to_browsers(_controlled(_answering(marketplace), marketplace))


def _answering(marketplace: Marketplace) -> ASGIApp:
    """Return the emulated service itself, and its own switches."""
    webhooks = Webhooks()
    api = Route(
        PREFIX + "/{path:path}",
        Api(marketplace, ROUTES, webhooks).respond,
        methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
    )
    return Starlette(
        routes=[
            *OAuth(marketplace).routes(),
            *Switches(marketplace).routes(),
            Route("/_sandbox/images/{name}.svg", picture),
            api,
        ],
        exception_handlers={ApiError: refuse, Exception: refuse},
        lifespan=lambda _: webhooks.running(),
    )


def _controlled(app: ASGIApp, marketplace: Marketplace) -> ASGIApp:
    clock = marketplace.clock
    throttled = Throttled(app, limit=lambda: marketplace.options.throttle, clock=clock)
    return Control(
        throttled,
        clock=clock,
        on_reset=marketplace.reset,
        fault_body=lambda status: ApiError(_FAULTS.get(status, "ServerError")).body(),
    )


def _open_to_browsers(app: ASGIApp) -> ASGIApp:
    """Return the app with CORS as OrderCloud has it: every origin, echoed, with credentials."""
    return CORSMiddleware(
        app,
        allow_origin_regex=".*",
        allow_credentials=True,
        allow_methods=["*"],
        allow_headers=["*"],
        expose_headers=["X-oc-logid"],
        max_age=_PREFLIGHT_S,
    )
