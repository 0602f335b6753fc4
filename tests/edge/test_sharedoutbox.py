"""The outbox in a real Redis: what replicas share, and what becomes of it when one of them ends."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from proxy.core.events import Event, Pending
from proxy.edge import redis, sharedoutbox
from proxy.edge.redis import Redis
from proxy.edge.sharedoutbox import SharedOutbox
from proxy.errors import OutboxFull
from proxy.sections import Events
from proxy.sections import Redis as RedisConfig
from tests.answers import until
from tests.clock import Clock
from tests.redis import RedisServer, running_cluster, running_redis
from tests.servers import free_socket

_LEASE_S = 60.0
_AOF = ("--appendonly", "yes", "--appendfsync", "always")
_SYNCS_AT_ONCE = ("--repl-diskless-sync-delay", "0")

Join: TypeAlias = Callable[..., SharedOutbox]
"""Makes the outbox of one more replica."""


def _event(guest: str = "g", key: str = "k", **content: Any) -> Event:
    return Event(guest, "VIEW", {"type": "VIEW", **content}, key)


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[RedisServer]:
    async with running_redis(tmp_path, *_AOF) as server:
        yield server


@pytest.fixture
async def client(server: RedisServer) -> AsyncIterator[Redis]:
    async with redis.connected(RedisConfig(nodes=(server.node,))) as client:
        yield client


@pytest.fixture
def join(client: Redis) -> Join:
    def join(lease_s: float = _LEASE_S, **config: Any) -> SharedOutbox:
        events = Events.model_validate(config)
        clock = Clock(1_700_000_000.0)
        return SharedOutbox(client, events, prefix="test", lease_s=lease_s, clock=clock)

    return join


async def _due(box: SharedOutbox, limit: int = 10) -> list[Pending]:
    return await box.due(limit=limit, busy=())


async def _say(client: Redis, *command: str | int) -> Any:
    return await client.call(lambda each: each.execute_command(*command))


async def test_all_is_in_one_slot_of_a_cluster(join: Join, client: Redis) -> None:
    box = join()
    await box.append([Event("g", "IDENTITY", {}, "", identifier="alice"), _event()])
    await box.retry((await _due(box))[0], after_s=9, reason="not now")
    keys = await _say(client, "KEYS", "*")
    assert len(keys) > 8
    assert all(key.startswith(b"{test:outbox}:") for key in keys)


async def test_an_event_is_known_again_for_as_long_as_configured(join: Join, client: Redis) -> None:
    await join(remember="1h").append([_event()])
    (mark,) = await _say(client, "KEYS", "*:mark:*")
    assert 3500 < await _say(client, "TTL", mark) <= 3600


async def test_replicas_share_the_guests_and_each_guest_has_one_of_them(join: Join) -> None:
    one, other = join(), join()
    await one.append([_event(guest, guest) for guest in "abcde"])
    first, second = await _due(one, limit=2), await _due(other)
    assert [event.guest for event in (*first, *second)] == ["a", "b", "c", "d", "e"]
    await one.append([_event("a", "later")])
    await one.done(first[0])
    assert [event.guest for event in await _due(other)] == ["c", "d", "e", "a"]


async def test_who_leaves_hands_over_at_once_what_it_held(join: Join) -> None:
    one, other = join(), join()
    await one.append([_event("a", f"{n}", n=n) for n in range(2)])
    (held,) = await _due(one)
    assert await _due(other) == []
    await one.leave()
    assert await _due(other) == [held]


async def test_what_a_dead_replica_held_is_taken_over(join: Join) -> None:
    dead, other = join(), join(lease_s=0.05)
    await dead.append([_event("a")])
    (held,) = await _due(dead)
    assert await until(lambda: _due(other), bool) == [held]


async def test_who_was_taken_for_dead_settles_nothing_any_more(join: Join) -> None:
    slow, other = join(), join(lease_s=0.05)
    await slow.append([_event("a", "1"), _event("a", "2")])
    (held,) = await _due(slow)
    await until(lambda: _due(other), bool)
    await slow.done(held)
    await slow.dead(held, "no")
    await slow.retry(held, after_s=9, reason="not now")
    assert await _due(other) == [held]
    assert (await other.depth()).dead == 0
    await other.done(held)
    assert [event.number for event in await _due(other)] == [held.number + 1]


async def test_replicas_that_are_long_gone_are_forgotten(
    join: Join, client: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone, holding = join(), join()
    await holding.append([_event("a")])
    await _due(holding)
    await _due(gone)
    await asyncio.sleep(0.01)
    monkeypatch.setattr(sharedoutbox, "_GONE_MS", 5)
    await _due(join())
    known = await _say(client, "XINFO", "CONSUMERS", "{test:outbox}:turns", "delivery")
    assert len(known) == 2


async def test_an_outbox_in_a_cluster_does_all_that_another_does(tmp_path: Path) -> None:
    async with running_cluster(tmp_path) as config, redis.connected(config) as client:
        box = SharedOutbox(client, Events(), prefix="test", lease_s=_LEASE_S, clock=Clock())
        identity = Event("a", "IDENTITY", {}, "", identifier="alice")
        assert await box.append([identity, _event("a", "1"), _event("b", "2")]) == 3
        first, second = await _due(box)
        await box.dead(first, "no")
        await box.done(second)
        assert await box.replay() == 1
        assert [event.type for event in await _due(box)] == ["IDENTITY"]
        assert await box.guest_of("alice") == "a"
        await box.forget("a")
        assert (await box.depth()).waiting == 0
        careful = SharedOutbox(
            client, Events(replicas=1), prefix="test", lease_s=_LEASE_S, clock=Clock()
        )
        with pytest.raises(OutboxFull, match="0 of 1 replicas"):
            await careful.append([_event("a", "3")])


async def test_an_event_in_redis_survives_that_redis_is_killed(
    join: Join, server: RedisServer
) -> None:
    box = join()
    await box.append([_event("a", f"{n}") for n in range(3)])
    (held,) = await _due(box)
    await server.kill()
    with pytest.raises(OutboxFull, match="cannot be used"):
        await box.append([_event("b")])
    await server.start()
    assert await until(lambda: _settled(box, held), bool)
    assert [event.number for event in await _due(box)] == [held.number + 1]
    assert await box.append([_event("a", "0")]) == 0


async def _settled(box: SharedOutbox, event: Pending) -> bool:
    """Settle *event* once Redis is back, and is asked again."""
    with contextlib.suppress(OutboxFull):
        await box.done(event)
        return True
    return False


async def test_a_redis_that_lost_everything_is_begun_with_anew(join: Join, client: Redis) -> None:
    box = join()
    await box.append([_event("a", "1")])
    (lost,) = await _due(box)
    await _say(client, "FLUSHALL")
    with pytest.raises(OutboxFull):
        await _due(box)
    await box.done(lost)
    await box.append([_event("a", "2", n=2)])
    assert [event.content for event in await _due(box)] == [b'{"type":"VIEW","n":2}']


async def test_a_redis_without_memory_takes_nothing_and_marks_nothing(
    join: Join, client: Redis
) -> None:
    box = join()
    await box.append([_event("a", "1")])
    await _say(client, "CONFIG", "SET", "maxmemory", 1)
    with pytest.raises(OutboxFull, match="OutOfMemory"):
        await box.append([_event("a", "2")])
    await _say(client, "CONFIG", "SET", "maxmemory", 0)
    assert (await box.depth()).waiting == 1
    assert await box.append([_event("a", "2")]) == 1


async def test_too_many_who_wait_for_redis_are_told_to_come_again(
    join: Join, server: RedisServer
) -> None:
    box = join()
    await box.depth()
    server.hang()
    outcomes = await asyncio.gather(
        *(box.append([_event("a", f"{n}")]) for n in range(1500)), return_exceptions=True
    )
    server.go_on()
    assert {type(one) for one in outcomes} == {OutboxFull}
    assert sum("wait for Redis" in str(one) for one in outcomes) == 500


async def test_the_memory_that_is_counted_is_what_redis_takes(join: Join, client: Redis) -> None:
    box, before = join(), await _used_bytes(client)
    text = "x" * 400
    for batch in range(100):
        await box.append([_event(f"g{n}", f"{batch}-{n}", text=text) for n in range(30)])
    taken = await _used_bytes(client) - before
    counted = int(await _say(client, "GET", "{test:outbox}:bytes"))
    assert 0.8 < counted / taken < 1.5


async def _used_bytes(client: Redis) -> int:
    used: int = (await _say(client, "INFO", "memory"))["used_memory_dataset"]
    return used


async def test_nothing_is_left_of_what_was_settled(join: Join, client: Redis) -> None:
    box = join()
    await box.append([_event("a", f"{n}") for n in range(3)])
    await box.dead((await _due(box))[0], "no")
    await box.replay()
    while due := await _due(box):
        await box.done(due[0])
    left = await _say(client, "KEYS", "*")
    names = sorted({key.split(b":")[2].decode() for key in left})
    assert names == ["bytes", "counter", "mark", "turns"]
    assert await _say(client, "GET", "{test:outbox}:bytes") == b"0"
    assert await _say(client, "XLEN", "{test:outbox}:turns") == 0


class TestReplicasOfRedis:
    """Events are promised once replicas have them, if so configured."""

    @pytest.fixture
    async def at(self, tmp_path: Path) -> AsyncIterator[tuple[str, str]]:
        """Run a server that listens for replicas; give its Unix socket and its port."""
        with free_socket() as place:
            port = str(place.getsockname()[1])
        folder = tmp_path / "main"
        folder.mkdir()
        async with running_redis(folder, "--port", port, *_SYNCS_AT_ONCE) as server:
            yield server.node, port

    @pytest.fixture
    async def box(self, at: tuple[str, str]) -> AsyncIterator[SharedOutbox]:
        config = Events(replicas=1)
        async with (
            redis.connected(RedisConfig(nodes=(at[0],))) as client,
            sharedoutbox.opened(
                client, config, prefix="test", lease_s=_LEASE_S, clock=Clock()
            ) as box,
        ):
            yield box

    async def test_without_any_nothing_is_promised(self, box: SharedOutbox) -> None:
        for _ in range(2):
            with pytest.raises(OutboxFull, match="0 of 1 replicas"):
                await box.append([_event()])

    async def test_with_one_what_was_tried_before_is_promised_and_counts_once(
        self, box: SharedOutbox, at: tuple[str, str], tmp_path: Path
    ) -> None:
        with pytest.raises(OutboxFull):
            await box.append([_event()])
        folder = tmp_path / "replica"
        folder.mkdir()
        async with running_redis(folder, "--replicaof", f"127.0.0.1 {at[1]}"):

            async def append() -> int | None:
                with contextlib.suppress(OutboxFull):
                    return await box.append([_event()])
                return None

            assert await until(append, lambda kept: kept is not None) == 0
            assert await box.append([_event(key="other")]) == 1
