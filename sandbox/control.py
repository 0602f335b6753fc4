"""The control plane that both emulators share, under `/_sandbox/`.

It records what came in, injects faults and owns the clock. It stands in front of an emulator as
pure ASGI middleware and is not part of what is emulated.
"""

import asyncio
import json
import random
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_PREFIX = "/_sandbox/"
_BODY_KEPT_BYTES = 65_536
_REQUESTS_KEPT = 10_000
_HANG_S = 3600.0


class Clock:
    """The emulator's time: the machine's, shifted by what `PUT /_sandbox/clock` asked for."""

    def __init__(self) -> None:
        self._shift_s = 0.0

    def now(self) -> float:
        """Return epoch seconds."""
        return time.time() + self._shift_s

    def set(self, now: float) -> None:
        """Make *now* (epoch seconds) the current time; it goes on running from there."""
        self._shift_s = now - time.time()

    def reset(self) -> None:
        """Go back to the machine's time."""
        self._shift_s = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What goes wrong for requests whose path starts with *match*.

    The order is: latency, then hang or drop, then a made-up answer (*status*, *body*); *truncate*
    and *body_latency_ms* spoil the emulator's own answer. *rate* is the share of requests hit,
    *times* how many at most.
    """

    match: str = "/"
    latency_ms: float = 0
    status: int | None = None
    body: str | None = None
    headers: dict[str, str] | None = None
    rate: float = 1.0
    times: int | None = None
    hang: bool = False
    drop: bool = False
    truncate: int | None = None
    body_latency_ms: float = 0


class Control:
    """ASGI middleware: records, faults and the `/_sandbox/` endpoints of one emulator.

    *on_reset* puts the emulator's data back to its seed; *on_clock* is told after each change of
    time (sessions close, schedules pass). *fault_body* writes the emulated product's own error
    body for an injected status. Paths under `/_sandbox/` that are not known here go to the
    emulator, which may have endpoints of its own there.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        clock: Clock,
        on_reset: Callable[[], None],
        on_clock: Callable[[], None] = lambda: None,
        fault_body: Callable[[int], object] = lambda status: {"status": status},
    ) -> None:
        self._app = app
        self._clock = clock
        self._on_reset = on_reset
        self._on_clock = on_clock
        self._fault_body = fault_body
        self._requests: deque[dict[str, Any]] = deque(maxlen=_REQUESTS_KEPT)
        self._faults: dict[str, Fault] = {}
        self._hits: Counter[str] = Counter()
        self._random = random.Random(0)  # noqa: S311 - faults repeat from run to run
        self._endpoints: dict[tuple[str, str], Callable[[bytes], Response]] = {
            ("GET", "requests"): self._list_requests,
            ("DELETE", "requests"): self._clear_requests,
            ("GET", "faults"): self._list_faults,
            ("PUT", "faults"): self._put_faults,
            ("DELETE", "faults"): self._clear_faults,
            ("POST", "reset"): self._reset,
            ("GET", "clock"): self._get_clock,
            ("PUT", "clock"): self._put_clock,
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer control requests; record, spoil or pass on the others."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if scope["path"].startswith(_PREFIX):
            response = await self._control(Request(scope, receive))
            await (response or self._app)(scope, receive, send)
            return
        body = await _read(receive)
        self._record(scope, body)
        fault = self._fault_for(scope["path"])
        await self._answer(fault, scope, _replay(body, receive), send)

    async def _control(self, request: Request) -> Response | None:
        endpoint = request.method, request.url.path.removeprefix(_PREFIX)
        answer = self._endpoints.get(endpoint)
        return answer(await request.body()) if answer else None

    def _list_requests(self, _: bytes) -> Response:
        return JSONResponse(list(self._requests))

    def _clear_requests(self, _: bytes) -> Response:
        self._requests.clear()
        return Response(status_code=204)

    def _list_faults(self, _: bytes) -> Response:
        return JSONResponse([asdict(fault) for fault in self._faults.values()])

    def _clear_faults(self, _: bytes) -> Response:
        self._faults.clear()
        return Response(status_code=204)

    def _get_clock(self, _: bytes) -> Response:
        return JSONResponse({"now": _iso(self._clock.now())})

    def _put_faults(self, body: bytes) -> Response:
        """Add a fault, in place of one with the same `match`; a list replaces all faults."""
        try:
            wanted = json.loads(body)
            faults = [
                Fault(**fault) for fault in (wanted if isinstance(wanted, list) else [wanted])
            ]
        except (TypeError, ValueError) as exc:
            return JSONResponse({"error": f"not a fault: {exc}"}, status_code=400)
        if isinstance(wanted, list):
            self._faults.clear()
        for fault in faults:
            self._faults[fault.match] = fault
            self._hits[fault.match] = 0
        return Response(status_code=204)

    def _put_clock(self, body: bytes) -> Response:
        try:
            now = json.loads(body)["now"]
            self._clock.set(float(now) if isinstance(now, int | float) else _parse_time(now))
        except (KeyError, TypeError, ValueError) as exc:
            return JSONResponse({"error": f"want {{'now': ISO 8601}}: {exc}"}, status_code=400)
        self._on_clock()
        return self._get_clock(body)

    def _reset(self, _: bytes) -> Response:
        self._requests.clear()
        self._faults.clear()
        self._clock.reset()
        self._on_reset()
        return Response(status_code=204)

    def _record(self, scope: Scope, body: bytes) -> None:
        self._requests.append(
            {
                "method": scope["method"],
                "path": scope["path"],
                "query": scope["query_string"].decode("latin-1"),
                "headers": dict(Headers(scope=scope)),
                "body": body[:_BODY_KEPT_BYTES].decode("utf-8", "replace"),
                "time": _iso(self._clock.now()),
            }
        )

    def _fault_for(self, path: str) -> Fault | None:
        for fault in self._faults.values():
            if path.startswith(fault.match) and self._is_due(fault):
                self._hits[fault.match] += 1
                return fault
        return None

    def _is_due(self, fault: Fault) -> bool:
        is_over = fault.times is not None and self._hits[fault.match] >= fault.times
        return not is_over and self._random.random() < fault.rate

    async def _answer(
        self, fault: Fault | None, scope: Scope, receive: Receive, send: Send
    ) -> None:
        if fault is None:
            await self._app(scope, receive, send)
            return
        await asyncio.sleep(fault.latency_ms / 1000)
        if fault.hang:
            await asyncio.wait({asyncio.ensure_future(_gone(receive))}, timeout=_HANG_S)  # noqa: TID251
        elif fault.drop:
            _abort(scope)
        elif fault.status is not None or fault.body is not None:
            await self._made_up(fault)(scope, receive, send)
        else:
            await self._app(scope, receive, _spoil(fault, scope, send))

    def _made_up(self, fault: Fault) -> Response:
        status = fault.status or 200
        headers = {"content-type": "application/json", **(fault.headers or {})}
        text = fault.body if fault.body is not None else json.dumps(self._fault_body(status))
        return Response(text, status_code=status, headers=headers)


def _spoil(fault: Fault, scope: Scope, send: Send) -> Send:
    """Return a *send* that delays the body, or cuts it and the connection after some bytes."""
    left = fault.truncate

    async def spoiled(message: Message) -> None:
        nonlocal left
        if message["type"] != "http.response.body":
            await send(message)
            return
        await asyncio.sleep(fault.body_latency_ms / 1000)
        if left is None:
            await send(message)
            return
        await send({**message, "body": message.get("body", b"")[:left], "more_body": True})
        left -= min(left, len(message.get("body", b"")))
        if left == 0:
            await asyncio.sleep(0.01)  # lets the kernel send what was written
            _abort(scope)

    return spoiled


def _abort(scope: Scope) -> None:
    """Reset the connection; `sandbox.server` puts the transport into the scope."""
    scope["extensions"]["sandbox.transport"]["transport"].abort()


async def _read(receive: Receive) -> bytes:
    chunks: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            break
        chunks.append(message.get("body", b""))
        if not message.get("more_body", False):
            break
    return b"".join(chunks)


def _replay(body: bytes, receive: Receive) -> Receive:
    """Return a *receive* that gives *body* once and then what the connection says."""
    given = False

    async def replay() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z")


def _parse_time(text: str) -> float:
    at = datetime.fromisoformat(text)
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
