"""The CDP emulator on a real socket, and short words to speak to it with."""

import asyncio
import socket
import ssl
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.cdp.app import build
from sandbox.server import running

_TLS = ssl.create_default_context()  # takes long to make, so it is made once


@dataclass(frozen=True)
class Cdp:
    """The emulator, as its callers see it."""

    http: httpx2.AsyncClient

    async def new_browser(self) -> str:
        response = await self.http.get("/v1.2/browser/create.json?client_key=sandbox&message={}")
        return str(response.json()["ref"])

    async def call(self, friendly_id: str, **attributes: Any) -> httpx2.Response:
        call = {
            "clientKey": "sandbox",
            "channel": "WEB",
            "language": "en",
            "currencyCode": "EUR",
            "pointOfSale": "demo",
            "friendlyId": friendly_id,
            **attributes,
        }
        return await self.http.post("/v2/callFlows", json=call)

    async def decide(self, friendly_id: str, **attributes: Any) -> Any:
        response = await self.call(friendly_id, **attributes)
        assert response.status_code == 200, response.text
        return response.json()

    async def send(self, browser_id: str, kind: str, **attributes: Any) -> httpx2.Response:
        message = {
            "client_key": "sandbox",
            "channel": "WEB",
            "pos": "demo",
            "browser_id": browser_id,
            "type": kind,
            **attributes,
        }
        return await self.http.post("/v1.2/events", json=message)

    async def identify(self, browser_id: str, identifier: str, **profile: Any) -> None:
        identifiers = [{"provider": "ordercloud", "id": identifier}]
        await self.send(browser_id, "IDENTITY", identifiers=identifiers, **profile)

    async def add(self, browser_id: str, item: str, *, price: float, quantity: int = 1) -> None:
        product = {"type": "WATCH", "item_id": item, "price": price, "quantity": quantity}
        await self.send(browser_id, "ADD", product=product)

    async def put(self, friendly_id: str, **definition: Any) -> httpx2.Response:
        return await self.http.put(f"/_sandbox/flows/{friendly_id}", json=definition)

    async def guest(self, name: str) -> Any:
        return (await self.http.get(f"/_sandbox/guests/{name}")).json()

    async def list_of(self, what: str) -> Any:
        return (await self.http.get(f"/_sandbox/{what}")).json()

    async def set_clock(self, now: str) -> None:
        await self.http.put("/_sandbox/clock", json={"now": now})

    async def let_pass(self, **duration: float) -> None:
        now = datetime.fromisoformat((await self.http.get("/_sandbox/clock")).json()["now"])
        await self.set_clock((now + timedelta(**duration)).isoformat())


def _listener() -> socket.socket:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    return listener


@asynccontextmanager
async def _cdp(*, ordercloud_url: str = "", data: Path | None = None) -> AsyncIterator[Cdp]:
    listener = _listener()
    base_url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    app = build(base_url=base_url, ordercloud_url=ordercloud_url, data=data)
    async with running(app, listener) as url, _client(url) as http:
        yield Cdp(http)


def _client(url: str) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(base_url=url, verify=_TLS)


@pytest.fixture(scope="session")
def shared_url() -> Iterator[str]:
    """Serve one emulator for all tests, in a thread with a loop of its own."""
    url: Future[str] = Future()
    done = threading.Event()

    async def serve() -> None:
        async with _cdp() as emulator:
            url.set_result(str(emulator.http.base_url))
            await asyncio.to_thread(done.wait)

    with ThreadPoolExecutor(1) as pool:
        served = pool.submit(asyncio.run, serve())
        try:
            yield url.result(timeout=30)
        finally:
            done.set()
            served.result()


@pytest.fixture
async def cdp(shared_url: str) -> AsyncIterator[Cdp]:
    """The shared emulator, as it is after a reset."""
    async with _client(shared_url) as http:
        await http.post("/_sandbox/reset")
        yield Cdp(http)


ServeCdp = Callable[..., AbstractAsyncContextManager[Cdp]]


@pytest.fixture
def serve_cdp() -> ServeCdp:
    """Serve an emulator that is set up in a special way."""
    return _cdp


def _set_event() -> asyncio.Event:
    event = asyncio.Event()
    event.set()
    return event


@dataclass
class Endpoint:
    """Something that connections call: keeps what it got, answers what and when it is told to."""

    url: str = ""
    answer: Response = field(default_factory=lambda: JSONResponse({}))
    answering: asyncio.Event = field(default_factory=_set_event)
    requests: list[Request] = field(default_factory=list)
    bodies: list[str] = field(default_factory=list)

    async def handle(self, request: Request) -> Response:
        self.requests.append(request)
        self.bodies.append((await request.body()).decode())
        await self.answering.wait()
        return self.answer


@pytest.fixture
async def endpoint() -> AsyncIterator[Endpoint]:
    endpoint = Endpoint()
    methods = ["GET", "POST", "PUT", "PATCH", "DELETE"]
    app = Starlette(routes=[Route("/{path:path}", endpoint.handle, methods=methods)])
    async with running(app, _listener()) as url:
        endpoint.url = url
        yield endpoint
