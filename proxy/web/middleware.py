"""What every request gets: an id, a line in the metrics, and perhaps one in the log. Pure ASGI."""

import logging
import re
import time
import uuid
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from proxy.edge.telemetry import Metrics
from proxy.sections import Log

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
"""What a caller may call a request."""

_FIRST_ERROR = 400

_log = logging.getLogger("proxy.requests")


class Observed:
    """Gives each request its id (the caller's, if it is a sane one), and counts the answer.

    Neither the query string nor any header reaches log or metrics: they may hold credentials.
    """

    def __init__(self, app: ASGIApp, *, metrics: Metrics, log: Log) -> None:
        self._app = app
        self._metrics = metrics
        self._log = log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and note how it was answered."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-request-id", "")
        request_id = given if REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
        scope.setdefault("state", {})["request_id"] = request_id
        started = time.perf_counter()
        status = 500

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["x-request-id"] = request_id
            await send(message)

        try:
            await self._app(scope, receive, send_with_id)
        finally:
            self._note(scope, request_id, status, time.perf_counter() - started)

    def _note(self, scope: Scope, request_id: str, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "none")
        self._metrics.requests.labels(scope["method"], route, str(status)).inc()
        self._metrics.request_seconds.labels(route).observe(seconds)
        wanted = self._log.requests
        if wanted == "all" or (wanted == "errors" and status >= _FIRST_ERROR):
            line: dict[str, Any] = {
                "request_id": request_id,
                "method": scope["method"],
                "path": scope["path"],
                "status": status,
                "ms": round(seconds * 1000, 1),
            }
            _log.info("request", extra=line)
