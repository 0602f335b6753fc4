"""OrderCloud's own API, passed through: every call under `/v1/` and `/oauth/`, streamed both ways.

A call that a placement is bound to is personalized in place; no other is touched.
"""

import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from proxy.core import hops, target
from proxy.core.hops import Header
from proxy.edge.logs import Sampled
from proxy.edge.stream import Received, Sent, Streams
from proxy.errors import CallerLeft, RequestError, UpstreamError
from proxy.model import Exchange
from proxy.tasks import Tasks
from proxy.web.caller import Caller

METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")
_OBSERVED_MAX_BYTES = 256 * 1024

InPlace = Callable[[Request], Awaitable[Response | None]]
"""Answers a call that is not to be passed through, or gives None: the next may, or OrderCloud."""

Observe = Callable[[Exchange], None]
"""Told of each exchange after its answer has gone out; it must return at once."""

_log = logging.getLogger(__name__)


class Passthrough:
    """The ASGI app of one part of OrderCloud's API."""

    def __init__(
        self,
        streams: Streams,
        *,
        tasks: Tasks,
        silence_s: float,
        in_place: Sequence[InPlace] = (),
        observe: Observe | None = None,
    ) -> None:
        self._streams = streams
        self._tasks = tasks
        self._silence_s = silence_s
        self._in_place = in_place
        self._observe = observe
        self._broken_off = Sampled(_log, clock=time.monotonic)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer in place, or as OrderCloud does.

        Raises:
            HTTPException: 405 for a method that OrderCloud does not know.
            RequestError: the target is not plainly a path of OrderCloud's API, or the body is in a
                transfer coding.
            UpstreamError: OrderCloud gave no answer.
            CallerLeft: nobody is there to answer.
        """
        request = Request(scope, receive)
        sent_target = target_of(scope)
        for answer in self._in_place:
            if response := await answer(request):
                await response(scope, receive, send)
                return
        caller = Caller(receive, send, silence_s=self._silence_s)
        try:
            await self._pass(request, sent_target, caller)
        except (UpstreamError, CallerLeft) as exc:
            if not caller.is_answered:
                raise
            # The connection is closed on an answer that ends too early, so that all can tell.
            self._broken_off.warning("an answer broke off", code=exc.code)

    async def _pass(self, request: Request, sent_target: bytes, caller: Caller) -> None:
        headers: list[Header] = request.scope["headers"]
        sends_body = hops.has_body(headers)
        sent = Sent(
            request.method,
            sent_target,
            hops.to_upstream(headers, peer=request.client.host if request.client else None),
            caller.body() if sends_body else None,
        )
        async with (
            caller.staying(self._tasks, sends_body=sends_body),
            self._streams.exchange(sent) as received,
        ):
            body = await self._relay(received, caller)
        if self._observe is not None:
            self._observe(_exchange(request, received, body))

    async def _relay(self, received: Received, caller: Caller) -> bytes | None:
        """Hand the answer on as it comes; return its body where it is worth a look."""
        headers = hops.to_caller(received.headers, status=received.status)
        start = {"type": "http.response.start", "status": received.status, "headers": headers}
        await caller.answer(start)
        kept = b"" if self._observe and _is_json(received.headers) else None
        async for chunk in received.body:
            more = not received.is_over()
            await caller.answer({"type": "http.response.body", "body": chunk, "more_body": more})
            if kept is not None:
                kept = kept + chunk if len(kept) + len(chunk) <= _OBSERVED_MAX_BYTES else None
        return kept


def target_of(scope: Scope) -> bytes:
    """Return path and query as they came in."""
    if scope["method"] not in METHODS:
        raise HTTPException(405, headers={"allow": ", ".join(METHODS)})
    path, query = scope["raw_path"], scope["query_string"]
    if not target.is_plain(path, query):
        raise RequestError("the request target is not plainly a path of OrderCloud's API")
    if not hops.is_framed(scope["headers"]):
        raise RequestError("of transfer codings only `chunked` is understood here")
    return b"?".join((path, query)) if query else bytes(path)


def _is_json(headers: Iterable[Header]) -> bool:
    return any(name == b"content-type" and b"json" in value for name, value in headers)


def _exchange(request: Request, received: Received, body: bytes | None) -> Exchange:
    return Exchange(
        method=request.method,
        path=request.scope["path"],
        query=request.scope["query_string"].decode("ascii"),
        headers=request.scope["headers"],
        status=received.status,
        answer_headers=received.headers,
        body=body,
    )
