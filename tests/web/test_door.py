"""How connections are let in: all at once, and on after a moment where none could be."""

import asyncio
import errno
import logging
import socket
from collections.abc import Iterator
from typing import cast

import pytest
import uvloop

from proxy.web import door
from proxy.web.door import Door
from tests.answers import until

_MANY = 200


class Guests:
    """Counts who was let in."""

    def __init__(self) -> None:
        self.transports: list[asyncio.Transport] = []

    def __call__(self) -> asyncio.Protocol:
        guests = self

        class Guest(asyncio.Protocol):
            def connection_made(self, transport: asyncio.BaseTransport) -> None:
                guests.transports.append(cast("asyncio.Transport", transport))

        return Guest()

    def see_off(self) -> None:
        for transport in self.transports:
            transport.close()

    async def count(self) -> int:
        return len(self.transports)


class Tired(socket.socket):
    """A listener that has no descriptors for a while."""

    faults: list[int]

    async def faults_left(self) -> int:
        return len(self.faults)

    def accept(self) -> tuple[socket.socket, object]:
        if self.faults:
            raise OSError(self.faults.pop(), "so it is told")
        return super().accept()


@pytest.fixture
def listener() -> Iterator[Tired]:
    with Tired() as listener:
        listener.faults = []
        listener.bind(("127.0.0.1", 0))
        yield listener


async def _closed(entry: Door, guests: Guests) -> None:
    entry.close()
    await entry.wait_closed()
    guests.see_off()


def _call(listener: socket.socket) -> socket.socket:
    return socket.create_connection(listener.getsockname())


def test_many_are_let_in_within_a_few_turns_of_the_loop(listener: Tired) -> None:
    async def let_in() -> int:
        guests = Guests()
        entry = Door(listener, guests, backlog=_MANY)
        callers = [_call(listener) for _ in range(_MANY)]
        for _ in range(10):
            await asyncio.sleep(0)
        entry.close()
        guests.see_off()
        for caller in callers:
            caller.close()
        return len(guests.transports)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(let_in()) == _MANY


async def test_small_answers_leave_at_once(listener: Tired) -> None:
    guests = Guests()
    entry = Door(listener, guests, backlog=1)
    with _call(listener):
        await until(guests.count, lambda count: count == 1)
        one: socket.socket = guests.transports[0].get_extra_info("socket")
        assert one.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    await _closed(entry, guests)


@pytest.mark.parametrize("fault", [errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM])
async def test_what_is_missing_for_a_moment_delays_and_no_more(
    fault: int, listener: Tired, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(door, "_REST_S", 0.01)
    listener.faults = [fault]
    guests = Guests()
    entry = Door(listener, guests, backlog=1)
    with _call(listener), caplog.at_level(logging.ERROR):
        await until(guests.count, lambda count: count == 1)
    assert [record.message for record in caplog.records] == ["no connection can be taken"]
    await _closed(entry, guests)


async def test_who_left_before_keeps_nobody_waiting(listener: Tired) -> None:
    listener.faults = [errno.ECONNABORTED]
    guests = Guests()
    entry = Door(listener, guests, backlog=1)
    with _call(listener):
        await until(guests.count, lambda count: count == 1)
    await _closed(entry, guests)


async def test_a_closed_door_lets_nobody_in(
    listener: Tired, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "_REST_S", 0.0)
    listener.faults = [errno.EMFILE] * 100_000
    guests = Guests()
    entry = Door(listener, guests, backlog=1)
    with _call(listener):
        await until(listener.faults_left, lambda count: count < 100_000)
        await _closed(entry, guests)
        left = await listener.faults_left()
        for _ in range(10):
            await asyncio.sleep(0)
        assert await listener.faults_left() == left


async def test_who_waits_while_it_closes_is_let_in_yet(listener: Tired) -> None:
    guests = Guests()
    entry = Door(listener, guests, backlog=1)
    with _call(listener):
        entry.close()
        await entry.wait_closed()
        await until(guests.count, lambda count: count == 1)
    guests.see_off()
