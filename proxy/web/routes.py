"""Every route, on one page; the patterns are also the labels of the request metrics."""

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import Route
from starlette.types import ASGIApp

from proxy.config import Config
from proxy.edge.telemetry import Metrics
from proxy.errors import ProxyError
from proxy.web import problems, script
from proxy.web.answers import EXPOSED
from proxy.web.events import EventEndpoints
from proxy.web.health import AdminEndpoints, AdminKey
from proxy.web.middleware import Observed
from proxy.web.passthrough import METHODS, Passthrough
from proxy.web.placements import Placements
from proxy.web.purge import PurgeEndpoint
from proxy.web.webhooks import Webhooks

_PREFLIGHT_S = 7200
_ALLOWED = ("Authorization", "Content-Type", "X-Browser-Id", "X-Request-Id")
_HANDLERS = {
    ProxyError: problems.on_proxy_error,
    HTTPException: problems.on_http_error,
    Exception: problems.on_bug,
}


def storefront(
    placements: Placements,
    *,
    api: Passthrough,
    oauth: Passthrough,
    events: EventEndpoints | None,
    webhooks: Webhooks,
    config: Config,
    metrics: Metrics,
) -> ASGIApp:
    """Return the app of the storefront listener; *api* and *oauth* are OrderCloud's own.

    Without an outbox there are no *events*.
    """
    routes = [
        Route("/placements", placements.several),
        Route("/placements/{name}", placements.one),
        Route("/decision-proxy.js", script.module),
        Route("/decision-proxy.d.ts", script.types),
        Route("/v1/{path:path}", api),
        Route("/oauth/{path:path}", oauth),
        Route("/webhooks/ordercloud", webhooks.receive, methods=["POST"]),
    ]
    if events is not None:
        routes += [
            Route("/events", events.report, methods=["POST"]),
            Route("/browser", events.browser),
            Route("/browser", events.forget, methods=["DELETE"]),
        ]
    app = Starlette(
        routes=routes,
        middleware=[
            Middleware(Observed, metrics=metrics, log=config.log),
            Middleware(
                CORSMiddleware,
                allow_origins=config.server.cors_origins,
                allow_methods=METHODS,
                allow_headers=[*_ALLOWED, *filter(None, [config.consent.header])],
                allow_credentials=True,
                expose_headers=EXPOSED,
                max_age=_PREFLIGHT_S,
            ),
        ],
        exception_handlers=_HANDLERS,
    )
    app.router.redirect_slashes = False  # to wherever the Host header says
    return app


def admin(
    endpoints: AdminEndpoints, purges: PurgeEndpoint, *, config: Config, metrics: Metrics
) -> ASGIApp:
    """Return the app of the admin listener."""
    key = config.admin.key.get_secret_value() if config.admin.key else None
    return Starlette(
        routes=[
            Route("/livez", endpoints.livez),
            Route("/readyz", endpoints.readyz),
            Route("/metrics", endpoints.metrics),
            Route("/config", endpoints.config),
            Route("/traffic", endpoints.traffic),
            Route("/purge", purges.purge, methods=["POST"]),
        ],
        middleware=[
            Middleware(Observed, metrics=metrics, log=config.log),
            Middleware(AdminKey, key=key),
        ],
        exception_handlers=_HANDLERS,
    )
