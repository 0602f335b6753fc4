"""Redis or Valkey, which replicas share: every call bounded in time, its faults become ours.

Alone, behind Sentinel or as a Cluster, as `redis.mode` says. While it keeps failing it is left
alone, and what would have called it hears so at once; a call now and then finds out that it is
back. Who uses it says what stands in for it meanwhile.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from functools import partial
from typing import Any, TypeAlias, TypeVar

import redis.asyncio as aredis
from pydantic import SecretStr
from redis.asyncio.cluster import ClusterNode
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel
from redis.backoff import NoBackoff
from redis.exceptions import RedisClusterException, RedisError

from proxy.edge.breaker import Breaker, Call, OnCall
from proxy.edge.lane import Lane
from proxy.errors import RedisAway, UpstreamOpen
from proxy.sections import Redis as RedisConfig
from proxy.tasks import Tasks

T = TypeVar("T")
Q = TypeVar("Q")
A = TypeVar("A")

Client: TypeAlias = "aredis.Redis | aredis.RedisCluster"
Command: TypeAlias = tuple[bytes | str | int, ...]
Exchange: TypeAlias = Callable[[Client, Sequence[Q]], Awaitable[Sequence[A]]]

_NAME = "redis"
_OK = "ok"
_REST_MAX_S = 2.0
_READ_BYTES = 256 * 1024
"""Read at once: an answer to many look-ups is large."""


class Redis:
    """One Redis, Sentinel's current master, or a Cluster."""

    def __init__(
        self, client: Client, config: RedisConfig, *, tasks: Tasks, on_call: OnCall
    ) -> None:
        self._client = client
        self._limit_s = config.limit
        self._on_call = on_call
        self._breaker = Breaker(name=_NAME, clock=time.monotonic, rest_max_s=_REST_MAX_S)
        # Keys of one MGET have to be in one slot, and a Cluster's are anywhere.
        look_up = _look_up_each if config.mode == "cluster" else _look_up_all
        lane = partial(Lane, observe=self._observe, tasks=tasks, timeout_s=config.timeout)
        self._lookups: Lane[bytes, bytes | None] = lane(self._exchange(look_up))
        self._commands: Lane[Command, object] = lane(self._exchange(_pipeline))

    @property
    def is_away(self) -> bool:
        """Say whether it keeps failing and is left alone."""
        return self._breaker.is_open

    async def get(self, key: bytes) -> bytes | None:
        """Return what *key* holds, within `redis.timeout`; look-ups at one time share the way.

        Raises:
            RedisAway: it cannot be reached, did not answer in time, or refused.
        """
        return await self._lookups.ask(key)

    async def send(self, *command: bytes | str | int) -> object:
        """Return the answer to *command*, as redis-py reads it, within `redis.timeout`.

        What is sent at one time shares the way.

        Raises:
            RedisAway: it cannot be reached, did not answer in time, or refused.
        """
        answer = await self._commands.ask(command)
        if isinstance(answer, Exception):
            raise RedisAway(f"redis: {answer}") from answer
        return answer

    async def call(self, work: Callable[[Client], Awaitable[T]]) -> T:
        """Return what *work* gets on a connection of its own, within `redis.limit`.

        Raises:
            RedisAway: it cannot be reached, did not answer in time, or refused.
        """
        call = self._observe()
        try:
            answer = await self._bounded(work, self._limit_s)
        except RedisAway as exc:
            call.end(exc.code, failed=True)
            raise
        else:
            call.end(_OK, failed=False)
            return answer
        finally:
            call.end("cancelled", failed=None)

    async def wait(self, work: Callable[[Client], Awaitable[T]], *, blocks_s: float) -> T:
        """Return what *work* gets by a command that blocks up to *blocks_s*.

        It is neither refused nor counted as a call, since how long it takes says nothing of Redis.

        Raises:
            RedisAway: it cannot be reached, did not answer in time, or refused.
        """
        return await self._bounded(work, blocks_s + self._limit_s)

    def _observe(self) -> Call:
        try:
            return Call(self._breaker, self._on_call, _NAME)
        except UpstreamOpen as exc:
            raise RedisAway(str(exc)) from exc

    def _exchange(self, ask: Exchange[Q, A]) -> Callable[[Sequence[Q]], Awaitable[Sequence[A]]]:
        return lambda questions: self._bounded(lambda client: ask(client, questions), self._limit_s)

    async def _bounded(self, work: Callable[[Client], Awaitable[T]], limit_s: float) -> T:
        try:
            async with asyncio.timeout(limit_s):
                return await work(self._client)
        except TimeoutError as exc:
            raise RedisAway(f"redis did not answer within {limit_s:g} s") from exc
        except (RedisError, RedisClusterException, OSError) as exc:
            raise RedisAway(f"redis: {type(exc).__name__}: {exc}") from exc


