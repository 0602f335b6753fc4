"""What the tests of the edge share: upstreams that point anywhere on loopback, and a Redis."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Protocol

import pytest

from proxy.edge.breaker import OnCall
from proxy.edge.http import Upstream, connected
from proxy.edge.redis import Redis
from proxy.edge.redis import connected as redis_connected
from proxy.sections import Redis as RedisConfig
from tests.redis import RedisServer, running_redis
from tests.servers import Servers


class Connect(Protocol):
    """Makes upstreams, closed when the test ends."""

    async def __call__(
        self,
        url: str,
        *,
        limit_s: float = 10.0,
        in_flight: int = 10,
        on_call: OnCall = lambda *_: None,
    ) -> Upstream:
        """Return an upstream at *url*."""


@pytest.fixture
def connect(servers: Servers) -> Connect:
    """Make upstreams."""

    async def connect(
        url: str,
        *,
        limit_s: float = 10.0,
        in_flight: int = 10,
        on_call: OnCall = lambda *_: None,
    ) -> Upstream:
        return await servers.start(
            connected(
                name="upstream", url=url, limit_s=limit_s, in_flight=in_flight, on_call=on_call
            )
        )

    return connect


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[RedisServer]:
    """Run a Redis."""
    async with running_redis(tmp_path) as server:
        yield server


@pytest.fixture
async def redis(servers: Servers, server: RedisServer) -> Redis:
    """Connect to it, as patiently as a busy machine needs."""
    return await servers.start(redis_connected(RedisConfig.model_validate(server.section)))
