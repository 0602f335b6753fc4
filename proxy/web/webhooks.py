"""`POST /webhooks/ordercloud`: OrderCloud tells what was written, signed.

It makes answers in the caches wrong, and it may be a deed of a shopper's that CDP is told of.
"""

import re
from datetime import datetime, timedelta
from typing import Annotated, Any, Protocol

import msgspec
from pydantic import SecretStr
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from proxy.cache.aftermath import Aftermath
from proxy.capture import Capture, log_key
from proxy.core import tags
from proxy.core.deeds import Done, deed_of, path_of
from proxy.core.signing import is_signed
from proxy.core.writes import Outdated, outdated_by
from proxy.errors import UNREADABLE, ProxyError, RequestError, SignatureError, TokenError
from proxy.pipeline import Verifier
from proxy.recorder import Recorder
from proxy.web.body import read_body

_BODY_MAX_BYTES = 1024 * 1024
_PROCEED = {"proceed": True}
_OWN = re.compile(r"/?v1/me\b", re.IGNORECASE)


class Guests(Protocol):
    """Knows the browsers of shoppers."""

    async def guest_of(self, identifier: str) -> str | None:
        """Return the browser at which CDP was told of *identifier* last."""


class _Message(msgspec.Struct):
    Body: Any = None


class Webhook(msgspec.Struct):
    """What OrderCloud tells of a call: of a pre-hook's, there is no `Response` yet."""

    Route: str
    Verb: str
    LogID: str
    UserToken: str
    Date: Annotated[datetime, msgspec.Meta(tz=True)]
    RouteParams: dict[str, str] | None = None
    Request: _Message | None = None
    Response: _Message | None = None

    @property
    def answered(self) -> Any:
        """Return what OrderCloud answered the call with."""
        return self.Response.Body if self.Response else None

    @property
    def deed(self) -> Done | None:
        """Return which deed of a shopper's it is, if any."""
        return deed_of(self.Verb, path_of(self.Route, self.RouteParams or {}))

    def outdated(self, shopper: str | None) -> Outdated:
        """Return what it makes wrong; *shopper* is the tag's name of whoever wrote."""
        params = {**(self.RouteParams or {}), **({"shopper": shopper} if shopper else {})}
        asked = self.Request.Body if self.Request else None
        return outdated_by(self.Verb, self.Route, params, asked=asked, answered=self.answered)


class Deeds:
    """Tells CDP of shoppers' deeds that passed the gateway by.

    Whatever passed through the gateway itself has been recorded under the same key already.
    """

    def __init__(
        self,
        capture: Capture,
        recorder: Recorder,
        verifier: Verifier,
        guests: Guests,
        *,
        remembered_s: float,
    ) -> None:
        self._capture = capture
        self._recorder = recorder
        self._verifier = verifier
        self._guests = guests
        self._remembered = timedelta(seconds=remembered_s)

    async def take(self, told: Webhook, done: Done) -> bool:
        """Record a deed; say whether it is one of a shopper whose browser is known, and new.

        Raises:
            ProxyError: it could not be recorded now.
        """
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
        answer = told.answered if isinstance(told.answered, dict) else {}
        await self._capture.take(done, answer, origin, authorization, key=log_key(told.LogID))
        return True


class Webhooks:
    """The endpoint that OrderCloud's webhooks go to; without an outbox there are no *deeds*."""

    def __init__(
        self, key: SecretStr | None, verifier: Verifier, aftermath: Aftermath, deeds: Deeds | None
    ) -> None:
        self._key = key.get_secret_value() if key else ""
        self._verifier = verifier
        self._aftermath = aftermath
        self._deeds = deeds

    async def receive(self, request: Request) -> Response:
        """Take a call of OrderCloud's: 202 once what it tells CDP is on disk.

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
        if told.Response is None:
            return JSONResponse(_PROCEED)
        self._aftermath.follow(told.outdated(await self._own_writer(told)))
        done = told.deed
        if done is None or self._deeds is None or not await self._deeds.take(told, done):
            return JSONResponse(_PROCEED)
        return JSONResponse(_PROCEED, 202)

    async def _own_writer(self, told: Webhook) -> str | None:
        """Return whose call it is, where that matters: shoppers write about themselves there."""
        if not _OWN.match(told.Route):
            return None
        try:
            return tags.name_of(await self._verifier.verify(f"Bearer {told.UserToken}"))
        except ProxyError:
            return None


def _read(body: bytes) -> Webhook:
    try:
        return msgspec.json.decode(body, type=Webhook)
    except UNREADABLE as exc:
        raise RequestError(f"this is no webhook of OrderCloud's: {exc}") from exc