async def _look_up_all(client: Client, keys: Sequence[bytes]) -> Sequence[bytes | None]:
    values: list[bytes | None] = await client.execute_command("MGET", *keys)
    return values


async def _look_up_each(client: Client, keys: Sequence[bytes]) -> Sequence[bytes | None]:
    answers = await _pipeline(client, [("GET", key) for key in keys])
    return [answer if isinstance(answer, bytes) else None for answer in answers]


async def _pipeline(client: Client, commands: Sequence[Command]) -> Sequence[object]:
    """Send *commands* in one go; an answer may be the exception that it became."""
    pipeline = client.pipeline(transaction=False)
    for command in commands:
        pipeline.execute_command(*command)
    answers: list[object] = await pipeline.execute(raise_on_error=False)
    return answers


@contextlib.asynccontextmanager
async def connected(
    config: RedisConfig, *, on_call: OnCall = lambda *_: None
) -> AsyncIterator[Redis]:
    """Give the configured Redis, reached or not; its connections are closed after the block."""
    async with contextlib.AsyncExitStack() as stack:
        client = _make_client(config, stack)
        tasks = Tasks()
        stack.push_async_callback(tasks.close)
        redis = Redis(client, config, tasks=tasks, on_call=on_call)
        with contextlib.suppress(RedisAway):
            await redis.call(_ping)
        yield redis


async def _ping(client: Client) -> None:
    await client.execute_command("PING")


def _make_client(config: RedisConfig, stack: contextlib.AsyncExitStack) -> Client:
    """Make the client of `redis.mode`; nothing is sent before the first call."""
    client: Client
    if config.mode == "sentinel":
        client = _behind_sentinel(config, stack)
    elif config.mode == "cluster":
        nodes = [ClusterNode(**_place(node)) for node in config.nodes]
        client = aredis.RedisCluster(startup_nodes=nodes, **_settings(config))
    else:
        client = aredis.Redis(**_place(config.nodes[0]), db=config.db, **_settings(config))
    stack.push_async_callback(client.aclose)
    return client


def _behind_sentinel(config: RedisConfig, stack: contextlib.AsyncExitStack) -> aredis.Redis:
    places = [_place(node) for node in config.nodes]
    settings = _settings(config)
    of_sentinels = {"username": None, "password": _secret(config.sentinel_password)}
    sentinel = Sentinel(  # type: ignore[no-untyped-call]  # the library's own omission
        [(place["host"], place["port"]) for place in places],
        sentinel_kwargs={**settings, **of_sentinels},
        db=config.db,
        **settings,
    )
    for each in sentinel.sentinels:
        stack.push_async_callback(each.aclose)
    master: aredis.Redis = sentinel.master_for(config.service)
    return master


def _settings(config: RedisConfig) -> dict[str, Any]:
    """Return what all connections have in common. `Redis` bounds time, its users try again."""
    return {
        "username": config.username or None,
        "password": _secret(config.password),
        **(_encryption(config) if config.tls else {}),
        "socket_timeout": None,
        "socket_connect_timeout": config.limit,
        "socket_read_size": _READ_BYTES,
        "retry": Retry(NoBackoff(), 0),
        "protocol": 2,
    }


def _encryption(config: RedisConfig) -> dict[str, Any]:
    return {"ssl": True, "ssl_ca_certs": str(config.ca_file) if config.ca_file else None}


def _place(node: str) -> dict[str, Any]:
    if node.startswith("/"):
        return {"unix_socket_path": node}
    host, _, port = node.rpartition(":")
    return {"host": host.strip("[]"), "port": int(port)}


def _secret(value: SecretStr | None) -> str | None:
    return value.get_secret_value() if value else None
