"""Real Redis servers, each a process of its own with its files in a folder of the test."""

import asyncio
import contextlib
import shutil
import signal
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from proxy.edge import redis
from proxy.errors import RedisAway
from proxy.sections import Redis as RedisConfig
from tests.answers import until
from tests.servers import free_socket

_PATIENCE_S = 20.0
_LOOK_AGAIN_S = 0.01
_THIRDS = ((0, 5460), (5461, 10922), (10923, 16383))
_IS_OK = "cluster_state:ok"


@dataclass(slots=True)
class RedisServer:
    """A server on a Unix socket, that may be killed, started anew, stopped short and let go on."""

    folder: Path
    options: Sequence[str] = ()
    config: Path | None = None
    process: asyncio.subprocess.Process | None = field(default=None, init=False)

    @property
    def node(self) -> str:
        """Return where it answers, as `redis.nodes` names it."""
        return str(self.folder / "redis.sock")

    @property
    def section(self) -> dict[str, Any]:
        """Return what a gateway's configuration needs to use it: patient, on a busy machine."""
        return {"nodes": [self.node], "timeout": "5s"}

    async def start(self) -> None:
        """Start it, and wait until it answers."""
        self.process = await asyncio.create_subprocess_exec(
            _program(),
            *([str(self.config)] if self.config else []),
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
async def running_redis(
    folder: Path, *options: str, config: Path | None = None
) -> AsyncIterator[RedisServer]:
    """Run a server for the block; *options* are those of its command line."""
    server = RedisServer(folder, options, config)
    try:
        await server.start()
        yield server
    finally:
        await server.kill()


@contextlib.asynccontextmanager
async def running_cluster(folder: Path) -> AsyncIterator[RedisConfig]:
    """Run a cluster of three nodes, each with a third of the slots, for the block."""
    free = _free_ports(6)
    ports, buses = free[:3], free[3:]
    async with contextlib.AsyncExitStack() as stack:
        nodes = [
            await stack.enter_async_context(
                running_redis(
                    _made(folder / str(port)),
                    *("--port", str(port), "--bind", "127.0.0.1", "--cluster-enabled", "yes"),
                    *("--cluster-port", str(bus), "--cluster-node-timeout", "1000"),
                )
            )
            for port, bus in zip(ports, buses, strict=True)
        ]
        for (first, last), node in zip(_THIRDS, nodes, strict=True):
            await _tell(node, "CLUSTER", "ADDSLOTSRANGE", first, last)
            await _tell(node, "CLUSTER", "MEET", "127.0.0.1", ports[0], buses[0])
        for node in nodes:
            await until(partial(_tell, node, "CLUSTER", "INFO"), lambda info: _IS_OK in str(info))
        yield _patient("cluster", ports[0])


@dataclass(frozen=True, slots=True)
class Watched:
    """A master, its replica, and where the Sentinel is that watches them."""

    master: RedisServer
    config: RedisConfig


@contextlib.asynccontextmanager
async def running_sentinel(folder: Path) -> AsyncIterator[Watched]:
    """Run a master, a replica and a Sentinel that puts the one in the other's place."""
    ports = _free_ports(3)
    watch = _made(folder / "sentinel") / "sentinel.conf"
    watch.write_text(
        f"sentinel monitor mymaster 127.0.0.1 {ports[0]} 1\n"
        "sentinel down-after-milliseconds mymaster 300\n"
        "sentinel failover-timeout mymaster 1000\n"
    )
    options = [("--port", str(port), "--bind", "127.0.0.1") for port in ports]
    async with (
        running_redis(
            _made(folder / "master"), *options[0], "--repl-diskless-sync-delay", "0"
        ) as master,
        running_redis(
            _made(folder / "replica"), *options[1], "--replicaof", "127.0.0.1", str(ports[0])
        ) as replica,
    ):
        await until(partial(_tell, replica, "ROLE"), lambda role: "connected" in str(role))
        async with running_redis(watch.parent, "--sentinel", *options[2], config=watch) as sentinel:
            await until(partial(_tell, sentinel, "SENTINEL", "replicas", "mymaster"), bool)
            yield Watched(master, _patient("sentinel", ports[2]))


def _program() -> str:
    program = shutil.which("redis-server") or shutil.which("valkey-server")
    assert program, "neither redis-server nor valkey-server is there; run scripts/redis"
    return program


def _patient(mode: str, port: int) -> RedisConfig:
    settings = {"nodes": [f"127.0.0.1:{port}"], "mode": mode, "timeout": "5s", "limit": "5s"}
    return RedisConfig.model_validate(settings)


async def _tell(server: RedisServer, *command: str | int) -> object:
    config = RedisConfig(nodes=(server.node,))
    async with redis.connected(config) as client:
        return await client.call(lambda each: each.execute_command(*command))


def _free_ports(count: int) -> list[int]:
    """Return ports that were free a moment ago, all different."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(free_socket()) for _ in range(count)]
        return [each.getsockname()[1] for each in sockets]


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder
