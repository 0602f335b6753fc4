"""Two gateways as processes of their own on one real Redis, which dies, hangs and comes back."""

import asyncio
import contextlib
import itertools
import signal
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest

from proxy.core.hooks import webhook
from tests.answers import caches, until
from tests.conftest import StartGateway
from tests.emulators import STOREFRONT, Cdp, OrderCloud
from tests.processes import Process, serving
from tests.redis import RedisServer, running_redis
from tests.servers import ADMIN_KEY, client

RULES = """\
placement: home
resource: me/products
decision: {flow: home_hero, segment: persona}
rules:
  - name: vips
    when: {segment: vip}
    query: {pageSize: 3}
default: {query: {pageSize: 5}}
"""
_TOGETHER = 8
_KEY = "hash-key-of-the-tests"


@dataclass(frozen=True, slots=True)
class Replica:
    """One gateway, as a process or in this one, by clients for its listeners."""

    shop: httpx2.AsyncClient
    admin: httpx2.AsyncClient
    process: Process | None = None

    async def ask(self, token: str, browser: str, **query: str) -> httpx2.Response:
        headers = {"authorization": f"Bearer {token}", "x-browser-id": browser}
        return await self.shop.get("/placements/home", params=query, headers=headers)

    async def purge(self, *purged: str) -> None:
        headers = {"authorization": f"Bearer {ADMIN_KEY}"}
        answer = await self.admin.post("/purge", json={"tags": purged}, headers=headers)
        answer.raise_for_status()

    async def redis(self) -> dict[str, bool]:
        part: dict[str, bool] = (await self.admin.get("/readyz")).json()["parts"]["redis"]
        return part

    async def until_in_touch(self) -> None:
        await until(self.redis, lambda part: part["reachable"] and part["listening"])


class Fleet:
    """Starts gateways that share a Redis, both emulators and the rules."""

    def __init__(self, ordercloud: OrderCloud, cdp: Cdp, server: RedisServer, rules: Path) -> None:
        self.ordercloud = ordercloud
        self.cdp = cdp
        self.server = server
        settings = {
            "SERVER__PORT": "0",
            "SERVER__ADMIN_PORT": "0",
            "ADMIN__KEY": ADMIN_KEY,
            "ORDERCLOUD__URL": ordercloud.url,
            "ORDERCLOUD__CLIENTS": STOREFRONT,
            "CDP__URL": cdp.url,
            "CDP__CLIENT_KEY": "sandbox",
            "CDP__POINT_OF_SALE": "demo",
            "CDP__TIMEOUT": "10s",
            "RULES__FOLDER": str(rules),
            "EVENTS__OUTBOX": "redis",
            "REDIS__NODES": server.node,
        }
        self._environ = {f"DECISION_PROXY__{name}": value for name, value in settings.items()}

    @contextlib.asynccontextmanager
    async def replica(self, *, redis_timeout: str = "10s") -> AsyncIterator[Replica]:
        """Start a gateway, as patient with Redis as a busy machine needs, unless told."""
        async with (
            serving({**self._environ, "DECISION_PROXY__REDIS__TIMEOUT": redis_timeout}) as process,
            client(process.shop_url) as shop,
            client(process.admin_url) as admin,
        ):
            replica = Replica(shop, admin, process)
            await replica.until_in_touch()
            yield replica

    @contextlib.asynccontextmanager
    async def pair(self, *, redis_timeout: str = "10s") -> AsyncIterator[tuple[Replica, Replica]]:
        async with (
            self.replica(redis_timeout=redis_timeout) as one,
            self.replica(redis_timeout=redis_timeout) as other,
        ):
            yield one, other

    async def calls(self) -> tuple[int, int]:
        """Return how many flows were run, and how many lists were fetched."""
        return len(await self.cdp.calls()), len(await self.ordercloud.lists())


@pytest.fixture
async def fleet(ordercloud: OrderCloud, cdp: Cdp, tmp_path: Path) -> AsyncIterator[Fleet]:
    rules = tmp_path / "rules"
    rules.mkdir()
    (rules / "home.yaml").write_text(RULES)
    await cdp.decide("home_hero", {"persona": "vip"})
    async with running_redis(tmp_path) as server:
        yield Fleet(ordercloud, cdp, server, rules)


def detail(answer: httpx2.Response) -> dict[str, str]:
    assert answer.status_code == 200, answer.text
    return caches(answer)


async def test_two_gateways_fetch_once_and_a_purge_reaches_both(fleet: Fleet) -> None:
    token, browser = await fleet.ordercloud.token(), await fleet.cdp.browser()
    for emulator, path in ((fleet.cdp, "/v2/callFlows"), (fleet.ordercloud, "/v1/me/")):
        await emulator.fail(path, latency_ms=200)
    async with fleet.pair() as pair:
        asked = (each.ask(token, browser) for each in pair for _ in range(_TOGETHER))
        answers = await asyncio.gather(*asked)
        assert len({answer.content for answer in answers}) == 1
        assert await fleet.calls() == (1, 1)

        one, other = pair
        product = answers[0].json()["Items"][0]["ID"]
        await one.purge(f"product:{product}")
        asked_again = await until(
            lambda: other.ask(token, browser), lambda answer: detail(answer)["page"] == "fwd=miss"
        )
        assert asked_again.content == answers[0].content
        assert detail(await one.ask(token, browser)) == {"decision": "hit", "page": "hit"}
        assert await fleet.calls() == (1, 2)


