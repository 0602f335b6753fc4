"""What every request goes through: an id, a problem if it fails, and a line in the metrics.

Pure ASGI, and all in one layer: each one more costs as much as reading the request.
"""

import itertools
import logging
import re
import secrets
import time
from collections.abc import Callable, Iterator
from typing import Any

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from proxy.edge.telemetry import Metrics
from proxy.sections import Log
from proxy.web import problems
from proxy.web.origins import Origins

REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
"""What a caller may call a request."""

_FIRST_ERROR = 400
_NAMED = "headers"
_ID_ENDS = tuple(b"%03x" % number for number in range(16**3))

OnStart = Callable[[Scope, Message], None]
"""Told how each answer begins, as it goes out; it must return at once."""

_log = logging.getLogger("proxy.requests")


def header(scope: Scope, name: bytes) -> str | None:
    """Return the request's header called *name* (in lower case), the first of several."""
    value: bytes | None = scope["state"][_NAMED].get(name)
    return None if value is None else value.decode("latin-1")


def request_ids() -> Iterator[bytes]:
    """Give ids that no other request has: 32 hexadecimal digits."""
    prefix = secrets.token_hex(8).encode()
    for block in itertools.count():
        start = b"%b%013x" % (prefix, block)
        for end in _ID_ENDS:
            yield start + end


class Entrance:
    """Gives each request its id (the caller's, if it is a sane one), and counts the answer.

    Neither the query string nor any header reaches log or metrics: they may hold credentials.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        metrics: Metrics,
        log: Log,
        origins: Origins | None = None,
        on_start: OnStart | None = None,
    ) -> None:
        self._app = app
        self._metrics = metrics
        self._log = log
        self._origins = origins or Origins(())
        self._on_start = on_start
        self._ids = request_ids()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the request, and note how."""
        headers = dict(reversed(scope["headers"]))
        given = headers.get(b"x-request-id", b"")
        request_id = given if REQUEST_ID.fullmatch(given) else next(self._ids)
        scope["state"] |= {"request_id": request_id.decode("ascii"), _NAMED: headers}
        preflight = self._origins.preflight(scope)
        of_origin = () if preflight else self._origins.headers(headers)
        added = (*of_origin, (b"x-request-id", request_id))
        started = time.perf_counter()
        status = 0

        async def send_start(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], *added]
                if self._on_start is not None:
                    self._on_start(scope, message)
            await send(message)

        try:
            await (preflight or self._app)(scope, receive, send_start)
        except Exception as exc:
            if status:
                raise
            response = problems.answer_to(Request(scope), exc)
            await response(scope, receive, send_start)
            if problems.is_bug(exc):
                raise
        finally:
            self._note(scope, status or 500, time.perf_counter() - started)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "none")
        self._metrics.observe_request(scope["method"], route, status, seconds)
        wanted = self._log.requests
        if wanted == "all" or (wanted == "errors" and status >= _FIRST_ERROR):
            line: dict[str, Any] = {
                "request_id": scope["state"]["request_id"],
                "method": scope["method"],
                "path": scope["path"],
                "status": status,
                "ms": round(seconds * 1000, 1),
            }
            _log.info("request", extra=line)
