"""Real servers on loopback, started for one test and stopped all at once."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import httpx2
from starlette.types import ASGIApp

import sandbox.server
from proxy import app
from proxy.config import Config
from proxy.errors import ProxyError
from proxy.tasks import Tasks
from proxy.web import server
from proxy.web.connection import Connection, Limits
from proxy.web.health import Health

T = TypeVar("T")

ADMIN_KEY = "key-of-the-tests"
LIMITS = Limits(head_bytes=4096, head_s=10.0, keep_alive_s=10.0, connections=100)
_PATIENCE_S = 20.0
_NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Never used on loopback; reading the machine's certificates takes as long as a whole test."""


class Servers:
    """What a test has started. Each runs in a task of its own, so that all can end together."""

    def __init__(self) -> None:
        self._tasks = Tasks()
        self._stop = asyncio.Event()
        self._running: list[asyncio.Task[None]] = []

    async def start(self, context: AbstractAsyncContextManager[T]) -> T:
        """Enter *context* until the test ends; return what it gives."""
        started = asyncio.get_running_loop().create_future()
        task = self._tasks.spawn(self._hold(context, started), name="server of a test")
        self._running.append(task)
        await asyncio.wait({task, started}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            task.result()
        value: T = started.result()
        return value

    async def serve(self, asgi: ASGIApp) -> str:
        """Serve *asgi* on a free port; return its URL."""
        return await self.start(sandbox.server.running(asgi, free_socket()))

    async def _hold(
        self, context: AbstractAsyncContextManager[T], started: asyncio.Future[T]
    ) -> None:
        async with context as value:
            started.set_result(value)
            await self._stop.wait()

    async def stop(self) -> None:
        """End all that runs, and wait for it."""
        self._stop.set()
        await asyncio.gather(*self._running)


@dataclass(frozen=True, slots=True)
class Gateway:
    """A running gateway: a client for each of its listeners, and its health."""

    shop: httpx2.AsyncClient
    admin: httpx2.AsyncClient
    health: Health

    async def get(
        self, path: str, token: str | None = None, headers: Mapping[str, str] | None = None
    ) -> httpx2.Response:
        """Ask as the storefront does, for the holder of *token*."""
        credentials = {} if token is None else {"authorization": f"Bearer {token}"}
        return await self.shop.get(path, headers={**credentials, **(headers or {})})

    async def operate(self, path: str) -> httpx2.Response:
        """Ask the admin listener, with its key."""
        return await self.admin.get(path, headers={"authorization": f"Bearer {ADMIN_KEY}"})


@contextlib.asynccontextmanager
async def running_gateway(config: Config) -> AsyncIterator[Gateway]:
    """Serve both apps of the gateway on free ports, as `app.serve` does."""
    stop = asyncio.Event()
    async with app.running(config) as gateway, asyncio.TaskGroup() as serving:
        listeners = gateway.listeners(free_socket(), free_socket())
        for listener in listeners:
            listener.socket.listen()
            serving.create_task(server.serve([listener], stop=stop, drain_s=5.0))
        async with client(listeners[0].url) as shop, client(listeners[1].url) as admin:
            yield Gateway(shop, admin, gateway.health)
        stop.set()


def listener_of(
    asgi: ASGIApp,
    limits: Limits = LIMITS,
    on_refused: Callable[[ProxyError], None] = lambda _: None,
) -> server.Listener:
    """Put *asgi* on a free port; it does not listen yet."""
    connect = partial(Connection, limits=limits, on_refused=on_refused)
    return server.Listener(server.Front(asgi, connect), free_socket())


def client(url: str) -> httpx2.AsyncClient:
    """Return a client that neither the environment nor an impatient default disturbs."""
    return httpx2.AsyncClient(base_url=url, timeout=_PATIENCE_S, trust_env=False, verify=_NO_TLS)


def free_socket() -> socket.socket:
    """Return a socket bound to a free port of loopback; it does not listen yet."""
    # Named TCP, for asyncio to turn off Nagle's delays of 40 ms on what is accepted.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    return listener


def url_of(listener: socket.socket) -> str:
    """Return where *listener* answers."""
    host, port = listener.getsockname()
    return f"http://{host}:{port}"
