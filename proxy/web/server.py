"""Listeners: sockets bound up front, uvicorn behind them, and a shutdown that lets requests end."""

import asyncio
import contextlib
import logging
import resource
import signal
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import uvicorn
from starlette.types import ASGIApp

from proxy.errors import DocumentError, Problem
from proxy.web.connection import Connection
from proxy.web.door import Door

_BACKLOG = 2048
_CHECK_EVERY = 5  # ticks of uvicorn's main loop, ten a second

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Front:
    """An app, and what makes the connections that it answers on."""

    app: ASGIApp
    connect: Callable[..., Connection]


@dataclass(frozen=True, slots=True)
class Listener:
    """A front, and its bound socket."""

    front: Front
    socket: socket.socket

    @property
    def url(self) -> str:
        """Return where it can be reached."""
        host, port = self.socket.getsockname()[:2]
        return f"http://{host}:{port}"


class _Server(uvicorn.Server):
    """uvicorn's server; signals are `serve`'s, since several servers share one process."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.is_up = asyncio.Event()
        self._doors: list[Door] = []

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to listen, by doors of our own, and say so."""
        await super().startup([])
        self._doors = [Door(one, self._connect, backlog=_BACKLOG) for one in sockets or ()]
        self.is_up.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let in who has come so far and nobody else, and answer them; then end."""
        for door in self._doors:
            door.close()
            await door.wait_closed()
        await super().shutdown(sockets)

    def _connect(self) -> asyncio.Protocol:
        protocol: asyncio.Protocol = self.config.http_protocol_class(  # type: ignore[call-arg]
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )
        return protocol

    async def on_tick(self, counter: int) -> bool:
        """End connections whose time is over."""
        if counter % _CHECK_EVERY == 0:
            now = time.monotonic()
            for connection in tuple(self.server_state.connections):
                assert isinstance(connection, Connection)
                connection.check(now)
        return await super().on_tick(counter)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals alone."""
        yield


def bind(host: str, port: int, *, setting: str) -> socket.socket:
    """Bind a socket; *setting* is what to change where the port is taken.

    Raises:
        DocumentError: the address cannot be bound.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as exc:
        listener.close()
        what = f"cannot listen on {host}:{port}: {exc.strerror}"
        mend = f"stop what uses it, or set {setting}"
        raise DocumentError((Problem("listener", 0, 0, what, mend),)) from exc
    return listener


async def serve(
    listeners: Sequence[Listener],
    *,
    stop: asyncio.Event,
    on_start: Callable[[], None] = lambda: None,
    on_stop: Callable[[], None] = lambda: None,
    drain_s: float,
) -> None:
    """Answer on all *listeners* until *stop*; then take nothing new and let requests end.

    Listeners stop in their order, each given *drain_s* seconds for the requests under way.
    """
    _allow_many_connections()
    servers = [_Server(_config(one, drain_s)) for one in listeners]
    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(server.serve(sockets=[one.socket]))
            for server, one in zip(servers, listeners, strict=True)
        ]
        for server in servers:
            await server.is_up.wait()
        _log.info("listening", extra={"on": [one.url for one in listeners]})
        on_start()
        await stop.wait()
        on_stop()
        for server, task in zip(servers, tasks, strict=True):
            server.should_exit = True
            await task


@contextlib.contextmanager
def stopped_by_signals(stop: asyncio.Event) -> Iterator[None]:
    """Set *stop* on SIGTERM or SIGINT while the block runs."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    try:
        yield
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


def _allow_many_connections() -> None:
    """Take as many descriptors as the system lets us: the usual soft limit is for `select`."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _config(listener: Listener, drain_s: float) -> uvicorn.Config:
    return uvicorn.Config(
        listener.front.app,
        http=listener.front.connect,  # type: ignore[arg-type]  # a class, says uvicorn, and only calls it
        ws="none",
        loop="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=int(drain_s),
    )
