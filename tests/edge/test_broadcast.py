"""Purges told from replica to replica through a real Redis that dies and forgets."""

import asyncio
from collections.abc import Callable, Iterable

import pytest

from proxy.core import positions, tags
from proxy.edge import broadcast
from proxy.edge.broadcast import Broadcast
from proxy.edge.redis import Redis
from proxy.tasks import Tasks
from tests import answers
from tests.redis import RedisServer

_ALL_SOFT = ((tags.ALL,), False)
_ALL_HARD = ((tags.ALL,), True)


class Replica:
    """One end of a broadcast, and what it has heard."""

    def __init__(self, redis: Redis, tasks: Tasks) -> None:
        self.heard: list[tuple[tuple[str, ...], bool]] = []
        self.positions: list[int] = []
        self.broadcast = Broadcast(redis, prefix="test", note=self._note)
        self._tasks = tasks
        self._running: asyncio.Task[None] | None = None

    def _note(self, purged: Iterable[str], position: int, *, hard: bool) -> None:
        self.heard.append((tuple(purged), hard))
        self.positions.append(position)

    def of_records(self) -> list[int]:
        """Return the positions that every replica knows the same purges by."""
        return [one for one in self.positions if one == positions.known_to_all(one)]

    def start(self) -> "Replica":
        self._running = self._tasks.spawn(self.broadcast.run(), name="broadcast of a test")
        return self

    async def stop(self) -> None:
        assert self._running is not None
        self._running.cancel()
        await asyncio.wait({self._running})

    async def until_heard(self, *purged: str, hard: bool = True) -> None:
        await until(lambda: (purged, hard) in self.heard)

    async def until_listening(self) -> None:
        await until(lambda: self.broadcast.is_listening)


async def until(is_so: Callable[[], bool]) -> None:
    async def ask() -> bool:
        return is_so()

    await answers.until(ask, bool)


async def test_a_purge_is_heard_by_every_replica_the_teller_included(
    redis: Redis, tasks: Tasks
) -> None:
    one, other = Replica(redis, tasks).start(), Replica(redis, tasks).start()
    one.broadcast.tell(["product:p1", "product:p2"], hard=True)
    other.broadcast.tell(["category:c1"], hard=False)
    for replica in (one, other):
        await replica.until_heard("product:p1", "product:p2")
        await replica.until_heard("category:c1", hard=False)
    assert one.positions == sorted(set(one.positions))
    assert one.of_records() == other.of_records()


async def test_what_was_purged_while_a_replica_was_cut_off_is_caught_up_on(
    redis: Redis, tasks: Tasks
) -> None:
    one, other = Replica(redis, tasks).start(), Replica(redis, tasks).start()
    await other.until_listening()
    await other.stop()
    one.broadcast.tell(["product:p1"], hard=True)
    await one.until_heard("product:p1")
    other.heard.clear()
    await other.start().until_heard("product:p1")
    assert other.heard == [(("product:p1",), True)]


async def test_a_replica_that_starts_hears_of_all_that_is_known(redis: Redis, tasks: Tasks) -> None:
    one, late = Replica(redis, tasks).start(), Replica(redis, tasks)
    one.broadcast.tell(["product:p1"], hard=True)
    one.broadcast.tell(["guest:g1"], hard=True)
    await one.until_heard("guest:g1")
    await late.broadcast.catch_up()
    assert late.heard == [_ALL_SOFT, (("product:p1",), True), (("guest:g1",), True)]


async def test_who_missed_more_than_the_stream_keeps_counts_everything_as_purged(
    redis: Redis, tasks: Tasks
) -> None:
    one, other = Replica(redis, tasks).start(), Replica(redis, tasks).start()
    await other.until_listening()
    await other.stop()
    one.broadcast.tell(["product:p1"], hard=False)
    one.broadcast.tell(["product:p2"], hard=False)
    await one.until_heard("product:p2", hard=False)
    await redis.call(lambda client: client.xtrim("test:purges", maxlen=1, approximate=False))
    other.heard.clear()
    await other.broadcast.catch_up()
    assert other.heard == [_ALL_HARD]
    assert other.positions[-1] == one.positions[-1]


