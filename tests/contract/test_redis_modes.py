"""A Cluster and a Sentinel do for replicas what one Redis does; the Sentinel's master may die."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from proxy.core.entry import Entry
from proxy.core.keys import key_of
from proxy.edge.broadcast import Broadcast
from proxy.edge.codec import Codec
from proxy.edge.redis import Redis, connected
from proxy.edge.shared import Shared
from proxy.errors import RedisAway
from proxy.sections import Redis as RedisConfig
from proxy.tasks import Tasks
from tests.answers import until
from tests.redis import running_cluster, running_sentinel
from tests.servers import free_socket, url_of

_KEYS = [key_of("text", number) for number in range(50)]
"""So many that every node of a Cluster has some."""


@pytest.fixture(params=["cluster", "sentinel"])
async def redis(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Redis]:
    if request.param == "cluster":
        async with running_cluster(tmp_path) as config, connected(config) as redis:
            yield redis
    else:
        async with running_sentinel(tmp_path) as watched, connected(watched.config) as redis:
            yield redis


async def test_answers_and_purges_are_shared(redis: Redis, tasks: Tasks) -> None:
    shared = Shared(
        redis,
        name="texts",
        codec=Codec(str, pack=str, unpack=str),
        prefix="test",
        clock=time.monotonic,
        wall_clock=time.time,
        on_look=lambda _: None,
    )

    async def keep(number: int) -> None:
        found = await shared.lead(_KEYS[number], await shared.get(_KEYS[number]))
        assert found.lease
        now = time.monotonic()
        entry = Entry(f"text {number}", now, useful_s=60.0)
        await shared.settle(_KEYS[number], found.lease, entry)

    await asyncio.gather(*(keep(number) for number in range(len(_KEYS))))
    found = await asyncio.gather(*(shared.get(key) for key in _KEYS))
    assert [one.entry and one.entry.value for one in found] == [f"text {n}" for n in range(50)]

    heard: list[list[str]] = [[], []]
    one, other = (
        Broadcast(redis, prefix="test", note=lambda purged, *_, own=own, **__: own.extend(purged))
        for own in heard
    )
    tasks.spawn(one.run(), name="broadcast of a test")
    tasks.spawn(other.run(), name="broadcast of a test")
    one.tell(["product:p1"], hard=True)

    async def have_heard() -> bool:
        return all("product:p1" in own for own in heard)

    await until(have_heard, bool)


async def test_the_master_that_sentinel_puts_in_place_is_found(tmp_path: Path) -> None:
    async with running_sentinel(tmp_path) as watched, connected(watched.config) as redis:
        await redis.send("SET", "key", "before")

        async def write() -> bool:
            try:
                return bool(await redis.send("SET", "key", "after"))
            except RedisAway:
                return False

        await watched.master.kill()
        assert not await write()
        await until(write, bool)
        assert await redis.get(b"key") == b"after"


@pytest.mark.parametrize("mode", ["standalone", "cluster", "sentinel"])
async def test_where_nobody_answers_each_goes_on_alone(mode: str) -> None:
    with free_socket() as silent:
        nowhere = {"nodes": [url_of(silent).removeprefix("http://")], "mode": mode}
        async with connected(RedisConfig.model_validate(nowhere)) as redis:
            with pytest.raises(RedisAway):
                await redis.call(lambda client: client.execute_command("PING"))
            with pytest.raises(RedisAway):
                await redis.get(b"key")
