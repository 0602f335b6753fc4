"""Listens to what passes through to OrderCloud, after the answer has gone out, in each's order."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import msgspec
from starlette.datastructures import Headers
from starlette.requests import HTTPConnection

from proxy.capture import Answer, Capture, log_key
from proxy.config import Config
from proxy.core.codings import decoded
from proxy.core.deeds import Done, deed_of
from proxy.core.events import Origin
from proxy.errors import UNREADABLE, OutboxFull, ProxyError, RequestError
from proxy.model import Exchange
from proxy.recorder import Recorder
from proxy.tasks import Tasks
from proxy.web.browsers import BrowserIds, may_be_told_of

_OK = range(200, 300)
_UNDER_WAY_MAX = 200
_PAUSES_S = (0.5, 2.0, 8.0)
_BODY_MAX_BYTES = 4 * 1024 * 1024


class Listener:
    """Hands what shoppers have done to the capture. Who does not consent is let be.

    *on_lost* is told why an event could not be had.
    """

    def __init__(
        self,
        capture: Capture,
        recorder: Recorder,
        *,
        config: Config,
        tasks: Tasks,
        on_lost: Callable[[str], None],
    ) -> None:
        self._capture = capture
        self._recorder = recorder
        self._consent = config.consent
        self._browser_ids = BrowserIds(config.cdp)
        self._tasks = tasks
        self._on_lost = on_lost
        self._last: dict[str, asyncio.Task[None]] = {}
        self._under_way = 0

    def observe(self, exchange: Exchange) -> None:
        """Take note of a call that was answered; return at once."""
        done = deed_of(exchange.method, exchange.path, exchange.query)
        if done is None or exchange.status not in _OK:
            return
        asked = HTTPConnection({"type": "http", "headers": exchange.headers})
        try:
            browser_id = self._browser_ids.of(asked)
        except RequestError:
            return  # OrderCloud did not mind it, and CDP never issued it
        if browser_id is None or not may_be_told_of(asked, self._consent):
            return
        if self._under_way >= _UNDER_WAY_MAX:
            self._on_lost("busy")
            return
        self._follow(browser_id, done, exchange, asked.headers.get("authorization"))

    async def drain(self, *, within_s: float) -> None:
        """Wait for what was taken note of, *within_s* seconds at most."""
        if self._last:
            await asyncio.wait(self._last.values(), timeout=within_s)

    def _follow(
        self, browser_id: str, done: Done, exchange: Exchange, authorization: str | None
    ) -> None:
        """Take a deed in after the same browser's one before, so that their order is kept."""
        origin = self._recorder.origin(browser_id, page=exchange.path)
        before = self._last.get(browser_id)
        task = self._tasks.spawn(
            self._take(before, done, exchange, origin, authorization), name="capture"
        )
        self._last[browser_id] = task
        self._under_way += 1
        task.add_done_callback(lambda _: self._ended(browser_id, task))

    def _ended(self, browser_id: str, task: asyncio.Task[None]) -> None:
        self._under_way -= 1
        if self._last.get(browser_id) is task:
            del self._last[browser_id]

    async def _take(
        self,
        before: asyncio.Task[None] | None,
        done: Done,
        exchange: Exchange,
        origin: Origin,
        authorization: str | None,
    ) -> None:
        if before is not None:
            await asyncio.wait({before})
        answered = Headers(raw=list(exchange.answer_headers))
        answer = _object(exchange.body or b"", answered.get("content-encoding", ""))
        key = log_key(answered.get("x-oc-logid") or str(uuid.uuid4()))
        take = partial(self._capture.take, done, answer, origin, authorization, key=key)
        try:
            await _with_patience(take)
        except ProxyError as exc:
            self._on_lost(exc.code)


async def _with_patience(take: Callable[[], Awaitable[None]]) -> None:
    """Try a few times where outbox or OrderCloud is away for a moment: nobody waits for it."""
    for pause_s in _PAUSES_S:
        try:
            return await take()
        except ProxyError as exc:
            if not (exc.is_outage or isinstance(exc, OutboxFull)):
                raise
        await asyncio.sleep(pause_s)
    return await take()


def _object(body: bytes, codings: str) -> Answer:
    """Return the JSON object that an answer holds; an empty one where it cannot be read."""
    try:
        text = decoded(body, codings, max_bytes=_BODY_MAX_BYTES)
        return msgspec.json.decode(text, type=dict[str, Any])
    except (*UNREADABLE, ValueError):
        return {}
