"""Caches of several replicas and what they share: one fetch for all, and who stands in."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from proxy.cache import replicas
from proxy.cache.cache import Cache, Fetched, Served
from proxy.cache.journal import Journal
from proxy.cache.replicas import Replicas
from proxy.core import tags
from proxy.core.freshness import Lifetime, Terms
from proxy.core.keys import key_of
from proxy.edge.memory import Memory
from proxy.errors import OrderCloudRefused, ProxyError, UpstreamTimeout
from proxy.model import Freshness
from proxy.tasks import Tasks
from tests.answers import until
from tests.clock import Clock
from tests.shared import LEASE_S, SharedMemory

KEY = key_of("page", "one")
TERMS = Terms(Lifetime(fresh_s=10, revalidate_s=20, error_s=30))


class Origin:
    """What is fetched from: counts, and answers with its count once it may, or fails."""

    def __init__(self) -> None:
        self.fetches = 0
        self.errors: list[ProxyError] = []
        self.begun = asyncio.Event()
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def __call__(self) -> Fetched[int]:
        self.fetches += 1
        number = self.fetches
        self.begun.set()
        await self.may_answer.wait()
        if self.errors:
            raise self.errors.pop(0)
        return Fetched(number, tags=tags.pack(["product:p1"]))


class World:
    """Some replicas, their clock and what they share."""

    def __init__(self, tasks: Tasks) -> None:
        self.clock = Clock(1000.0)
        self.origin = Origin()
        self.shared: SharedMemory[int] = SharedMemory(self.clock)
        self.tasks = tasks

    def replica(self, journal: Journal | None = None) -> "Replica":
        return Replica(self, journal or Journal())

    async def until_shared(self) -> None:
        """Wait until what was fetched is there for all."""

        async def is_there() -> bool:
            return (await self.shared.get(KEY)).entry is not None

        await until(is_there, bool)


class Replica:
    def __init__(self, world: World, journal: Journal) -> None:
        self._world = world
        self.journal = journal
        self.cache: Cache[int] = Cache(
            Memory(1_000_000, clock=world.clock, random=lambda: 0.5),
            journal=journal,
            tasks=world.tasks,
            clock=world.clock,
            random=lambda: 0.0,
            fetches_max=10,
            replicas=Replicas(world.shared, tasks=world.tasks),
        )

    def get(self) -> Coroutine[Any, Any, Served[int]]:
        return self.cache.get(KEY, self._world.origin, TERMS)

    def start(self) -> asyncio.Task[Served[int]]:
        return self._world.tasks.spawn(self.get(), name="a request of a test")


@pytest.fixture
def world(tasks: Tasks) -> World:
    return World(tasks)


async def test_what_one_replica_fetched_the_other_takes_with_its_age(world: World) -> None:
    await world.replica().get()
    await world.until_shared()
    world.clock.now += 4
    served = await world.replica().get()
    assert (served.value, served.freshness, served.age_s) == (1, Freshness.CACHED, 4)
    assert world.origin.fetches == 1


async def test_who_joins_another_takes_nothing_that_is_too_old_for_them(world: World) -> None:
    await world.replica().get()
    await world.until_shared()
    world.clock.now += 4
    hasty = Terms(Lifetime(fresh_s=3))
    replica = world.replica()
    patient, joining = await asyncio.gather(
        replica.get(), replica.cache.get(KEY, world.origin, hasty)
    )
    assert (patient.value, patient.freshness) == (1, Freshness.CACHED)
    assert (joining.value, joining.freshness) == (2, Freshness.FRESH)


async def test_what_is_from_after_purges_not_heard_of_is_not_taken(world: World) -> None:
    ahead = Journal()
    ahead.note(["product:p2"], 5 << 10, hard=True)
    await world.replica(ahead).get()
    await world.until_shared()
    assert (await world.replica().get()).value == 2


async def test_misses_at_one_time_in_all_replicas_are_one_fetch(world: World) -> None:
    world.origin.may_answer.clear()
    asked = [world.replica().start() for _ in range(4)]
    await world.origin.begun.wait()
    world.origin.may_answer.set()
    served = await asyncio.gather(*asked)
    assert {each.value for each in served} == {1}
    assert world.origin.fetches == 1


async def test_a_leader_that_fails_is_taken_over_from(world: World) -> None:
    world.origin.may_answer.clear()
    world.origin.errors = [UpstreamTimeout("too slow")]
    first = world.replica().start()
    await world.origin.begun.wait()
    second = world.replica().start()
    world.origin.may_answer.set()
    with pytest.raises(UpstreamTimeout):
        await first
    assert (await second).value == 2


async def test_a_leader_that_died_is_taken_over_from_when_its_lease_is_over(world: World) -> None:
    dead = await world.shared.lead(KEY, await world.shared.get(KEY))
    assert dead.lease
    asked = world.replica().start()
    await asyncio.sleep(0)
    assert world.origin.fetches == 0
    world.clock.now += LEASE_S
    assert (await asked).value == 1


async def test_nobody_waits_for_ever(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replicas, "_PATIENCE_S", 0.05)
    await world.shared.lead(KEY, await world.shared.get(KEY))
    assert (await world.replica().get()).value == 1


async def test_without_what_is_shared_each_replica_goes_on_alone(world: World) -> None:
    world.shared.is_away = True
    assert [(await world.replica().get()).value for _ in range(2)] == [1, 2]


async def test_a_replica_renews_with_what_another_has_fetched_since(world: World) -> None:
    one, other = world.replica(), world.replica()
    await one.get()
    await world.until_shared()
    await other.get()
    world.clock.now += 11
    assert (await one.get()).freshness is Freshness.STALE
    served = await until(one.get, lambda each: each.freshness is Freshness.CACHED)
    assert served.value == 2
    assert (await other.get()).freshness is Freshness.STALE
    assert (await until(other.get, lambda each: each.value == 2)).freshness is Freshness.CACHED
    assert world.origin.fetches == 2


async def test_a_new_replica_stands_in_with_what_is_stale_while_the_upstream_is_down(
    world: World,
) -> None:
    await world.replica().get()
    await world.until_shared()
    world.clock.now += 40
    world.origin.errors = [UpstreamTimeout("down")]
    served = await world.replica().get()
    assert (served.value, served.freshness) == (1, Freshness.STALE)
    assert isinstance(served.stands_in_for, UpstreamTimeout)


async def test_a_purge_concerns_what_is_shared_too(world: World) -> None:
    await world.replica().get()
    await world.until_shared()
    purged = Journal()
    purged.note(["product:p1"], 5, hard=True)
    assert (await world.replica(purged).get()).value == 2
    unconcerned = Journal()
    unconcerned.note(["product:p2"], 6, hard=True)
    assert (await world.replica(unconcerned).get()).value in {1, 2}
    assert world.origin.fetches == 2


async def test_what_was_purged_while_it_was_fetched_is_taken_by_no_other(world: World) -> None:
    world.origin.may_answer.clear()
    asked = world.replica().start()
    await world.origin.begun.wait()
    other = Journal()
    other.note(["product:p1"], 5, hard=True)
    world.origin.may_answer.set()
    await asked
    await world.until_shared()
    assert (await world.replica(other).get()).value == 2


async def test_an_answer_that_there_is_no_more_is_kept_for_nobody(world: World) -> None:
    await world.replica().get()
    await world.until_shared()
    world.clock.now += 40
    world.origin.errors = [OrderCloudRefused(status=404, headers={}, body=b"")]
    with pytest.raises(OrderCloudRefused):
        await world.replica().get()

    async def found() -> object:
        return (await world.shared.get(KEY)).entry

    await until(found, lambda entry: entry is None)


async def test_a_refusal_of_one_shopper_leaves_what_is_kept_for_others(world: World) -> None:
    await world.replica().get()
    await world.until_shared()
    world.clock.now += 40
    world.origin.errors = [OrderCloudRefused(status=403, headers={}, body=b"")]
    with pytest.raises(OrderCloudRefused):
        await world.replica().get()
    assert (await world.shared.get(KEY)).entry is not None
    assert (await world.replica().get()).value == 3