async def test_a_stream_that_redis_lost_begins_anew_and_everything_counts_as_outdated(
    redis: Redis, tasks: Tasks
) -> None:
    one, other = Replica(redis, tasks).start(), Replica(redis, tasks).start()
    one.broadcast.tell(["product:p1"], hard=True)
    await other.until_heard("product:p1")
    await until(lambda: not one.broadcast._unheard)  # or it would be told again
    await redis.call(lambda client: client.flushall())
    other.heard.clear()
    one.broadcast.tell(["product:p2"], hard=True)
    await other.until_heard("product:p2")
    assert other.heard == [_ALL_SOFT, (("product:p2",), True)]
    assert other.positions == sorted(set(other.positions)), "numbers go on rising"


async def test_what_is_purged_while_redis_is_away_is_told_when_it_is_back(
    server: RedisServer, redis: Redis, tasks: Tasks
) -> None:
    one, other = Replica(redis, tasks).start(), Replica(redis, tasks).start()
    await one.until_listening()
    await other.until_listening()
    await server.kill()
    one.broadcast.tell(["product:p1"], hard=True)
    await until(lambda: not other.broadcast.is_listening)
    await server.start()
    await other.until_heard("product:p1")


async def test_a_purge_that_has_not_come_back_stands_behind_what_others_told(
    redis: Redis, tasks: Tasks
) -> None:
    one, other = Replica(redis, tasks).start(), Replica(redis, tasks)
    await one.until_listening()
    await other.broadcast.catch_up()
    one.broadcast.tell(["product:p1"], hard=True)
    await one.until_heard("product:p1")
    other.heard.clear()
    other.broadcast.tell(["product:p2"], hard=True)
    other.broadcast.tell(["product:p3"], hard=False)
    await other.broadcast.catch_up()
    assert other.heard == [
        (("product:p1",), True),
        (("product:p2",), True),
        (("product:p3",), False),
    ]
    assert other.positions == sorted(set(other.positions))
    other.start()
    await other.until_heard("product:p3", hard=False)
    await one.until_heard("product:p3", hard=False)
    one.heard.clear()
    other.heard.clear()
    one.broadcast.tell(["product:p4"], hard=True)
    await other.until_heard("product:p4")
    assert other.heard == [(("product:p4",), True)], "what came back is not noted any more"


async def test_what_a_lost_stream_held_unheard_is_told_again(redis: Redis, tasks: Tasks) -> None:
    """Nobody has read the record when Redis loses it."""
    teller, other = Replica(redis, tasks), Replica(redis, tasks)
    await teller.broadcast.catch_up()
    telling = tasks.spawn(teller.broadcast._tell_all(), name="telling, and hearing nothing")
    teller.broadcast.tell(["product:p1"], hard=True)

    async def length() -> int:
        return int(await redis.call(lambda client: client.xlen("test:purges")))

    await answers.until(length, lambda count: count == 2)
    telling.cancel()
    await redis.call(lambda client: client.flushall())
    other.start()
    await other.until_listening()
    teller.start()
    await other.until_heard("product:p1")


async def test_more_than_can_be_remembered_is_told_as_all(
    redis: Redis, tasks: Tasks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broadcast, "KEPT", 2)
    one = Replica(redis, tasks)
    for number in range(3):
        one.broadcast.tell([f"product:{number}"], hard=False)
    one.start()
    await until(lambda: one.heard[-1:] == [_ALL_HARD])


async def test_a_record_that_cannot_be_read_may_be_of_anything(redis: Redis, tasks: Tasks) -> None:
    one = Replica(redis, tasks).start()
    await one.until_listening()
    await redis.call(lambda client: client.xadd("test:purges", {"other": "words"}))
    await until(lambda: one.heard[-1:] == [_ALL_HARD])
