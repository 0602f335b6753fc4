"""What replicas share does the same in Redis and in its stand-in."""

import math
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from proxy.cache.replicas import Shared
from proxy.core import positions, tags
from proxy.core.entry import Entry
from proxy.core.freshness import Lifetime
from proxy.core.keys import key_of
from proxy.edge import redis
from proxy.edge.codec import Codec
from proxy.edge.shared import Shared as InRedis
from proxy.sections import Redis as RedisConfig
from tests.redis import running_redis
from tests.shared import SharedMemory

KEY = key_of("text", "one")
TAGS = tags.pack(["product:p1", "category:c1"])
BORN = positions.of_record("1000-7")


@pytest.fixture(params=["redis", "memory"])
async def shared(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Shared[str]]:
    if request.param == "memory":
        yield SharedMemory(time.monotonic)
        return
    async with running_redis(tmp_path) as server:
        config = RedisConfig.model_validate(server.section)
        async with redis.connected(config) as connected:
            yield InRedis(
                connected,
                name="texts",
                codec=Codec(str, pack=str, unpack=str),
                prefix="test",
                clock=time.monotonic,
                wall_clock=time.time,
                on_look=lambda _: None,
            )


def entry(value: str = "answer") -> Entry[str]:
    now = time.monotonic()
    lifetime = Lifetime(60.0, 30.0, math.inf)
    return Entry(value, now - 5.0, lifetime, 1.05, TAGS, 105.0, BORN, seen=BORN + 9, uses=3)


async def leased(shared: Shared[str]) -> bytes:
    """Return the lease of one who found nothing."""
    found = await shared.lead(KEY, await shared.get(KEY))
    assert found.lease
    return found.lease


async def test_where_nothing_is_kept_one_gets_the_lease_and_others_wait(
    shared: Shared[str],
) -> None:
    found = await shared.get(KEY)
    assert (found.entry, found.lease) == (None, None)
    assert (await shared.lead(KEY, found)).lease
    assert await shared.lead(KEY, found) is found


async def test_what_is_settled_is_found_as_it_was(shared: Shared[str]) -> None:
    kept = entry()
    await shared.settle(KEY, await leased(shared), kept)
    found = (await shared.get(KEY)).entry
    assert found is not None
    assert (found.value, found.tags, found.born) == ("answer", TAGS, BORN)
    assert found.lifetime == kept.lifetime
    assert found.pace == kept.pace
    assert found.at == pytest.approx(kept.at, abs=0.05)
    assert found.until == pytest.approx(kept.until, abs=0.05)


async def test_what_moves_with_use_is_not_shared(shared: Shared[str]) -> None:
    await shared.settle(KEY, await leased(shared), entry())
    found = (await shared.get(KEY)).entry
    assert found is not None
    assert (found.seen, found.uses) == (BORN, 0)


async def test_purges_that_only_one_replica_knows_of_are_not_counted_on_by_others(
    shared: Shared[str],
) -> None:
    kept = entry()
    kept.born = BORN + 1
    await shared.settle(KEY, await leased(shared), kept)
    found = (await shared.get(KEY)).entry
    assert found is not None
    assert found.born == BORN


async def test_who_waits_for_the_lease_gets_what_came_meanwhile(shared: Shared[str]) -> None:
    found = await shared.get(KEY)
    await shared.settle(KEY, await leased(shared), entry())
    later = await shared.lead(KEY, found)
    assert later.entry is not None
    assert later.lease is None


async def test_who_can_do_nothing_with_what_is_kept_gets_the_lease_with_it(
    shared: Shared[str],
) -> None:
    await shared.settle(KEY, await leased(shared), entry("old"))
    found = await shared.lead(KEY, await shared.get(KEY))
    assert found.lease
    assert found.entry is not None
    assert found.entry.value == "old"


async def test_a_lease_given_back_is_free_and_what_is_kept_stays(shared: Shared[str]) -> None:
    await shared.settle(KEY, await leased(shared), entry("old"))
    lease = await leased(shared)
    await shared.release(KEY, lease)
    found = await shared.get(KEY)
    assert found.entry is not None
    assert (await shared.lead(KEY, found)).lease not in {None, lease}


async def test_settling_nothing_removes_what_is_kept(shared: Shared[str]) -> None:
    await shared.settle(KEY, await leased(shared), entry())
    await shared.settle(KEY, await leased(shared), None)
    assert (await shared.get(KEY)).entry is None


async def test_the_lease_of_another_is_not_given_back(shared: Shared[str]) -> None:
    found = await shared.get(KEY)
    await leased(shared)
    await shared.release(KEY, b"mine too")
    assert await shared.lead(KEY, found) is found


async def test_what_is_of_no_more_use_is_not_kept(shared: Shared[str]) -> None:
    used_up = entry()
    used_up.useful_s = 4.0
    await shared.settle(KEY, await leased(shared), used_up)
    assert (await shared.get(KEY)).entry is None
