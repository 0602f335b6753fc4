"""Each outbox against a simple model, whatever is done to it and in whatever order."""

import asyncio
import contextlib
import itertools
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from proxy.core.events import Event, Pending
from proxy.edge import outbox, redis, sharedoutbox
from proxy.edge.outbox import Outbox
from proxy.edge.redis import Redis
from proxy.edge.sharedoutbox import SharedOutbox
from proxy.sections import Events
from proxy.sections import Redis as RedisConfig
from tests.clock import Clock
from tests.redis import running_redis

_GUESTS = st.sampled_from("abc")
_NUMBERS = st.integers(0, 12)
_RETRY_S = 10.0
_OVERHEAD_BYTES = 500


class OutboxModel(RuleBasedStateMachine):
    """The model: per guest what waits, in order, and until when; the dead; the keys once taken."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()
        self._runner = asyncio.Runner()
        self._clock = Clock(1_700_000_000.0)
        self._world = contextlib.AsyncExitStack()
        self._stack = contextlib.AsyncExitStack()
        self._runner.run(self._prepare(Path(self._folder.name)))
        self._open()
        self.waiting: dict[str, list[int]] = {}
        self.dead: dict[str, list[int]] = {}
        self.later: dict[str, float] = {}
        self.taken: set[tuple[str, int]] = set()
        self.order: dict[tuple[str, int], int] = {}
        self.counter = itertools.count()
        self.lives = dict.fromkeys("abc", 0)

    async def _prepare(self, folder: Path) -> None:
        """Have ready what outlives the outbox."""

    def _opening(self) -> contextlib.AbstractAsyncContextManager[Outbox | SharedOutbox]:
        path = Path(self._folder.name) / "outbox.db"
        return outbox.opened(path, Events(), clock=self._clock)

    def _open(self) -> None:
        self.box = self._runner.run(self._stack.enter_async_context(self._opening()))

    def teardown(self) -> None:
        self._runner.run(self._stack.aclose())
        self._runner.run(self._world.aclose())
        self._runner.close()
        self._folder.cleanup()

    def _key(self, guest: str, number: int) -> str:
        """Return the key of an event; what a guest did before being forgotten is not repeated."""
        return f"{guest}{self.lives[guest]}-{number}"

    @rule(guest=_GUESTS, numbers=st.lists(_NUMBERS, min_size=1, max_size=3))
    def append(self, guest: str, numbers: list[int]) -> None:
        events = [Event(guest, "A", {"n": n}, self._key(guest, n)) for n in numbers]
        news = [n for n in dict.fromkeys(numbers) if (guest, n) not in self.taken]
        assert self._runner.run(self.box.append(events)) == len(news)
        for number in news:
            self.taken.add((guest, number))
            self.order[guest, number] = next(self.counter)
            self.waiting.setdefault(guest, []).append(number)

    def _due(self) -> list[Pending]:
        return self._runner.run(self.box.due(limit=10, busy=()))

    def _settled(self, event: Pending) -> int:
        """Take the guest's first event out of the model."""
        number = self.waiting[event.guest].pop(0)
        self.later.pop(event.guest, None)
        return number

    @precondition(lambda self: self._due())
    @rule(data=st.data())
    def done(self, data: st.DataObject) -> None:
        event = data.draw(st.sampled_from(self._due()))
        self._settled(event)
        self._runner.run(self.box.done(event))

    @precondition(lambda self: self._due())
    @rule(data=st.data())
    def die(self, data: st.DataObject) -> None:
        event = data.draw(st.sampled_from(self._due()))
        self.dead.setdefault(event.guest, []).append(self._settled(event))
        self._runner.run(self.box.dead(event, "no"))

    @precondition(lambda self: self._due())
    @rule(data=st.data())
    def retry(self, data: st.DataObject) -> None:
        event = data.draw(st.sampled_from(self._due()))
        self.later[event.guest] = self._clock.now + _RETRY_S
        self._runner.run(self.box.retry(event, after_s=_RETRY_S, reason="not now"))

    @rule()
    def replay(self) -> None:
        count = sum(map(len, self.dead.values()))
        assert self._runner.run(self.box.replay()) == count
        for guest, numbers in self.dead.items():
            queue = [*self.waiting.get(guest, []), *numbers]
            self.waiting[guest] = sorted(queue, key=lambda number: self.order[guest, number])
        self.dead.clear()

    @rule(guest=_GUESTS)
    def forget(self, guest: str) -> None:
        self._runner.run(self.box.forget(guest))
        for of_guest in (self.waiting, self.dead, self.later):
            of_guest.pop(guest, None)
        self.taken = {one for one in self.taken if one[0] != guest}
        self.lives[guest] += 1

    @rule(seconds=st.sampled_from([1.0, 4.0, 30.0]))
    def time_passes(self, seconds: float) -> None:
        self._clock.now += seconds

    @rule()
    def restart(self) -> None:
        self._runner.run(self._stack.aclose())
        self._open()

    @invariant()
    def each_guest_s_first_event_is_due_at_its_time(self) -> None:
        due = {event.guest: event.content for event in self._due()}
        assert due == {
            guest: b'{"n":%d}' % queue[0]
            for guest, queue in self.waiting.items()
            if queue and self.later.get(guest, 0.0) <= self._clock.now
        }

    @invariant()
    def nothing_else_is_kept(self) -> None:
        depth = self._runner.run(self.box.depth())
        waiting, dead = (sum(map(len, one.values())) for one in (self.waiting, self.dead))
        assert (depth.waiting, depth.dead) == (waiting, dead)


class SharedOutboxModel(OutboxModel):
    """The same in Redis, with a look inside."""

    server: Redis

    async def _prepare(self, folder: Path) -> None:
        node = (await self._world.enter_async_context(running_redis(folder))).node
        config = RedisConfig.model_validate({"nodes": [node], "limit": "10s"})
        self.server = await self._world.enter_async_context(redis.connected(config))

    def _opening(self) -> contextlib.AbstractAsyncContextManager[Outbox | SharedOutbox]:
        return sharedoutbox.opened(
            self.server, Events(), prefix="test", lease_s=60.0, clock=self._clock
        )

    def _say(self, command: str, name: str, *more: str | int) -> Any:
        words = (command, f"{{test:outbox}}:{name}", *more)
        return self._runner.run(self.server.call(lambda client: client.execute_command(*words)))

    @invariant()
    def who_has_something_to_send_has_one_turn_or_is_due_later(self) -> None:
        turns = [fields[b"guest"].decode() for _, fields in self._say("XRANGE", "turns", "-", "+")]
        later = [guest.decode() for guest in self._say("ZRANGE", "later", 0, -1)]
        assert sorted(turns + later) == sorted(guest for guest, one in self.waiting.items() if one)

    @invariant()
    def what_is_counted_is_what_is_kept(self) -> None:
        records = self._say("HVALS", "records")
        counted = int(self._say("GET", "bytes") or 0)
        assert counted == sum(len(record) + _OVERHEAD_BYTES for record in records)


_SETTINGS = settings(max_examples=25, stateful_step_count=30, deadline=None)

TestOutbox = OutboxModel.TestCase
TestOutbox.settings = _SETTINGS

TestSharedOutbox = SharedOutboxModel.TestCase
TestSharedOutbox.settings = _SETTINGS
