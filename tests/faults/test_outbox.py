"""The outbox where it hurts: killed at any moment, and on a disk that is full.

A full run, of 100 kills with each outbox, is scripts/kill-test.
"""

import asyncio
import contextlib
import itertools
import os
import random
import resource
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.answers import until
from tests.emulators import Cdp
from tests.processes import serving
from tests.redis import running_redis
from tests.servers import Servers, client

_KILLS = int(os.environ.get("KILLS", "4"))
_KILLS_OF_REDIS = _KILLS // 4
_GUESTS = tuple(f"guest-{number}" for number in range(6))
_ARRIVES_WITHIN_S = 60.0 + 2 * _KILLS
_DISK_BYTES = 512 * 1024
_LIVES_S = (0.0, 0.4)
"""How long a gateway lives under load until it is killed: at some moment in this span."""


def _environ(cdp_url: str, folder: Path, **more: str) -> dict[str, str]:
    settings = {
        "SERVER__PORT": "0",
        "SERVER__ADMIN_PORT": "0",
        "ORDERCLOUD__URL": "http://127.0.0.1:1",
        "ORDERCLOUD__CLIENTS": "any",
        "CDP__URL": cdp_url,
        "CDP__CLIENT_KEY": "sandbox",
        "CDP__POINT_OF_SALE": "demo",
        "LOG__REQUESTS": "none",
        "RULES__FOLDER": str(folder),
        "EVENTS__OUTBOX": str(folder / "outbox.db"),
        **more,
    }
    return {f"DECISION_PROXY__{name}": value for name, value in settings.items()}


async def _browser_id(cdp: Cdp) -> str:
    query = {"client_key": "sandbox", "message": "{}"}
    created = await cdp.http.get("/v1.2/browser/create.json", params=query)
    browser_id: str = created.json()["ref"]
    return browser_id


