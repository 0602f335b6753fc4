"""Runs emulators on real sockets: uvicorn, with the connection in reach of injected faults."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class _Protocol(HttpToolsProtocol):
    """uvicorn's own protocol, which also tells the app its transport (for `drop` faults)."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {"sandbox.transport": {"transport": self.transport}}


class _Server(uvicorn.Server):
    """A server that leaves the process's signals alone."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Do nothing: whoever started the emulator decides when it ends."""
        yield


@contextlib.asynccontextmanager
async def running(app: ASGIApp, listener: socket.socket) -> AsyncIterator[str]:
    """Serve *app* on *listener* (bound, not yet listening) while the block runs; give its URL."""
    config = uvicorn.Config(
        app,
        http=_Protocol,
        loop="none",
        log_level="warning",
        access_log=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=1,
    )
    # asyncio does this only for sockets made with an explicit protocol number; without it each
    # answer waits 40 ms for the client's delayed ACK.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    server = _Server(config)
    task = asyncio.ensure_future(server.serve(sockets=[listener]))  # noqa: TID251 - awaited below
    try:
        while not server.started:
            if task.done():
                task.result()
            await asyncio.sleep(0.005)
        host, port = listener.getsockname()[:2]
        yield f"http://{host}:{port}"
    finally:
        server.should_exit = True
        await task
