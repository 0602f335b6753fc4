"""The admin listener: is it alive, is it ready, what does it count, how is it configured."""

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from proxy.config import Config
from proxy.edge import telemetry
from proxy.edge.telemetry import Metrics
from proxy.ruleset import RuleSet

_OPEN = frozenset({"/livez", "/readyz"})
_ASSETS = "/assets/"


@dataclass(slots=True)
class Health:
    """What readiness depends on: rules that serve, workers that live, no shutdown under way.

    The upstreams are not asked: an outage of theirs is no reason to take traffic away from what
    the caches still hold. Nor is one of Redis, nor that pages are not shared: that is told for who
    looks.
    """

    rules: Callable[[], RuleSet]
    is_watching: Callable[[], bool]
    is_delivering: Callable[[], bool] | None = None
    redis: Callable[[], dict[str, bool]] | None = None
    leaky: Callable[[], list[str]] = list
    is_draining: bool = False

    def drain(self) -> None:
        """Ask for no more traffic: shutdown has begun."""
        self.is_draining = True

    def parts(self) -> dict[str, dict[str, Any]]:
        """Return each part: whether it is ready, and what there is to know about it."""
        rules = self.rules()
        is_delivering = self.is_delivering
        events = {"events": {"ready": is_delivering()}} if is_delivering else {}
        shared = {"redis": {"ready": True, **self.redis()}} if self.redis else {}
        leaky = self.leaky()
        sharing = {"sharing": {"ready": True, "off": leaky}} if leaky else {}
        return {
            "rules": {
                "ready": bool(rules.placements),
                "version": rules.version,
                "placements": len(rules.placements),
                "problems": [str(problem) for problem in rules.problems],
            },
            "reload": {"ready": self.is_watching()},
            **events,
            **shared,
            **sharing,
            "server": {"ready": not self.is_draining},
        }


class AdminEndpoints:
    """The admin listener's endpoints."""

    def __init__(self, health: Health, metrics: Metrics, config: Config) -> None:
        self._health = health
        self._metrics = metrics
        self._config = config

    async def livez(self, _: Request) -> Response:
        """Say that the process answers."""
        return JSONResponse({"status": "alive"})

    async def readyz(self, _: Request) -> Response:
        """Say whether traffic is welcome, and which part is not ready."""
        parts = self._health.parts()
        ready = all(part["ready"] for part in parts.values())
        status = "ready" if ready else "not ready"
        return JSONResponse({"status": status, "parts": parts}, 200 if ready else 503)

    async def metrics(self, _: Request) -> Response:
        """Give all metrics to Prometheus."""
        return Response(self._metrics.render(), headers={"content-type": telemetry.CONTENT_TYPE})

    async def traffic(self, _: Request) -> Response:
        """Tell what shoppers of each kind were shown in the last hours."""
        told = msgspec.json.encode(self._metrics.traffic())
        return Response(told, media_type="application/json")

    async def config(self, _: Request) -> Response:
        """Show the effective configuration, secrets masked."""
        return JSONResponse(self._config.shown())


class AdminKey:
    """Lets everybody see health, and only the holder of the admin key anything else. Pure ASGI.

    Who opens one of the *pages* in a browser cannot send a key yet: 401 has the page itself, which
    asks for it. What pages are made of tells nothing, and is open.
    """

    def __init__(self, app: ASGIApp, *, key: str | None, pages: Mapping[str, ASGIApp]) -> None:
        self._app = app
        self._expected = f"Bearer {key}".encode() if key else None
        self._pages = pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, or answer 401."""
        if scope["type"] != "http" or _is_open(scope["path"]) or self._is_admin(scope):
            await self._app(scope, receive, send)
            return
        page = self._pages.get(scope["path"])
        await (page or self._refusal())(scope, receive, send)

    def _refusal(self) -> Response:
        detail = "send `Authorization: Bearer` and the admin key"
        if self._expected is None:
            detail = "no admin key is set: set DECISION_PROXY__ADMIN__KEY"
        return JSONResponse(
            {
                "type": "urn:decision-proxy:admin-key",
                "title": "The admin key is needed",
                "status": 401,
                "detail": detail,
            },
            status_code=401,
            headers={"www-authenticate": "Bearer"},
            media_type="application/problem+json",
        )

    def _is_admin(self, scope: Scope) -> bool:
        given = dict(scope["headers"]).get(b"authorization", b"")
        return self._expected is not None and hmac.compare_digest(given, self._expected)


def _is_open(path: str) -> bool:
    return path in _OPEN or path.startswith(_ASSETS)
