"""Redis or Valkey, which replicas share: every call bounded in time, its faults become ours.

Alone, behind Sentinel or as a Cluster, as `redis.mode` says. While it keeps failing it is left
alone, and what would have called it hears so at once; a call now and then finds out that it is
back. Who uses it says what stands in for it meanwhile.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any, TypeAlias, TypeVar

import redis.asyncio as aredis
from pydantic import SecretStr
from redis.asyncio.cluster import ClusterNode
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from proxy.edge.breaker import Breaker
from proxy.errors import RedisAway, UpstreamOpen
from proxy.sections import Redis as RedisConfig

T = TypeVar("T")

Client: TypeAlias = "aredis.Redis | aredis.RedisCluster"

OnCall = Callable[[str, str, float], None]
"""Told of each call: `redis`, `ok` or our error's code, seconds."""

_NAME = "redis"
_REST_MAX_S = 2.0
_READ_BYTES = 256 * 1024
"""Read at once: an answer to many look-ups is large."""


class Redis:
    """One Redis, Sentinel's current master, or a Cluster."""

    def __init__(self, client: Client, *, limit_s: float, on_call: OnCall) -> None:
        self.client = client
        self._limit_s = limit_s
        self._on_call = on_call
        self._breaker = Breaker(name=_NAME, clock=time.monotonic, rest_max_s=_REST_MAX_S)

    @property
    def is_away(self) -> bool:
        """Say whether it keeps failing and is left alone."""
        return self._breaker.is_open

    async def call(self, work: Callable[[Client], Awaitable[T]]) -> T:
        """Return what *work* gets from the client, within `redis.limit`.

        Raises:
            RedisAway: it cannot be reached, did not answer in time, or refused.
        """
        with self.observed():
            return await self._bounded(work, self._limit_s)

    async def wait(self, work: Callable[[Client], Awaitable[T]], *, blocks_s: float) -> T:
        """Return what *work* gets by a command that blocks up to *blocks_s*.

        It is neither refused nor counted as a call, since how long it takes says nothing of Redis.

        Raises:
            RedisAway: it cannot be reached, did not answer in time, or refused.
        """
        return await self._bounded(work, blocks_s + self._limit_s)

    @contextlib.contextmanager
    def observed(self) -> Iterator[None]:
        """Tell breaker and metrics how the block's call went.

        Raises:
            RedisAway: Redis keeps failing and is left alone.
        """
        try:
            permit = self._breaker.admit()
        except UpstreamOpen as exc:
            raise RedisAway(str(exc)) from exc
        started = time.perf_counter()
        failed = None
        try:
            yield
            failed = False
        except RedisAway:
            failed = True
            raise
        finally:
            self._breaker.note(permit, failed=failed)
            if failed is not None:
                outcome = RedisAway.code if failed else "ok"
                self._on_call(_NAME, outcome, time.perf_counter() - started)

    async def _bounded(self, work: Callable[[Client], Awaitable[T]], limit_s: float) -> T:
        try:
            async with asyncio.timeout(limit_s):
                return await work(self.client)
        except TimeoutError as exc:
            raise RedisAway(f"redis did not answer within {limit_s:g} s") from exc
        except (RedisError, OSError) as exc:
            raise RedisAway(f"redis: {type(exc).__name__}: {exc}") from exc


@contextlib.asynccontextmanager
async def connected(
    config: RedisConfig, *, on_call: OnCall = lambda *_: None
) -> AsyncIterator[Redis]:
    """Give the configured Redis, reached or not; its connections are closed after the block."""
    async with contextlib.AsyncExitStack() as stack:
        redis = Redis(_make_client(config, stack), limit_s=config.limit, on_call=on_call)
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
        client = aredis.Redis(**_place(config.nodes[0]), **_settings(config))
    stack.push_async_callback(client.aclose)
    return client


def _behind_sentinel(config: RedisConfig, stack: contextlib.AsyncExitStack) -> aredis.Redis:
    places = [_place(node) for node in config.nodes]
    settings = _settings(config)
    of_sentinels = {"username": None, "password": _secret(config.sentinel_password), "db": 0}
    sentinel = Sentinel(  # type: ignore[no-untyped-call]  # the library's own omission
        [(place["host"], place["port"]) for place in places],
        sentinel_kwargs={**settings, **of_sentinels},
        **settings,
    )
    for each in sentinel.sentinels:
        stack.push_async_callback(each.aclose)
    master: aredis.Redis = sentinel.master_for(config.service)
    return master


def _settings(config: RedisConfig) -> dict[str, Any]:
    """Return what all connections have in common. `Redis` bounds time, its users try again."""
    return {
        "db": config.db,
        "username": config.username or None,
        "password": _secret(config.password),
        "ssl": config.tls,
        "ssl_ca_certs": str(config.ca_file) if config.ca_file else None,
        "socket_timeout": None,
        "socket_connect_timeout": config.limit,
        "socket_read_size": _READ_BYTES,
        "retry": Retry(NoBackoff(), 0),
        "protocol": 2,
    }


def _place(node: str) -> dict[str, Any]:
    if node.startswith("/"):
        return {"unix_socket_path": node}
    host, _, port = node.rpartition(":")
    return {"host": host.strip("[]"), "port": int(port)}


def _secret(value: SecretStr | None) -> str | None:
    return value.get_secret_value() if value else None
