"""`POST /previews` on the admin listener, and what it is for: `preview=` of a placement's call."""

import time
from datetime import UTC, datetime
from typing import Annotated

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from proxy.core import passes
from proxy.core.given import Given
from proxy.core.passes import NoPass
from proxy.errors import UNREADABLE, RequestError
from proxy.web.body import read_body

_BODY_MAX_BYTES = 64 * 1024
_HOUR_S = 3600.0
_HOURS_MAX = 7 * 24
_SHAPE = '{"given": {"segment": "vip", "at": "2026-12-24 09:00"}, "hours": 24}'
_NAME = "preview"
_ASKED = b"preview="


class _Wanted(msgspec.Struct, forbid_unknown_fields=True):
    given: msgspec.Raw
    hours: Annotated[int, msgspec.Meta(ge=1, le=_HOURS_MAX)] = 24


class Previews:
    """Issues preview passes and reads them, by the admin *key*; without one there are none."""

    def __init__(self, key: str | None) -> None:
        self._key = key

    async def issue(self, request: Request) -> Response:
        """Return a pass for what is given, and until when it holds: a day, unless the body says.

        Raises:
            RequestError: the body is not of that shape, or is too much for a link.
            DocumentError: with every mistake in what is given.
        """
        body = await read_body(request, _BODY_MAX_BYTES)
        try:
            wanted = msgspec.json.decode(body, type=_Wanted)
        except UNREADABLE as exc:
            raise RequestError(f"{exc}; send {_SHAPE}") from exc
        until = time.time() + wanted.hours * _HOUR_S
        try:
            text = passes.issue(bytes(wanted.given).decode(), until=until, key=self._key or "")
        except NoPass as exc:
            raise RequestError(str(exc)) from exc
        ends_at = datetime.fromtimestamp(until, UTC).isoformat(timespec="seconds")
        return JSONResponse({"preview": text, "until": ends_at}, 201)

    def supposed(self, request: Request) -> Given | None:
        """Return what the request's pass supposes; None: it has none.

        Raises:
            RequestError: it is not one that holds.
        """
        if _ASKED not in request.scope["query_string"]:  # which is nearly always so
            return None
        if (text := request.query_params.get(_NAME)) is None:
            return None
        if self._key is None:
            raise RequestError(f"{_NAME}: there are none here, since no admin key is set")
        try:
            return passes.read(text, now=time.time(), key=self._key)
        except NoPass as exc:
            raise RequestError(f"{_NAME}: {exc}") from exc
