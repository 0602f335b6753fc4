"""Questions that travel together, to a server that answers when the test says so."""

import asyncio
import time
from collections.abc import Sequence

import pytest

from proxy.edge import lane
from proxy.edge.breaker import Breaker, Call
from proxy.edge.lane import Lane
from proxy.errors import ProxyError, RedisAway
from proxy.tasks import Tasks

_PATIENT_S = 20.0


class Server:
    """Doubles numbers, once it is let."""

    def __init__(self) -> None:
        self.asked: list[list[int]] = []
        self.may_answer = asyncio.Event()
        self.fault: ProxyError | None = None

    async def exchange(self, questions: Sequence[int]) -> Sequence[int]:
        self.asked.append(list(questions))
        await self.may_answer.wait()
        if self.fault:
            raise self.fault
        return [2 * question for question in questions]


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def told() -> list[str]:
    return []


def make_lane(
    server: Server, tasks: Tasks, told: list[str], timeout_s: float = _PATIENT_S
) -> Lane[int, int]:
    breaker = Breaker(name="redis", clock=time.monotonic)

    def observe() -> Call:
        return Call(breaker, lambda _, outcome, __: told.append(outcome), "redis")

    return Lane(server.exchange, observe=observe, tasks=tasks, timeout_s=timeout_s)


async def test_what_is_asked_at_one_time_travels_together(
    server: Server, tasks: Tasks, told: list[str]
) -> None:
    lane = make_lane(server, tasks, told)
    server.may_answer.set()
    assert await asyncio.gather(*(lane.ask(number) for number in range(5))) == [0, 2, 4, 6, 8]
    assert server.asked == [[0, 1, 2, 3, 4]]
    assert told == ["ok"]


async def test_what_is_asked_during_an_exchange_travels_in_the_next(
    server: Server, tasks: Tasks, told: list[str]
) -> None:
    lane = make_lane(server, tasks, told)
    first = lane.ask(1)
    await asyncio.sleep(0)
    later = [lane.ask(2), lane.ask(3)]
    await asyncio.sleep(0)
    assert server.asked == [[1]]
    server.may_answer.set()
    assert await asyncio.gather(first, *later) == [2, 4, 6]
    assert server.asked == [[1], [2, 3]]


async def test_who_asks_waits_no_longer_than_the_timeout_and_the_exchange_goes_on(
    server: Server, tasks: Tasks, told: list[str]
) -> None:
    lane = make_lane(server, tasks, told, timeout_s=0.01)
    for number in (1, 2):
        with pytest.raises(RedisAway, match=r"within 0\.01 s"):
            await lane.ask(number)
    server.may_answer.set()
    await asyncio.sleep(0)
    assert await lane.ask(3) == 6
    assert server.asked == [[1], [3]], "what nobody waits for any more is not asked"
    assert told == ["redis-away", "redis-away", "ok"]


async def test_a_fault_is_told_to_all_who_asked(
    server: Server, tasks: Tasks, told: list[str]
) -> None:
    lane = make_lane(server, tasks, told)
    server.fault = RedisAway("gone")
    server.may_answer.set()
    asked = [lane.ask(1), lane.ask(2)]
    assert await asyncio.gather(*asked, return_exceptions=True) == [server.fault] * 2
    assert told == ["redis-away"]


async def test_who_leaves_fails_no_other(server: Server, tasks: Tasks, told: list[str]) -> None:
    lane = make_lane(server, tasks, told)
    asked = [lane.ask(number) for number in range(4)]
    asked[0].cancel()
    server.may_answer.set()
    assert await asyncio.gather(*asked[1:]) == [2, 4, 6]


async def test_more_than_may_wait_is_refused(server: Server, tasks: Tasks, told: list[str]) -> None:
    full = make_lane(server, tasks, told)
    asked = [full.ask(number) for number in range(lane.TOGETHER_MAX)]
    with pytest.raises(RedisAway, match="wait for redis already"):
        full.ask(0)
    server.may_answer.set()
    assert len(await asyncio.gather(*asked)) == lane.TOGETHER_MAX


async def test_at_shutdown_nobody_is_left_waiting(server: Server, told: list[str]) -> None:
    tasks = Tasks()
    lane = make_lane(server, tasks, told)
    asked = lane.ask(1)
    await asyncio.sleep(0)
    await tasks.close()
    with pytest.raises(RedisAway, match="broken off"):
        await asked
    assert told == ["redis-away"]
