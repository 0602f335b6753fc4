"""From the outbox to CDP, over real sockets: from a real disk, and from a real Redis."""

import asyncio
import contextlib
import json
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from proxy import delivery
from proxy.core.events import Depth, Event
from proxy.delivery import Delivery
from proxy.edge import outbox, redis, sharedoutbox
from proxy.edge.events import EventStream
from proxy.edge.http import connected
from proxy.edge.outbox import Outbox
from proxy.edge.sharedoutbox import SharedOutbox
from proxy.errors import UpstreamTimeout
from proxy.sections import Cdp as CdpConfig
from proxy.sections import Events
from proxy.sections import Redis as RedisConfig
from proxy.tasks import Tasks
from tests.answers import until
from tests.clock import Clock
from tests.emulators import Cdp
from tests.redis import running_redis

_EVENTS = "/v1.2/events"
_ATTEMPTS_MAX = 3


class World:
    """An outbox, the worker behind it, and what both did."""

    def __init__(self, box: Outbox | SharedOutbox, stream: EventStream, tasks: Tasks) -> None:
        self.box = box
        self.stream = stream
        self.outcomes: Counter[str] = Counter()
        self.depths: list[Depth] = []
        self.worker = Delivery(
            box,
            stream,
            in_flight=4,
            attempts_max=_ATTEMPTS_MAX,
            on_settled=lambda outcome: self.outcomes.update([outcome]),
            on_depth=self.depths.append,
        )
        self._tasks = tasks

    def start(self) -> None:
        """Begin to deliver."""
        self._tasks.spawn(self.worker.run(), name="delivery")

    async def append(self, guest: str, *numbers: int) -> None:
        """Accept events of *guest*."""
        content = {"type": "VIEW", "browser_id": guest}
        await self.box.append(
            [Event(guest, "VIEW", {**content, "page": f"{n}"}, f"{guest}-{n}") for n in numbers]
        )
        self.worker.wake()

    async def settled(self, **outcomes: int) -> None:
        """Wait until at least so many attempts ended so."""

        async def ask() -> Counter[str]:
            return self.outcomes

        await until(ask, lambda said: all(said[name] >= n for name, n in outcomes.items()))


@contextlib.asynccontextmanager
async def _shared(
    folder: Path, clock: Callable[[], float] = time.time
) -> AsyncIterator[SharedOutbox]:
    async with (
        running_redis(folder) as server,
        redis.connected(RedisConfig(nodes=(server.node,))) as client,
        sharedoutbox.opened(client, Events(), prefix="test", lease_s=60.0, clock=clock) as box,
    ):
        yield box


@pytest.fixture(params=["sqlite", "redis"])
async def box(
    request: pytest.FixtureRequest, tmp_path: Path
) -> AsyncIterator[Outbox | SharedOutbox]:
    if request.param == "redis":
        async with _shared(tmp_path) as shared:
            yield shared
        return
    async with outbox.opened(tmp_path / "outbox.db", Events(), clock=time.time) as own:
        yield own


