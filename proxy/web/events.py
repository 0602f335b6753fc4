"""`POST /events` and `/browser`: what a storefront's script reports, and its browser id."""

import uuid
from collections.abc import Sequence
from typing import Protocol

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from proxy.cache.purges import Purger, Purges
from proxy.config import Config
from proxy.core import events, tags, tracking
from proxy.core.tracking import Tracked
from proxy.errors import InvalidEvents
from proxy.model import Shopper
from proxy.pipeline import Verifier
from proxy.recorder import Recorder
from proxy.web.body import read_body
from proxy.web.browsers import BrowserIds, is_robot, may_be_told_of

BODY_MAX_BYTES = 64 * 1024
"""As much as browsers let `sendBeacon` send."""

_COOKIE_S = 730 * 24 * 3600
_NO_STORE = {"cache-control": "private, no-store"}


class Browsers(Protocol):
    """Issues browser ids."""

    async def create_browser(self) -> str:
        """Return a new one, or raise UpstreamError."""


class Memory(Protocol):
    """Knows guests."""

    async def forget(self, guest: str) -> None:
        """Delete all that is known of a guest."""


class EventEndpoints:
    """The endpoints that a storefront's script calls."""

    def __init__(
        self,
        recorder: Recorder,
        verifier: Verifier,
        browsers: Browsers,
        memory: Memory,
        purges: Purges,
        *,
        config: Config,
    ) -> None:
        self._recorder = recorder
        self._verifier = verifier
        self._browsers = browsers
        self._memory = memory
        self._purges = purges
        self._consent = config.consent
        self._browser_ids = BrowserIds(config.cdp)

    async def report(self, request: Request) -> Response:
        """Take one event or a list of them: 202 once they are on disk.

        Raises:
            InvalidEvents: with every mistake; none was taken.
            TooLarge: the body is.
            TokenError: there is a token, and it is not accepted.
            OutboxFull: try again later.
        """
        reports = tracking.read(await read_body(request, BODY_MAX_BYTES))
        if not may_be_told_of(request, self._consent):
            return JSONResponse({"accepted": 0, "reason": "no-consent"}, headers=_NO_STORE)
        browser_id = self._browser_id(request, reports)
        shopper = await self._shopper(request)
        origin = self._recorder.origin(browser_id)
        happened = [
            events.event(origin, one.type, one.said, key=_key(browser_id, one)) for one in reports
        ]
        await self._recorder.record(origin, happened, shopper)
        return JSONResponse({"accepted": len(happened)}, 202, headers=_NO_STORE)

    async def browser(self, request: Request) -> Response:
        """Return the caller's browser id; a new one for a new visitor, none for robots.

        Raises:
            UpstreamError: CDP issues none now.
        """
        if not may_be_told_of(request, self._consent):
            answer = {"browserId": None, "reason": "no-consent"}
            return JSONResponse(answer, headers=_NO_STORE)
        browser_id = self._browser_ids.of(request)
        if browser_id is None and request.method == "GET" and not is_robot(request):
            browser_id = await self._browsers.create_browser()
        response = JSONResponse({"browserId": browser_id}, headers=_NO_STORE)
        if browser_id and (cookie := self._browser_ids.cookie):
            response.set_cookie(cookie, browser_id, max_age=_COOKIE_S, secure=True, samesite="lax")
        return response

    async def forget(self, request: Request) -> Response:
        """Delete what the gateway knows of the caller's browser, and its cookie."""
        browser_id = self._browser_ids.of(request)
        if browser_id is not None:
            await self._memory.forget(browser_id)
            self._purges.purge(tags.of_guest(browser_id), hard=True, by=Purger.EVENT)
        response = Response(status_code=204)
        if cookie := self._browser_ids.cookie:
            response.delete_cookie(cookie, secure=True, samesite="lax")
        return response

    def _browser_id(self, request: Request, reports: Sequence[Tracked]) -> str:
        said = {one.browserId for one in reports if one.browserId}
        if len(said) > 1:
            raise InvalidEvents(("browserId: a batch comes from one browser",))
        found = self._browser_ids.of(request, next(iter(said), None))
        if found is None:
            raise InvalidEvents(("browserId: send it, X-Browser-Id or CDP's cookie",))
        return found

    async def _shopper(self, request: Request) -> Shopper | None:
        authorization = request.headers.get("authorization")
        return await self._verifier.verify(authorization) if authorization else None


def _key(browser_id: str, report: Tracked) -> str:
    return f"report:{browser_id}:{report.id or uuid.uuid4()}"
