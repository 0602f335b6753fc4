"""Listeners in this process. The whole process, with signals: tests/test_app.py."""

import asyncio
import resource
import signal
import socket
from collections.abc import Callable

import httpx2
import pytest
from starlette.types import Receive, Scope, Send

from proxy.errors import DocumentError
from proxy.tasks import Tasks
from proxy.web import server
from proxy.web.server import Listener, bind, stopped_by_signals
from tests.servers import client, free_socket, listener_of


class Slow:
    """Answers when it is let, and counts what it was asked."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.gate = asyncio.Event()

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        self.begun.set()
        await self.gate.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"done"})


class Serving:
    """Two listeners, one slow and one ready, until `stop`."""

    def __init__(self, *, drain_s: float = 5.0, on_stop: Callable[[], None] = lambda: None) -> None:
        self.slow, self.ready = Slow(), Slow()
        self.ready.gate.set()
        self.stop = asyncio.Event()
        started = asyncio.Event()
        self.listeners = [listener_of(app) for app in (self.slow, self.ready)]
        self.task = Tasks().spawn(
            server.serve(
                self.listeners,
                stop=self.stop,
                on_start=started.set,
                on_stop=on_stop,
                drain_s=drain_s,
            ),
            name="serving",
        )
        self.started = started

    async def get(self, listener: int) -> httpx2.Response:
        async with client(self.listeners[listener].url) as http:
            return await http.get("/")


class TestBind:
    def test_a_free_port_is_bound(self) -> None:
        with bind("127.0.0.1", 0, setting="server.port") as listener:
            assert listener.getsockname()[0] == "127.0.0.1"

    def test_a_taken_port_is_named_with_what_to_do(self) -> None:
        with free_socket() as taken:
            taken.listen()
            port = taken.getsockname()[1]
            with pytest.raises(DocumentError) as refused:
                bind("127.0.0.1", port, setting="server.port")
        assert f"cannot listen on 127.0.0.1:{port}: Address already in use" in str(refused.value)
        assert "set server.port" in str(refused.value)

    def test_an_address_of_another_machine_is_refused(self) -> None:
        with pytest.raises(DocumentError, match=r"cannot listen on 192\.0\.2\.1:0"):
            bind("192.0.2.1", 0, setting="server.host")


def test_a_listener_knows_its_address() -> None:
    listener = listener_of(Slow())
    with listener.socket as bound:
        port = bound.getsockname()[1]
        assert listener.url == f"http://127.0.0.1:{port}"


async def test_all_listeners_answer_once_it_is_started() -> None:
    serving = Serving()
    await serving.started.wait()
    assert (await serving.get(1)).text == "done"
    serving.stop.set()
    await serving.task


async def test_a_request_under_way_ends_and_the_others_answer_until_then() -> None:
    drained: list[bool] = []
    serving = Serving(on_stop=lambda: drained.append(True))
    await serving.started.wait()
    async with asyncio.TaskGroup() as group:
        slow = group.create_task(serving.get(0))
        await serving.slow.begun.wait()
        serving.stop.set()
        await _refused(serving.listeners[0])
        assert drained == [True]
        assert (await serving.get(1)).text == "done"
        serving.slow.gate.set()
    assert slow.result().text == "done"
    await serving.task


async def _refused(listener: Listener) -> None:
    """Wait until *listener* takes no new connections."""
    port = int(listener.url.rpartition(":")[2])
    async with asyncio.timeout(5):
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)):
                    return
            await asyncio.sleep(0.02)


async def test_a_request_that_takes_too_long_is_cut_off() -> None:
    serving = Serving(drain_s=0.0)
    await serving.started.wait()
    async with asyncio.TaskGroup() as group:
        slow = group.create_task(_fails(serving))
        await serving.slow.begun.wait()
        serving.stop.set()
    assert slow.result()
    await asyncio.wait_for(serving.task, 5)


async def _fails(serving: Serving) -> bool:
    try:
        return (await serving.get(0)).status_code >= 500
    except httpx2.TransportError:
        return True


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_stops_and_does_not_kill(number: signal.Signals) -> None:
    stop = asyncio.Event()
    with stopped_by_signals(stop):
        signal.raise_signal(number)
        await asyncio.wait_for(stop.wait(), 5)
    assert not asyncio.get_running_loop().remove_signal_handler(number)


async def test_the_process_takes_as_many_connections_as_the_system_lets_it() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft // 2, hard))
    serving = Serving()
    await serving.started.wait()
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == (hard, hard)
    serving.stop.set()
    await serving.task
