"""Answers 429 with `Retry-After` when more calls come in than the options allow.

OrderCloud publishes neither its limits nor the body of that answer; both are assumed.
"""

import math
from collections.abc import Callable

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox.control import Clock
from sandbox.ordercloud.errors import ApiError
from sandbox.ordercloud.http import refuse
from sandbox.ordercloud.options import Throttle


class Throttled:
    """ASGI middleware that lets as many requests through as *limit* says at the moment."""

    def __init__(self, app: ASGIApp, *, limit: Callable[[], Throttle | None], clock: Clock) -> None:
        self._app = app
        self._limit = limit
        self._clock = clock
        self._counted: Throttle | None = None
        self._recent: list[float] = []  # when requests were let through, under that limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or tell the caller when to come again."""
        limit = self._limit()
        wait_s = self._wait_s(limit) if limit and _is_api(scope) else 0.0
        if wait_s <= 0:
            await self._app(scope, receive, send)
            return
        response = refuse(Request(scope), ApiError("TooManyRequests"))
        response.headers["Retry-After"] = str(math.ceil(wait_s))
        await response(scope, receive, send)

    def _wait_s(self, limit: Throttle) -> float:
        """Return how long a request must wait, or count it as let through."""
        if limit is not self._counted:
            self._counted, self._recent = limit, []
        now = self._clock.now()
        self._recent = [at for at in self._recent if now - limit.per_s < at <= now]
        if len(self._recent) >= limit.requests:
            return self._recent[0] + limit.per_s - now
        self._recent.append(now)
        return 0.0


def _is_api(scope: Scope) -> bool:
    return scope["type"] == "http" and not scope["path"].startswith("/_sandbox/")