class Load:
    """Browsers that report without end, each its numbers in order, and what was promised them."""

    def __init__(self) -> None:
        self.promised: dict[str, set[int]] = {guest: set() for guest in _GUESTS}
        self._shops: list[httpx2.AsyncClient] = []
        self._is_up = asyncio.Event()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Report for the block."""
        async with asyncio.TaskGroup() as group:
            browsers = [group.create_task(self._browse(guest)) for guest in self.promised]
            yield
            for browser in browsers:
                browser.cancel()

    @contextlib.asynccontextmanager
    async def on(self, url: str) -> AsyncIterator[None]:
        """Report to the gateway at *url*, among others, for the block."""
        async with client(url) as shop:
            self._shops.append(shop)
            self._is_up.set()
            yield
            self._shops.remove(shop)
            if not self._shops:
                self._is_up.clear()

    async def _browse(self, guest: str) -> None:
        for number in itertools.count():
            await self._is_up.wait()
            shop = self._shops[number % len(self._shops)]
            told = {"type": "VIEW", "browserId": guest, "page": f"{number}"}
            try:
                answer = await shop.post("/events", json=told)
            except (httpx2.TransportError, RuntimeError):  # killed, or our client was closed
                continue
            assert answer.status_code in {202, 503}
            if answer.status_code == 202:
                self.promised[guest].add(number)


class Listener:
    """A CDP that takes every event and keeps the numbers of each guest, in the order they came."""

    def __init__(self) -> None:
        self.heard: dict[str, list[int]] = {guest: [] for guest in _GUESTS}
        self.app = Starlette(routes=[Route("/v1.2/events", self._take, methods=["POST"])])

    async def _take(self, request: Request) -> Response:
        message = await request.json()
        self.heard[message["browser_id"]].append(int(message["page"]))
        return Response("{}", 201)

    async def has(self, promised: dict[str, set[int]]) -> bool:
        """Say whether all that was *promised* has come."""
        return all(numbers <= set(self.heard[guest]) for guest, numbers in promised.items())


async def _live_and_die(environ: dict[str, str], load: Load, *, times: int, seed: int) -> None:
    """Run a gateway under *load* until it is killed, again and again."""
    chance = random.Random(seed)  # noqa: S311 - the same moments in every run
    for _ in range(times):
        async with serving(environ) as gateway, load.on(gateway.shop_url):
            await asyncio.sleep(chance.uniform(*_LIVES_S))
            assert await gateway.end(signal.SIGKILL) == -signal.SIGKILL


async def _all_arrives_in_order(environ: dict[str, str], load: Load, cdp: Listener) -> None:
    """Let a last gateway deliver what is left; hold what CDP has heard against the promises."""
    told = sum(map(len, load.promised.values()))
    assert told > _KILLS
    async with serving(environ):
        await until(lambda: cdp.has(load.promised), bool, within_s=_ARRIVES_WITHIN_S)
    assert {guest: sorted(numbers) for guest, numbers in cdp.heard.items()} == cdp.heard
    repeated = sum(len(numbers) - len(set(numbers)) for numbers in cdp.heard.values())
    print(f"{told} events promised, 0 lost, 0 out of order, {repeated} of them twice")
    assert repeated <= (_KILLS + _KILLS_OF_REDIS) * len(_GUESTS)


@pytest.mark.timeout(60 + 8 * _KILLS)
async def test_every_promised_event_arrives_in_order_however_often_the_gateway_is_killed(
    servers: Servers, tmp_path: Path
) -> None:
    load, cdp = Load(), Listener()
    environ = _environ(await servers.serve(cdp.app), tmp_path)
    async with load.running():
        await _live_and_die(environ, load, times=_KILLS, seed=0)
    print(f"SQLite: {_KILLS} kills,", end=" ")
    await _all_arrives_in_order(environ, load, cdp)


@pytest.mark.timeout(120 + 8 * _KILLS)
async def test_every_promised_event_arrives_in_order_however_often_replicas_and_redis_are_killed(
    servers: Servers, tmp_path: Path
) -> None:
    load, cdp = Load(), Listener()
    async with running_redis(tmp_path, "--appendonly", "yes", "--appendfsync", "always") as server:
        redis = {"EVENTS__OUTBOX": "redis", "REDIS__NODES": server.node, "CDP__LIMIT": "1s"}
        environ = _environ(await servers.serve(cdp.app), tmp_path, **redis)
        async with load.running(), asyncio.TaskGroup() as group:
            for seed in range(2):
                group.create_task(_live_and_die(environ, load, times=_KILLS // 2, seed=seed))
            for _ in range(_KILLS_OF_REDIS):
                await asyncio.sleep(sum(_LIVES_S))
                await server.kill()
                await server.start()
        print(f"Redis: {_KILLS} kills of 2 gateways, {_KILLS_OF_REDIS} of Redis,", end=" ")
        await _all_arrives_in_order(environ, load, cdp)


async def test_a_disk_that_takes_no_more_is_said_and_survived(cdp: Cdp, tmp_path: Path) -> None:
    browser_id = await _browser_id(cdp)
    await cdp.fail("/v1.2/events", status=503)
    told = [{"type": "A", "browserId": browser_id, "ext": {"a": "x" * 1000}}] * 50
    async with serving(_environ(cdp.url, tmp_path)) as gateway:
        resource.prlimit(gateway.process.pid, resource.RLIMIT_FSIZE, (_DISK_BYTES, _DISK_BYTES))
        async with client(gateway.shop_url) as shop:
            answers = [await shop.post("/events", json=told) for _ in range(40)]
        promised = len(told) * sum(answer.status_code == 202 for answer in answers)
        assert answers[-1].status_code == 503
        assert answers[-1].json()["type"] == "urn:decision-proxy:outbox-full"
        await gateway.end(signal.SIGKILL)
    await cdp.recover()
    assert promised > 0

    async def arrived() -> int:
        return len((await cdp.http.get("/_sandbox/events")).json())

    async with serving(_environ(cdp.url, tmp_path)):
        assert await until(arrived, lambda count: count >= promised) == promised
