"""The other end of a streamed request: when it sends, pauses, stops to read, or leaves."""

import asyncio

import pytest
from starlette.types import Message

from proxy.errors import CallerLeft
from proxy.tasks import Tasks
from proxy.web.caller import Caller

_GONE: Message = {"type": "http.disconnect"}
_SILENCE_S = 0.02


class End:
    """The server's end of a connection: gives messages in turn, then waits; takes any."""

    def __init__(self, *messages: Message) -> None:
        self.queue: asyncio.Queue[Message] = asyncio.Queue()
        self.sent: list[Message] = []
        self.is_read = asyncio.Event()
        self.is_read.set()
        for message in messages:
            self.queue.put_nowait(message)

    async def receive(self) -> Message:
        return await self.queue.get()

    async def send(self, message: Message) -> None:
        await self.is_read.wait()
        self.sent.append(message)

    def caller(self, silence_s: float = 20.0) -> Caller:
        return Caller(self.receive, self.send, silence_s=silence_s)


def _part(body: bytes, *, more: bool = True) -> Message:
    return {"type": "http.request", "body": body, "more_body": more}


async def test_the_body_comes_part_by_part() -> None:
    end = End(_part(b"a"), _part(b""), _part(b"b", more=False))
    assert [part async for part in end.caller().body()] == [b"a", b"", b"b"]


async def test_a_body_that_is_broken_off_is_no_body() -> None:
    with pytest.raises(CallerLeft, match="before the body was over"):
        _ = [part async for part in End(_part(b"a"), _GONE).caller().body()]


async def test_a_pause_in_a_body_ends_it() -> None:
    with pytest.raises(CallerLeft, match="stopped to send"):
        _ = [part async for part in End(_part(b"a")).caller(_SILENCE_S).body()]


async def test_a_caller_who_stops_to_read_is_given_up() -> None:
    end = End()
    end.is_read.clear()
    with pytest.raises(CallerLeft, match="stopped to read"):
        await end.caller(_SILENCE_S).answer({"type": "http.response.body"})


async def test_a_caller_counts_as_answered_from_the_first_message_on() -> None:
    caller = End().caller()
    assert not caller.is_answered
    await caller.answer({"type": "http.response.start"})
    assert caller.is_answered


async def test_leaving_cancels_what_is_done_for_the_caller(tasks: Tasks) -> None:
    end = End(_part(b"", more=False), _GONE)
    with pytest.raises(CallerLeft, match="before the answer was over"):
        await _work_without_end(end.caller(), tasks, sends_body=False)


async def test_leaving_is_noticed_as_soon_as_the_body_is_over(tasks: Tasks) -> None:
    end = End(_part(b"a"), _part(b"b", more=False), _GONE)
    with pytest.raises(CallerLeft, match="before the answer was over"):
        await _work_without_end(end.caller(), tasks, sends_body=True)


async def _work_without_end(caller: Caller, tasks: Tasks, *, sends_body: bool) -> None:
    async with caller.staying(tasks, sends_body=sends_body):
        if sends_body:
            assert b"".join([part async for part in caller.body()]) == b"ab"
        await asyncio.Event().wait()


async def test_who_stays_to_the_end_is_left_in_peace(tasks: Tasks) -> None:
    end = End(_part(b"", more=False))
    async with end.caller().staying(tasks, sends_body=False):
        await asyncio.sleep(0)
    end.queue.put_nowait(_GONE)
    await asyncio.sleep(0.01)


async def test_a_deadline_of_the_work_itself_is_not_taken_for_leaving(tasks: Tasks) -> None:
    with pytest.raises(TimeoutError):
        async with End().caller().staying(tasks, sends_body=True), asyncio.timeout(0):
            await asyncio.Event().wait()
