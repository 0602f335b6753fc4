"""Answers 429 with `Retry-After` when more calls come in than the options allow.

OrderCloud publishes neither its limits nor the body of that answer; both are assumed.
"""

import math
from collections import deque
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
        self._let_through_at: deque[float] = deque()

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
        now = self._clock.now()
        while self._let_through_at and self._let_through_at[0] <= now - limit.per_s:
            self._let_through_at.popleft()
        if len(self._let_through_at) >= limit.requests:
            return self._let_through_at[0] + limit.per_s - now
        self._let_through_at.append(now)
        return 0.0


def _is_api(scope: Scope) -> bool:
    return scope["type"] == "http" and not scope["path"].startswith("/_sandbox/")