@pytest.fixture
async def world(
    cdp: Cdp, box: Outbox | SharedOutbox, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[World]:
    monkeypatch.setattr(delivery, "_FIRST_RETRY_S", 0.01)
    monkeypatch.setattr(delivery, "_POLL_S", 0.02)
    config = CdpConfig(url=cdp.url, client_key="sandbox", point_of_sale="demo")
    tasks = Tasks()
    async with connected(name="cdp", url=cdp.url, limit_s=5, in_flight=4) as upstream:
        yield World(box, EventStream(upstream, config), tasks)
        await tasks.close()


async def _pages(cdp: Cdp) -> dict[str, list[str]]:
    """Return the pages that each browser saw, in the order in which CDP was told."""
    events: list[dict[str, Any]] = (await cdp.http.get("/_sandbox/events")).json()
    seen: dict[str, list[str]] = {}
    for event in events:
        seen.setdefault(event["message"]["browser_id"], []).append(event["message"]["page"])
    return seen


async def test_each_guest_s_events_arrive_once_and_in_order(world: World, cdp: Cdp) -> None:
    guests = [await world.stream.create_browser() for _ in range(5)]
    world.start()
    await asyncio.gather(*(world.append(guest, *range(8)) for guest in guests))
    await world.settled(delivered=40)
    assert await _pages(cdp) == {guest: [f"{n}" for n in range(8)] for guest in guests}


@pytest.mark.parametrize("fault", [{"status": 500}, {"status": 429}, {"drop": True}])
async def test_what_cdp_cannot_take_now_is_tried_again_in_order(
    world: World, cdp: Cdp, fault: dict[str, Any]
) -> None:
    guest = await world.stream.create_browser()
    await cdp.fail(_EVENTS, **fault)
    world.start()
    await world.append(guest, 1, 2, 3)
    await world.settled(retried=2)
    await cdp.recover()
    await world.settled(delivered=3)
    assert await _pages(cdp) == {guest: ["1", "2", "3"]}


async def test_a_guest_who_waits_holds_up_nobody_else(
    world: World, cdp: Cdp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "_FIRST_RETRY_S", 200.0)
    slow, quick = [await world.stream.create_browser() for _ in range(2)]
    await cdp.fail(_EVENTS, status=500)
    world.start()
    await world.append(slow, 1)
    await world.settled(retried=1)
    await cdp.recover()
    await world.append(quick, 1)
    await world.settled(delivered=1)
    assert await _pages(cdp) == {quick: ["1"]}


async def test_what_cdp_never_takes_is_put_aside_with_the_reason(world: World, cdp: Cdp) -> None:
    known = await world.stream.create_browser()
    world.start()
    await world.append("unknown-browser", 1, 2)
    await world.append(known, 1)
    await world.settled(dead=2, delivered=1)
    reasons = [letter.reason for letter in await world.box.dead_letters(9)]
    assert all(reason and reason.startswith("CDP answered 404") for reason in reasons)
    assert await _pages(cdp) == {known: ["1"]}


async def test_what_cdp_fails_on_for_ever_is_put_aside_while_it_takes_others(
    world: World, cdp: Cdp
) -> None:
    poisoned, other = [await world.stream.create_browser() for _ in range(2)]
    await cdp.fail(_EVENTS, status=500, times=_ATTEMPTS_MAX)
    await world.append(poisoned, 1, 2)
    world.worker._taken_at = time.monotonic()
    world.start()
    await world.settled(dead=1, delivered=1)
    await world.append(other, 1)
    await world.settled(delivered=2)
    (letter,) = await world.box.dead_letters(9)
    assert letter.reason is not None
    assert letter.reason.startswith(f"given up after {_ATTEMPTS_MAX} attempts: CDP answered 500")
    assert await _pages(cdp) == {poisoned: ["2"], other: ["1"]}


async def test_no_event_is_given_up_in_an_outage_however_long(world: World, cdp: Cdp) -> None:
    guest = await world.stream.create_browser()
    await cdp.fail(_EVENTS, status=500)
    world.start()
    await world.append(guest, 1)
    await world.settled(retried=_ATTEMPTS_MAX + 2)
    await cdp.recover()
    await world.settled(delivered=1)
    assert world.outcomes["dead"] == 0


@pytest.mark.parametrize("status", [429, 503])
async def test_cdp_is_left_alone_for_as_long_as_it_asks(
    world: World, cdp: Cdp, status: int
) -> None:
    one, other = [await world.stream.create_browser() for _ in range(2)]
    await cdp.fail(_EVENTS, status=status, headers={"retry-after": "100"})
    world.start()
    await world.append(one, 1)
    await world.settled(retried=1)
    await cdp.recover()
    asked = len(await cdp.seen(_EVENTS))
    await world.append(other, 1)
    await world.worker.drain(within_s=10)
    assert len(await cdp.seen(_EVENTS)) == asked
    assert [pending.guest for pending in await world.box.due(limit=9, busy=())] == [other]


async def test_nobody_waits_longer_than_is_sensible_whatever_cdp_asks(
    world: World, cdp: Cdp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "RETRY_MAX_S", 0.05)
    guest = await world.stream.create_browser()
    await cdp.fail(_EVENTS, status=429, headers={"retry-after": "999999999"}, times=1)
    world.start()
    await world.append(guest, 1)
    await world.settled(retried=1, delivered=1)


async def test_a_replayed_dead_letter_is_sent_again(world: World, cdp: Cdp) -> None:
    guest = await world.stream.create_browser()
    await cdp.fail(_EVENTS, status=400)
    world.start()
    await world.append(guest, 1)
    await world.settled(dead=1)
    await cdp.recover()
    assert await world.box.replay() == 1
    await world.settled(delivered=1)
    assert await _pages(cdp) == {guest: ["1"]}


async def test_an_outage_is_waited_out_without_touching_every_guest(world: World, cdp: Cdp) -> None:
    guests = [await world.stream.create_browser() for _ in range(30)]
    await cdp.fail(_EVENTS, status=503)
    world.start()
    for guest in guests:
        await world.append(guest, 1)
    await world.settled(retried=4)
    assert world.outcomes["retried"] < 30
    await cdp.recover()
    await world.settled(delivered=30)


async def test_what_was_left_by_one_run_is_sent_by_the_next(world: World, cdp: Cdp) -> None:
    guest = await world.stream.create_browser()
    await world.append(guest, 1, 2)
    world.start()
    await world.settled(delivered=2)
    assert await _pages(cdp) == {guest: ["1", "2"]}


@pytest.mark.parametrize("box", ["sqlite"], indirect=True)
async def test_draining_waits_for_what_is_due(world: World, cdp: Cdp) -> None:
    guest = await world.stream.create_browser()
    await cdp.fail(_EVENTS, latency_ms=50)
    world.start()
    await world.append(guest, 1, 2, 3)
    await world.worker.drain(within_s=10)
    assert world.outcomes["delivered"] == 3


@pytest.mark.parametrize("box", ["redis"], indirect=True)
async def test_draining_leaves_to_others_what_they_can_send_too(world: World, cdp: Cdp) -> None:
    guest = await world.stream.create_browser()
    await cdp.fail(_EVENTS, latency_ms=50)
    world.start()
    await world.append(guest, 1, 2, 3)
    await until(lambda: cdp.seen(_EVENTS), bool)
    await world.worker.drain(within_s=10)
    assert world.outcomes["delivered"] == 1
    assert (await world.box.depth()).waiting == 2


async def test_draining_does_not_wait_for_an_upstream_that_hangs(world: World, cdp: Cdp) -> None:
    guest = await world.stream.create_browser()
    await cdp.fail(_EVENTS, hang=True)
    world.start()
    await world.append(guest, 1)
    await world.worker.drain(within_s=0.05)
    assert (await world.box.depth()).waiting == 1


async def test_the_depth_is_reported(world: World) -> None:
    world.start()

    async def ask() -> list[Depth]:
        return world.depths

    assert await until(ask, bool) == [Depth(0, 0, None)]


class Ticking(Clock):
    """Time that goes on by a minute whenever somebody looks, and may jump."""

    def __init__(self, jump: Callable[[], float] = lambda: 0.0) -> None:
        super().__init__(1_700_000_000.0)
        self._jump = jump
        self.passed_s = 0.0

    def __call__(self) -> float:
        """Return the present, a minute after the last one."""
        self.passed_s += 60
        self.now += 60 + self._jump()
        return self.now


class Away:
    """A CDP that takes nothing until as much time has passed; then all, in its order."""

    def __init__(self, clock: Ticking, *, for_s: float) -> None:
        self._clock = clock
        self._for_s = for_s
        self.taken: dict[str, list[int]] = {}

    async def send(self, content: bytes) -> None:
        """Take an event, or not yet."""
        if self._clock.passed_s < self._for_s:
            raise UpstreamTimeout("away")
        event = json.loads(content)
        self.taken.setdefault(event["guest"], []).append(event["n"])


Opening: TypeAlias = contextlib.AbstractAsyncContextManager[Outbox | SharedOutbox]
_ALL = {guest: [*range(10)] for guest in "abc"}


class TestLongOutages:
    """Days, by the outbox's own clock."""

    @pytest.fixture(autouse=True)
    def without_pause(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(delivery, "_POLL_S", 0.0)

    async def _arrived(
        self, opening: Opening, clock: Ticking, *, days: float
    ) -> dict[str, list[int]]:
        """Accept events while CDP is away; return what it took when all was delivered."""
        sink, tasks, delivered = Away(clock, for_s=days * 86400), Tasks(), Counter[str]()
        async with opening as box:
            worker = Delivery(
                box,
                sink,
                in_flight=4,
                attempts_max=1,
                on_settled=lambda one: delivered.update([one]),
            )
            running = tasks.spawn(worker.run(), name="delivery")
            for n in range(10):
                await box.append([Event(g, "A", {"guest": g, "n": n}, f"{g}{n}") for g in "abc"])
                await asyncio.sleep(0.01)
            await until(box.depth, lambda depth: depth.waiting == 0, within_s=60.0)
            assert not running.done()
            assert (await box.depth()).dead == 0
            await tasks.close()
        assert delivered["retried"] > 100
        return sink.taken

    async def test_cdp_away_for_days_costs_neither_events_nor_their_order(
        self, tmp_path: Path
    ) -> None:
        clock = Ticking()
        opening = outbox.opened(tmp_path / "outbox.db", Events(), clock=clock)
        assert await self._arrived(opening, clock, days=4) == _ALL

    @pytest.mark.parametrize("keeper", ["sqlite", "redis"])
    async def test_a_clock_that_jumps_to_and_fro_costs_none_either(
        self, tmp_path: Path, keeper: str
    ) -> None:
        chance = random.Random(0)  # noqa: S311 - the same jumps in every run
        jumps = (0.0, 0.0, 0.0, 3600.0, -3600.0, 400 * 86400.0, -400 * 86400.0)
        clock = Ticking(lambda: chance.choice(jumps))
        opening: Opening = _shared(tmp_path, clock)
        if keeper == "sqlite":
            opening = outbox.opened(tmp_path / "outbox.db", Events(), clock=clock)
        assert await self._arrived(opening, clock, days=1) == _ALL
