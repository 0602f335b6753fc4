"""The outbox against a simple model, whatever is done to it and in whatever order."""

import asyncio
import contextlib
import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from proxy.core.events import Event, Pending
from proxy.edge import outbox
from proxy.sections import Events
from tests.clock import Clock

_GUESTS = st.sampled_from("abc")
_NUMBERS = st.integers(0, 12)
_RETRY_S = 10.0


class OutboxModel(RuleBasedStateMachine):
    """The model: per guest what waits, in order, and until when; the dead; the keys once taken."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()
        self._runner = asyncio.Runner()
        self._clock = Clock(1_700_000_000.0)
        self._stack = contextlib.AsyncExitStack()
        self._open()
        self.waiting: dict[str, list[int]] = {}
        self.dead: dict[str, list[int]] = {}
        self.later: dict[str, float] = {}
        self.taken: set[tuple[str, int]] = set()
        self.order: dict[tuple[str, int], int] = {}

    def _open(self) -> None:
        path = Path(self._folder.name) / "outbox.db"
        opening = outbox.opened(path, Events(), clock=self._clock)
        self.box = self._runner.run(self._stack.enter_async_context(opening))

    def teardown(self) -> None:
        self._runner.run(self._stack.aclose())
        self._runner.close()
        self._folder.cleanup()

    @rule(guest=_GUESTS, numbers=st.lists(_NUMBERS, min_size=1, max_size=3))
    def append(self, guest: str, numbers: list[int]) -> None:
        events = [Event(guest, "A", {"n": n}, f"{guest}{n}") for n in numbers]
        news = [n for n in dict.fromkeys(numbers) if (guest, n) not in self.taken]
        assert self._runner.run(self.box.append(events)) == len(news)
        for number in news:
            self.taken.add((guest, number))
            self.order[guest, number] = len(self.order)
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


TestOutbox = OutboxModel.TestCase
TestOutbox.settings = settings(max_examples=25, stateful_step_count=30, deadline=None)
