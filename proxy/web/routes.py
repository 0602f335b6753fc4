"""Every route, on one page; the patterns are also the labels of the request metrics."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from proxy.config import Config
from proxy.edge.telemetry import Metrics
from proxy.web import script, studio
from proxy.web.answers import EXPOSED
from proxy.web.entrance import Entrance, OnStart
from proxy.web.events import EventEndpoints
from proxy.web.health import AdminEndpoints, AdminKey
from proxy.web.origins import Origins
from proxy.web.passthrough import METHODS, Passthrough
from proxy.web.placements import Placements
from proxy.web.previews import Previews
from proxy.web.purge import PurgeEndpoint
from proxy.web.rules import RulesEndpoints
from proxy.web.webhooks import Webhooks

_ALLOWED = ("Authorization", "Content-Type", "X-Browser-Id", "X-Request-Id")

Answer = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Route:
    """Who answers at a path, or at all paths that `{name}` or `{path}` stands for."""

    path: str
    app: ASGIApp


class Routes:
    """An app of many: by the whole path, or by its first segment."""

    def __init__(self, *routes: Route) -> None:
        self._whole = {one.path: one for one in routes if "{" not in one.path}
        self._below = {one.path.split("/")[1]: one for one in routes if "{" in one.path}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let whose path it is answer.

        Raises:
            HTTPException: 404, it is nobody's.
        """
        route = self._whole.get(scope["path"]) or self._found_below(scope)
        scope["route"] = route
        await route.app(scope, receive, send)

    def _found_below(self, scope: Scope) -> Route:
        first, slash, rest = scope["path"][1:].partition("/")
        route = self._below.get(first)
        if route is None or not slash:
            raise HTTPException(404)
        if route.path.endswith("/{name}"):
            if not rest or "/" in rest:
                raise HTTPException(404)
            scope["path_params"] = {"name": rest}
        return route


class Endpoint:
    """The app of what answers whole requests, by method."""

    def __init__(self, **by_method: Answer) -> None:
        head = {"HEAD": by_method["GET"]} if "GET" in by_method else {}
        self._by_method: Mapping[str, Answer] = by_method | head

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer.

        Raises:
            HTTPException: 405, not by this method.
        """
        answer = self._by_method.get(scope["method"])
        if answer is None:
            raise HTTPException(405, headers={"allow": ", ".join(self._by_method)})
        response = await answer(Request(scope, receive, send))
        await response(scope, receive, send)


def storefront(
    placements: Placements,
    *,
    api: Passthrough,
    oauth: Passthrough,
    events: EventEndpoints | None,
    webhooks: Webhooks,
    config: Config,
    metrics: Metrics,
    on_start: OnStart | None,
) -> ASGIApp:
    """Return the app of the storefront listener; *api* and *oauth* are OrderCloud's own.

    Without an outbox there are no *events*.
    """
    return Entrance(
        Routes(
            Route("/placements", Endpoint(GET=placements.several)),
            Route("/placements/{name}", Endpoint(GET=placements.one)),
            Route("/decision-proxy.js", Endpoint(GET=script.module)),
            Route("/decision-proxy.d.ts", Endpoint(GET=script.types)),
            Route("/v1/{path}", api),
            Route("/oauth/{path}", oauth),
            Route("/webhooks/ordercloud", Endpoint(POST=webhooks.receive)),
            *(_of_events(events) if events is not None else ()),
        ),
        metrics=metrics,
        log=config.log,
        origins=Origins(
            config.server.cors_origins,
            methods=METHODS,
            headers=[*_ALLOWED, *filter(None, [config.consent.header])],
            exposed=EXPOSED,
        ),
        on_start=on_start,
    )


def _of_events(events: EventEndpoints) -> Sequence[Route]:
    return (
        Route("/events", Endpoint(POST=events.report)),
        Route("/browser", Endpoint(GET=events.browser, DELETE=events.forget)),
    )


def admin(
    endpoints: AdminEndpoints,
    purges: PurgeEndpoint,
    rules: RulesEndpoints,
    previews: Previews,
    *,
    config: Config,
    metrics: Metrics,
) -> ASGIApp:
    """Return the app of the admin listener."""
    key = config.admin.key.get_secret_value() if config.admin.key else None
    routes = Routes(
        Route("/livez", Endpoint(GET=endpoints.livez)),
        Route("/readyz", Endpoint(GET=endpoints.readyz)),
        Route("/metrics", Endpoint(GET=endpoints.metrics)),
        Route("/config", Endpoint(GET=endpoints.config)),
        Route("/traffic", Endpoint(GET=endpoints.traffic)),
        Route("/purge", Endpoint(POST=purges.purge)),
        Route("/rules", Endpoint(GET=rules.listed)),
        Route("/rules/{name}", Endpoint(GET=rules.read, PUT=rules.write, DELETE=rules.remove)),
        Route("/revisions/{name}", Endpoint(GET=rules.revisions)),
        Route("/preview", Endpoint(POST=rules.preview)),
        Route("/previews", Endpoint(POST=previews.issue)),
        Route("/openapi.json", Endpoint(GET=studio.openapi)),
        Route("/docs", Endpoint(GET=studio.docs)),
        Route("/studio", Endpoint(GET=studio.studio)),
        Route("/assets/{name}", Endpoint(GET=studio.asset)),
    )
    pages = {f"/{name}": studio.locked(name) for name in ("studio", "docs")}
    return Entrance(AdminKey(routes, key=key, pages=pages), metrics=metrics, log=config.log)
