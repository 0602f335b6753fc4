"""`POST /webhooks/ordercloud`: OrderCloud tells what was written, signed."""

from datetime import datetime, timedelta
from typing import Annotated, Any, Protocol

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from proxy.capture import Capture, log_key
from proxy.core.deeds import Done, deed_of, path_of
from proxy.core.signing import is_signed
from proxy.errors import UNREADABLE, RequestError, SignatureError, TokenError
from proxy.pipeline import Verifier
from proxy.recorder import Recorder
from proxy.sections import Events
from proxy.web.body import read_body

_BODY_MAX_BYTES = 1024 * 1024
_PROCEED = {"proceed": True}


class Guests(Protocol):
    """Knows the browsers of shoppers."""

    async def guest_of(self, identifier: str) -> str | None:
        """Return the browser at which CDP was told of *identifier* last."""


class _Response(msgspec.Struct):
    Body: dict[str, Any] | None = None


class _Webhook(msgspec.Struct):
    Route: str
    Verb: str
    LogID: str
    UserToken: str
    Date: Annotated[datetime, msgspec.Meta(tz=True)]
    RouteParams: dict[str, str] | None = None
    Response: _Response | None = None


class Webhooks:
    """The endpoint that OrderCloud's webhooks are registered with.

    Whatever passed through the gateway itself has been recorded under the same key already.
    """

    def __init__(
        self,
        capture: Capture,
        recorder: Recorder,
        verifier: Verifier,
        guests: Guests,
        *,
        config: Events,
    ) -> None:
        self._capture = capture
        self._recorder = recorder
        self._verifier = verifier
        self._guests = guests
        self._key = config.webhook_key.get_secret_value() if config.webhook_key else ""
        self._remembered = timedelta(seconds=config.remember)

    async def receive(self, request: Request) -> Response:
        """Take a call of OrderCloud's: 202 once what it tells is on disk.

        What tells nothing new for CDP, or of nobody whose browser is known, is answered 200; so
        is a pre-hook, which is always told to proceed.

        Raises:
            SignatureError: it does not come from OrderCloud.
            RequestError: it is no webhook.
            OutboxFull: try again later.
        """
        body = await read_body(request, _BODY_MAX_BYTES)
        if not self._key or not is_signed(body, request.headers.get("x-oc-hash", ""), self._key):
            raise SignatureError("X-oc-hash is not the signature of this body")
        told = _read(body)
        done = deed_of(told.Verb, path_of(told.Route, told.RouteParams or {}))
        if told.Response is None or done is None or not await self._take(told, done):
            return JSONResponse(_PROCEED)
        return JSONResponse(_PROCEED, 202)

    async def _take(self, told: _Webhook, done: Done) -> bool:
        authorization = f"Bearer {told.UserToken}"
        try:
            shopper = await self._verifier.verify(authorization)
        except TokenError:
            return False  # somebody else than a shopper: an administrator, say
        identifier = await self._recorder.identifier(shopper, at_checkout=True)
        browser_id = await self._guests.guest_of(identifier) if identifier else None
        if browser_id is None:
            return False
        origin = self._recorder.origin(browser_id, page=done.path)
        if origin.at - told.Date > self._remembered:
            return False  # a replay of what may be forgotten by now
        answer = told.Response.Body if told.Response else None
        await self._capture.take(done, answer or {}, origin, authorization, key=log_key(told.LogID))
        return True


def _read(body: bytes) -> _Webhook:
    try:
        return msgspec.json.decode(body, type=_Webhook)
    except UNREADABLE as exc:
        raise RequestError(f"this is no webhook of OrderCloud's: {exc}") from exc
