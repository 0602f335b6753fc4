"""Real Redis servers, each a process of its own with its files in a folder of the test."""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from proxy.edge import redis
from proxy.errors import RedisAway
from proxy.sections import Redis as RedisConfig

_PATIENCE_S = 20.0
_LOOK_AGAIN_S = 0.01


@dataclass(slots=True)
class RedisServer:
    """A server on a Unix socket, that may be killed, started anew, stopped short and let go on."""

    folder: Path
    options: tuple[str, ...] = ()
    process: asyncio.subprocess.Process | None = field(default=None, init=False)

    @property
    def node(self) -> str:
        """Return where it answers, as `redis.nodes` names it."""
        return str(self.folder / "redis.sock")

    @property
    def section(self) -> dict[str, Any]:
        """Return what a gateway's configuration needs to use it: patient, on a busy machine."""
        return {"nodes": [self.node], "timeout": "500ms"}

    async def start(self) -> None:
        """Start it, and wait until it answers."""
        self.process = await asyncio.create_subprocess_exec(
            "redis-server",
            *("--port", "0", "--unixsocket", self.node, "--dir", str(self.folder)),
            *("--save", "", *self.options),
            stdout=asyncio.subprocess.DEVNULL,
        )
        await self._until_it_answers()

    async def kill(self) -> None:
        """End it at once, with all it holds."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                self.process.kill()
            await self.process.wait()

    def hang(self) -> None:
        """Let it answer nothing, while its connections stay."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let it answer again."""
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)

    async def cut_off(self) -> None:
        """Close every connection; who wants one makes it anew."""
        async with redis.connected(RedisConfig(nodes=(self.node,))) as client:
            await client.call(lambda each: each.execute_command("CLIENT", "KILL", "TYPE", "normal"))

    async def _until_it_answers(self) -> None:
        async with asyncio.timeout(_PATIENCE_S):
            while True:
                with contextlib.suppress(RedisAway):
                    async with redis.connected(RedisConfig(nodes=(self.node,))) as client:
                        await client.call(lambda each: each.execute_command("PING"))
                    return
                await asyncio.sleep(_LOOK_AGAIN_S)


@contextlib.asynccontextmanager
async def running_redis(folder: Path, *options: str) -> AsyncIterator[RedisServer]:
    """Run a server for the block; *options* are those of its command line."""
    server = RedisServer(folder, options)
    try:
        await server.start()
        yield server
    finally:
        await server.kill()