async def test_a_purge_that_a_gateway_was_cut_off_from_is_caught_up_on(
    fleet: Fleet, gateway: StartGateway
) -> None:
    token, browser = await fleet.ordercloud.token(), await fleet.cdp.browser()
    started = [await gateway({"home.yaml": RULES}, redis=fleet.server.section) for _ in range(2)]
    one, other = (Replica(each.shop, each.admin) for each in started)
    for each in (one, other):
        await each.until_in_touch()
        await each.ask(token, browser)
    await fleet.server.cut_off()
    await one.purge("all")
    await until(
        lambda: other.ask(token, browser), lambda answer: "hit" not in detail(answer)["page"]
    )


async def test_rules_that_are_published_at_one_gateway_serve_at_all(
    fleet: Fleet, gateway: StartGateway, tmp_path: Path
) -> None:
    token, browser = await fleet.ordercloud.token(), await fleet.cdp.browser()
    sections = {"redis": fleet.server.section, "rules": {"edits": "redis"}}
    started = [await gateway({"home.yaml": RULES}, **sections) for _ in range(2)]
    one, other = (Replica(each.shop, each.admin) for each in started)
    key = {"authorization": f"Bearer {ADMIN_KEY}"}
    text = RULES.replace("pageSize: 3", "pageSize: 2")
    published = await one.admin.put("/rules/home", content=text, headers=key)
    assert len((await one.ask(token, browser)).json()["Items"]) == 2
    await until(lambda: other.ask(token, browser), lambda answer: len(answer.json()["Items"]) == 2)
    read = await other.admin.get("/rules/home", headers=key)
    assert (read.text, read.headers["etag"]) == (text, published.headers["etag"])
    assert (tmp_path / "rules" / "home.yaml").read_text() == RULES


async def test_what_one_gateway_is_told_of_concerns_all(
    fleet: Fleet, gateway: StartGateway
) -> None:
    token, browser = await fleet.ordercloud.token(), await fleet.cdp.browser()
    sections = {"redis": fleet.server.section, "events": {"outbox": "redis", "webhook_key": _KEY}}
    started = [await gateway({"home.yaml": RULES}, **sections) for _ in range(2)]
    one, other = (Replica(each.shop, each.admin) for each in started)
    for each in (one, other):
        await each.until_in_touch()
    hook = webhook(str(one.shop.base_url), hash_key=_KEY, clients=["admin-client"])
    await fleet.ordercloud.administer("POST", "webhooks", hook)

    [first, *_] = (await other.ask(token, browser)).json()["Items"]
    await fleet.ordercloud.administer("PATCH", f"products/{first['ID']}", {"Description": "New"})
    await until(lambda: other.ask(token, browser), lambda answer: '"New"' in answer.text)

    event = {"type": "VIEW", "page": "/", "browserId": browser}
    assert (await one.shop.post("/events", json=event)).status_code == 202
    await until(
        lambda: other.ask(token, browser), lambda answer: detail(answer)["decision"] == "fwd=miss"
    )


async def test_no_answer_fails_while_redis_dies_and_sharing_comes_back_by_itself(
    fleet: Fleet,
) -> None:
    token, browser = await fleet.ordercloud.token(), await fleet.cdp.browser()
    statuses: Counter[int] = Counter()
    pages = itertools.count(1)

    async def load(replica: Replica) -> None:
        while True:
            answer = await replica.ask(token, browser, page=str(next(pages)))
            statuses[answer.status_code] += 1

    async def until_more(count: int) -> None:
        wanted = statuses.total() + count
        await until(_now(statuses.total), lambda total: total >= wanted)

    async with fleet.pair(redis_timeout="20ms") as pair, asyncio.TaskGroup() as group:
        loads = [group.create_task(load(replica)) for replica in pair for _ in range(4)]
        await until_more(50)
        await fleet.server.kill()
        for replica in pair:
            await until(replica.redis, lambda part: not part["reachable"])
        await until_more(50)
        await fleet.server.start()
        for replica in pair:
            await replica.until_in_touch()
        fleet.server.hang()
        await until_more(100)
        fleet.server.go_on()
        for replica in pair:
            await replica.until_in_touch()
        for each in loads:
            each.cancel()
    assert set(statuses) == {200}


async def test_a_gateway_that_starts_is_warm_and_one_that_was_killed_holds_up_nobody(
    fleet: Fleet,
) -> None:
    token, browser = await fleet.ordercloud.token(), await fleet.cdp.browser()
    async with fleet.replica() as one:
        await one.ask(token, browser)
        await fleet.ordercloud.fail("/v1/me/", latency_ms=60_000)
        under_way = asyncio.gather(one.ask(token, browser, pageSize="7"), return_exceptions=True)
        await until(fleet.ordercloud.lists, lambda lists: len(lists) == 2)
        assert one.process is not None
        await one.process.end(signal.SIGKILL)
        await under_way
    await fleet.ordercloud.recover()
    async with fleet.replica() as restarted:
        assert detail(await restarted.ask(token, browser)) == {"decision": "hit", "page": "hit"}
        assert await fleet.calls() == (1, 2)
        taken_over = detail(await restarted.ask(token, browser, pageSize="7"))
        assert taken_over == {"decision": "hit", "page": "fwd=miss"}


async def test_a_gateway_starts_and_serves_without_its_redis(
    gateway: StartGateway, ordercloud: OrderCloud, tmp_path: Path
) -> None:
    nowhere = RedisServer(tmp_path)
    running = await gateway({"home.yaml": RULES}, redis=nowhere.section)
    assert (await running.get("/placements/home", await ordercloud.token())).status_code == 200
    ready = await running.admin.get("/readyz")
    assert ready.status_code == 200
    assert ready.json()["parts"]["redis"]["listening"] is False


def _now(read: Callable[[], int]) -> Callable[[], Awaitable[int]]:
    async def ask() -> int:
        return read()

    return ask
