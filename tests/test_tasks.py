import asyncio
import logging

import pytest

from proxy.tasks import Flights, Tasks, outcome


class Work:
    """Work that ends when it is told to; counts how often it was begun."""

    def __init__(self) -> None:
        self.begun = 0
        self.end = asyncio.Event()

    async def __call__(self) -> int:
        self.begun += 1
        await self.end.wait()
        return self.begun


async def test_a_task_is_kept_until_it_ends_and_forgotten_then() -> None:
    tasks, work = Tasks(), Work()
    task = tasks.spawn(work(), name="work")
    assert (task.get_name(), len(tasks._running)) == ("work", 1)
    work.end.set()
    assert await task == 1
    assert not tasks._running


async def test_a_failure_that_nobody_awaits_is_logged_and_not_left_to_the_interpreter(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def fail() -> None:
        raise ValueError("lost")

    caplog.set_level(logging.DEBUG, "proxy.tasks")
    await asyncio.wait({Tasks().spawn(fail(), name="doomed")})
    (record,) = caplog.records
    assert record.__dict__["task"] == "doomed"
    assert "lost" in record.__dict__["error"]


async def test_closing_cancels_what_runs_and_waits_for_it() -> None:
    tasks, work = Tasks(), Work()
    task = tasks.spawn(work(), name="work")
    await tasks.close()
    assert task.cancelled()


class TestFlights:
    async def test_whoever_asks_meanwhile_joins_the_flight_under_way(self) -> None:
        flights, work = Flights[int](Tasks(), name="work"), Work()
        first, leads = flights.join("key", work)
        second, also_leads = flights.join("key", work)
        assert first is second
        assert (leads, also_leads) == (True, False)
        work.end.set()
        assert await first == 1

    async def test_another_key_is_another_flight(self) -> None:
        flights, work = Flights[int](Tasks(), name="work"), Work()
        assert flights.join("one", work)[0] is not flights.join("other", work)[0]
        work.end.set()

    async def test_a_flight_that_ended_is_not_joined(self) -> None:
        flights, work = Flights[int](Tasks(), name="work"), Work()
        work.end.set()
        assert await flights.join("key", work)[0] == 1
        assert await flights.join("key", work)[0] == 2

    async def test_a_flight_that_ended_this_moment_is_not_joined_either(self) -> None:
        """Who asks again because of how it ended would be given it again and again."""
        flights = Flights[None](Tasks(), name="work")
        ending = asyncio.Event()

        async def work() -> None:
            ending.set()

        first, _ = flights.join("key", work)
        await ending.wait()
        assert first.done()
        second, leads = flights.join("key", work)
        assert leads
        await second
        assert len(flights) == 0

    async def test_who_leaves_cancels_neither_the_work_nor_the_others(self) -> None:
        flights, work = Flights[int](Tasks(), name="work"), Work()
        flight, _ = flights.join("key", work)
        waiting = [asyncio.create_task(outcome(flight)) for _ in range(3)]  # noqa: TID251
        await asyncio.sleep(0)
        waiting[0].cancel()
        await asyncio.wait(waiting[:1])
        work.end.set()
        assert [await one for one in waiting[1:]] == [1, 1]


class TestOutcome:
    async def test_it_is_what_the_task_brings_before_or_after_it_ends(self) -> None:
        tasks, work = Tasks(), Work()
        task = tasks.spawn(work(), name="work")
        asyncio.get_running_loop().call_soon(work.end.set)
        assert [await outcome(task), await outcome(task)] == [1, 1]

    async def test_a_failure_is_raised_as_it_was(self) -> None:
        async def fail() -> None:
            await asyncio.sleep(0)
            raise ValueError("lost")

        with pytest.raises(ValueError, match="lost"):
            await outcome(Tasks().spawn(fail(), name="doomed"))

    async def test_who_runs_out_of_time_leaves_the_task_alone(self) -> None:
        tasks, work = Tasks(), Work()
        task = tasks.spawn(work(), name="work")
        with pytest.raises(TimeoutError):
            await outcome(task, until=asyncio.get_running_loop().time())
        work.end.set()
        assert await task == 1

    async def test_in_time_is_in_time(self) -> None:
        tasks, work = Tasks(), Work()
        task = tasks.spawn(work(), name="work")
        asyncio.get_running_loop().call_soon(work.end.set)
        assert await outcome(task, until=asyncio.get_running_loop().time() + 60) == 1

    async def test_a_task_that_was_cancelled_says_so(self) -> None:
        task = Tasks().spawn(Work()(), name="work")
        asyncio.get_running_loop().call_soon(task.cancel)
        with pytest.raises(asyncio.CancelledError):
            await outcome(task)
        assert task.cancelled()
