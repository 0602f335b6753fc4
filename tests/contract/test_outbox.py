"""What every outbox does, whatever keeps its events: SQLite on disk, or Redis."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from proxy.core.events import RETRY_MAX_S, Event, Pending
from proxy.edge import outbox, redis, sharedoutbox
from proxy.edge.outbox import Outbox
from proxy.edge.sharedoutbox import SharedOutbox
from proxy.errors import OutboxFull
from proxy.sections import Events
from proxy.sections import Redis as RedisConfig
from tests.clock import Clock
from tests.redis import running_redis

_SMALL = Events.model_validate({"size": "256KiB"})
_START = 1_700_000_000.0

AnyOutbox: TypeAlias = Outbox | SharedOutbox
Open: TypeAlias = Callable[[Events], contextlib.AbstractAsyncContextManager[AnyOutbox]]
"""Opens the outbox, each time the same one."""


@pytest.fixture
def clock() -> Clock:
    return Clock(_START)


@pytest.fixture(params=["sqlite", "redis"])
async def opening(
    request: pytest.FixtureRequest, tmp_path: Path, clock: Clock
) -> AsyncIterator[Open]:
    if request.param == "sqlite":
        yield lambda config: outbox.opened(tmp_path / "outbox.db", config, clock=clock)
        return
    async with (
        running_redis(tmp_path) as server,
        redis.connected(RedisConfig(nodes=(server.node,))) as client,
    ):
        yield lambda config: sharedoutbox.opened(
            client, config, prefix="test", lease_s=60.0, clock=clock
        )


@pytest.fixture
async def box(opening: Open) -> AsyncIterator[AnyOutbox]:
    async with opening(Events()) as opened:
        yield opened


def _event(guest: str = "g", key: str = "k", **content: Any) -> Event:
    return Event(guest, "VIEW", {"type": "VIEW", **content}, key)


def _identity(guest: str, identifier: str) -> Event:
    return Event(guest, "IDENTITY", {"id": identifier}, "", identifier=identifier)


async def _due(box: AnyOutbox, *busy: str, limit: int = 10) -> list[Pending]:
    return await box.due(limit=limit, busy=busy)


async def _keys(box: AnyOutbox) -> list[tuple[str, object]]:
    """Return guest and content of what is due."""
    return [(one.guest, json.loads(one.content).get("n")) for one in await _due(box)]


async def test_the_same_key_is_taken_once_also_after_delivery(box: AnyOutbox) -> None:
    assert await box.append([_event(key="a"), _event(key="a"), _event(key="b")]) == 2
    for _ in range(2):
        await box.done((await _due(box))[0])
    assert await box.append([_event(key="a")]) == 0
    assert await _due(box) == []


async def test_only_a_change_of_identity_is_news(box: AnyOutbox) -> None:
    told = ["alice", "alice", "bob", "bob", "alice"]
    assert [await box.append([_identity("g", who)]) for who in told] == [1, 0, 1, 0, 1]


async def test_the_last_browser_of_an_identifier_is_known(box: AnyOutbox, clock: Clock) -> None:
    assert await box.guest_of("alice") is None
    for guest in ("phone", "desk"):
        clock.now += 1
        await box.append([_identity(guest, "alice")])
    assert await box.guest_of("alice") == "desk"


async def test_each_guest_is_served_in_order_one_event_at_a_time(box: AnyOutbox) -> None:
    await box.append([_event("a", f"{n}", n=n) for n in range(3)])
    await box.append([_event("b", "b", n=0)])
    assert await _keys(box) == [("a", 0), ("b", 0)]
    await box.done((await _due(box))[0])
    assert sorted(await _keys(box)) == [("a", 1), ("b", 0)]


async def test_busy_guests_are_passed_over_and_the_limit_holds(box: AnyOutbox) -> None:
    await box.append([_event(guest, guest) for guest in "abc"])
    assert [one.guest for one in await _due(box, "a", limit=1)] == ["b"]


async def test_a_retried_guest_waits_and_no_other(box: AnyOutbox, clock: Clock) -> None:
    await box.append([_event("a", "1", n=1), _event("a", "2", n=2), _event("b", "3", n=3)])
    first, _ = await _due(box)
    await box.retry(first, after_s=10, reason="CDP answered 500")
    assert await _keys(box) == [("b", 3)]
    told = [one.reason for one in await box.waiting(9)]
    assert (told[0], told[2]) == ("CDP answered 500", None)
    clock.now += 10
    assert [(one.guest, one.attempts) for one in await _due(box)] == [("b", 0), ("a", 1)]


async def test_a_clock_that_jumps_back_delays_nothing(box: AnyOutbox, clock: Clock) -> None:
    await box.append([_event("a", "1"), _event("b", "2")])
    await box.retry((await _due(box))[0], after_s=RETRY_MAX_S, reason="")
    clock.now -= 400 * 86400
    assert [one.guest for one in await _due(box)] == ["b", "a"]


async def test_a_dead_event_lets_the_next_one_pass_and_can_be_replayed(box: AnyOutbox) -> None:
    await box.append([_event("a", f"{n}", n=n) for n in range(2)])
    first = (await _due(box))[0]
    await box.dead(first, "CDP answered 400")
    assert await _keys(box) == [("a", 1)]
    assert [(one.number, one.reason) for one in await box.dead_letters(9)] == [
        (first.number, "CDP answered 400")
    ]
    assert await box.replay([first.number + 1]) == 0
    assert await box.replay() == 1
    assert await _keys(box) == [("a", 0)]


async def test_a_dead_event_of_an_idle_guest_can_be_replayed(box: AnyOutbox) -> None:
    await box.append([_event()])
    await box.dead((await _due(box))[0], "no")
    assert await _due(box) == []
    assert await box.replay() == 1
    assert len(await _due(box)) == 1


async def test_dead_events_go_when_their_time_is_over(box: AnyOutbox, clock: Clock) -> None:
    await box.append([_event()])
    await box.dead((await _due(box))[0], "no")
    clock.now += Events().keep_dead + 1
    await box.append([_event(key="other")])
    assert await box.dead_letters(9) == []


async def test_the_depth_counts_what_waits_and_what_is_dead(box: AnyOutbox, clock: Clock) -> None:
    assert (await box.depth()).oldest_at is None
    await box.append([_event("a", "1")])
    clock.now += 5
    await box.append([_event("b", "2"), _event("c", "3")])
    await box.dead((await _due(box))[0], "no")
    depth = await box.depth()
    assert (depth.waiting, depth.dead, depth.oldest_at) == (2, 1, _START + 5)


async def test_everything_is_there_after_a_restart(opening: Open) -> None:
    async with opening(Events()) as before:
        await before.append([_identity("a", "alice"), _event("a", "1", n=1)])
    async with opening(Events()) as after:
        assert [one.type for one in await _due(after)] == ["IDENTITY"]
        assert await after.append([_identity("a", "alice"), _event("a", "1")]) == 0


async def test_a_full_outbox_takes_nothing_and_marks_nothing(opening: Open) -> None:
    async with opening(_SMALL) as box:
        accepted = 0
        with contextlib.suppress(OutboxFull):
            while accepted < 100:
                accepted += await box.append([_event("a", f"{accepted}", text="x" * 4000)])
        assert 10 < accepted < 100
        for _ in range(accepted):
            await box.done((await _due(box))[0])
        assert await box.append([_event("a", f"{accepted}", text="x" * 4000)]) == 1


async def test_one_that_does_not_fit_spoils_none_that_is_kept_beside_it(opening: Open) -> None:
    async with opening(_SMALL) as box:
        outcomes = await asyncio.gather(
            box.append([_event("a", "1")]),
            box.append([_event("a", "2", text="x" * 300_000)]),
            box.append([_event("a", "3")]),
            return_exceptions=True,
        )
    assert [type(one) for one in outcomes] == [int, OutboxFull, int]


async def test_many_writers_share_commits_and_all_are_kept(box: AnyOutbox) -> None:
    taken = await asyncio.gather(*(box.append([_event(f"{n}", f"{n}")]) for n in range(500)))
    assert sum(taken) == 500
    assert (await box.depth()).waiting == 500


async def test_who_does_not_wait_spoils_nothing(box: AnyOutbox) -> None:
    leaver = asyncio.ensure_future(box.append([_event("a", "1")]))  # noqa: TID251 - cancelled below
    stayer = asyncio.ensure_future(box.append([_event("b", "2")]))  # noqa: TID251 - awaited below
    await asyncio.sleep(0)
    leaver.cancel()
    assert await stayer == 1


async def test_a_forgotten_guest_leaves_nothing(box: AnyOutbox) -> None:
    await box.append([_identity("a", "alice"), _event("a", "1"), _event("a", "2")])
    await box.append([_event("b", "3")])
    await box.dead((await _due(box))[0], "no")
    await box.forget("a")
    assert [one.guest for one in await _due(box)] == ["b"]
    assert (await box.depth()).dead == 0
    assert await box.guest_of("alice") is None
    assert await box.append([_identity("a", "alice")]) == 1
    assert sorted(one.guest for one in await _due(box)) == ["a", "b"]


async def test_what_a_forgotten_guest_had_under_way_settles_nothing(box: AnyOutbox) -> None:
    await box.append([_event("a", "1", n=1)])
    (under_way,) = await _due(box)
    await box.forget("a")
    await box.append([_event("a", "2", n=2)])
    await box.done(under_way)
    assert await _keys(box) == [("a", 2)]


async def test_an_event_replayed_while_a_later_one_is_under_way_comes_next(box: AnyOutbox) -> None:
    await box.append([_event("a", f"{n}", n=n) for n in range(3)])
    await box.dead((await _due(box))[0], "no")
    (under_way,) = await _due(box)
    await box.replay()
    await box.done(under_way)
    assert await _keys(box) == [("a", 0)]
    await box.done((await _due(box))[0])
    assert await _keys(box) == [("a", 2)]


async def test_dead_events_make_room_for_new_ones(opening: Open) -> None:
    async with opening(_SMALL) as box:
        for number in range(200):
            await box.append([_event("a", f"{number}", text="x" * 4000)])
            await box.dead((await _due(box))[0], "no")
        await box.append([_event("b", "kept")])
        dead = [one.number for one in await box.dead_letters(500)]
        assert dead == sorted(dead)
        assert len(dead) < 100
        assert (await box.depth()).waiting == 1
