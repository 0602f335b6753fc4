"""A gateway that starts while both upstreams are dead: what a snapshot lets it show, to whom."""

import contextlib
import stat
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest

from tests.answers import ids, personalization
from tests.emulators import STOREFRONT, Cdp, OrderCloud
from tests.processes import serving
from tests.servers import client

_RULES = {
    "hero.yaml": """
placement: hero
resource: me/products
decision: {flow: hero, segment: persona}
rules:
  - {name: watches, when: {segment: vip}, query: {categoryID: mens-watches}}
default: {query: {categoryID: featured}}
curated: [{ID: gift-card}]
""",
    "list.yaml": """
placement: list
resource: me/products
scope: groups
default: {query: {pageSize: 5}}
""",
    "offers.yaml": """
placement: offers
resource: me/promotions
default: {query: {}}
""",
}


@dataclass(frozen=True, slots=True)
class Shop:
    """A gateway with a snapshot, which may be started with live upstreams or with dead ones."""

    ordercloud: OrderCloud
    cdp: Cdp
    unreachable: str
    folder: Path

    @property
    def snapshot(self) -> Path:
        return self.folder / "state" / "snapshot"

    def alive(self, **more: str) -> contextlib.AbstractAsyncContextManager[httpx2.AsyncClient]:
        return self._serving(self.ordercloud.url, self.cdp.url, more)

    def orphaned(self, **more: str) -> contextlib.AbstractAsyncContextManager[httpx2.AsyncClient]:
        return self._serving(self.unreachable, self.unreachable, more)

    @contextlib.asynccontextmanager
    async def _serving(
        self, ordercloud_url: str, cdp_url: str, more: dict[str, str]
    ) -> AsyncIterator[httpx2.AsyncClient]:
        for name, text in _RULES.items():
            (self.folder / name).write_text(text)
        settings = {
            "SERVER__PORT": "0",
            "SERVER__ADMIN_PORT": "0",
            "ORDERCLOUD__URL": ordercloud_url,
            "ORDERCLOUD__AUDIENCES": self.ordercloud.url,
            "ORDERCLOUD__CLIENTS": STOREFRONT,
            "CDP__URL": cdp_url,
            "CDP__CLIENT_KEY": "sandbox",
            "CDP__POINT_OF_SALE": "demo",
            "CDP__TIMEOUT": "5s",
            "RULES__FOLDER": str(self.folder),
            "EVENTS__OUTBOX": str(self.folder / "outbox.db"),
            "CACHE__SNAPSHOT": str(self.snapshot),
            **more,
        }
        environ = {f"DECISION_PROXY__{name}": value for name, value in settings.items()}
        async with serving(environ) as process:
            async with client(process.shop_url) as shop:
                yield shop
            assert await process.end() == 0


@pytest.fixture
def shop(ordercloud: OrderCloud, cdp: Cdp, unreachable: str, tmp_path: Path) -> Shop:
    return Shop(ordercloud, cdp, unreachable, tmp_path)


async def show(shop: httpx2.AsyncClient, name: str, token: str) -> httpx2.Response:
    return await shop.get(f"/placements/{name}", headers={"authorization": f"Bearer {token}"})


def rung(answer: httpx2.Response) -> tuple[int, str, str]:
    """Return status, rule and rung of an answer."""
    said = personalization(answer)
    return answer.status_code, said["rule"], said["rung"]


async def test_everybody_sees_what_they_saw_before(shop: Shop) -> None:
    await shop.cdp.decide("hero", {"persona": "vip"})
    tokens = [await shop.ordercloud.token(user) for user in ("alice", None)]
    wanted = [(name, token) for name in ("hero", "list", "offers") for token in tokens]
    async with shop.alive() as gateway:
        before = [await show(gateway, *one) for one in wanted]
    async with shop.orphaned() as gateway:
        after = [await show(gateway, *one) for one in wanted]
    assert [one.content for one in after] == [one.content for one in before]
    assert {rung(one)[2] for one in after} == {"snapshot"}
    assert [personalization(one)["rule"] for one in after[:2]] == ["watches", "watches"]
    assert all(int(one.headers["age"]) >= 0 for one in after)


async def test_nobody_waits_long_for_upstreams_that_hang(shop: Shop) -> None:
    await shop.cdp.decide("hero", {"persona": "vip"})
    token = await shop.ordercloud.token("alice")
    async with shop.alive() as gateway:
        before = await show(gateway, "hero", token)
    for path in ("/v1", "/oauth"):
        await shop.ordercloud.fail(path, hang=True)
    await shop.cdp.fail("/v2", hang=True)
    async with shop.alive(ORDERCLOUD__PATIENCE="50ms", CDP__TIMEOUT="50ms") as gateway:
        after = await show(gateway, "hero", token)
    assert rung(after) == (200, "watches", "snapshot")
    assert after.content == before.content


async def test_who_comes_for_the_first_time_sees_what_is_shared_with_them(shop: Shop) -> None:
    dora = await shop.ordercloud.join("dora", group="vip")
    alice, bob = await shop.ordercloud.token("alice"), await shop.ordercloud.token("bob")
    async with shop.alive() as gateway:
        seen = await show(gateway, "list", alice)
        for token in (dora, bob):
            await show(gateway, "list", token)
        await show(gateway, "offers", alice)
    newcomer = await shop.ordercloud.token("dora")
    async with shop.orphaned() as gateway:
        again = await show(gateway, "list", newcomer)
        hers = await show(gateway, "offers", newcomer)
    assert again.content == seen.content
    assert hers.status_code == 502


async def test_without_a_snapshot_the_curated_list_is_left(shop: Shop) -> None:
    token = await shop.ordercloud.token()
    async with shop.orphaned() as gateway:
        answer = await show(gateway, "hero", token)
        bare = await show(gateway, "list", token)
    assert rung(answer) == (200, "curated", "curated")
    assert ids(answer) == ["gift-card"]
    assert bare.status_code == 502


async def test_the_file_holds_no_token_and_lets_nobody_in(shop: Shop) -> None:
    token = await shop.ordercloud.token("alice")
    async with shop.alive() as gateway:
        await show(gateway, "hero", token)
    content = shop.snapshot.read_bytes()
    assert [part for part in token.split(".") if part.encode() in content] == []
    assert stat.S_IMODE(shop.snapshot.stat().st_mode) == 0o600
    head, claims, _ = token.split(".")
    async with shop.orphaned() as gateway:
        for bad in (f"{head}.{claims}.AAAA", "junk", f"{head}.{claims}."):
            assert (await show(gateway, "hero", bad)).status_code == 401


async def test_with_live_upstreams_a_restart_asks_anew(shop: Shop) -> None:
    token = await shop.ordercloud.token("alice")
    async with shop.alive() as gateway:
        await show(gateway, "list", token)
    async with shop.alive() as gateway:
        answer = await show(gateway, "list", token)
    assert "rung" not in personalization(answer)
    assert len(await shop.ordercloud.seen("/v1/me/products")) == 2


async def test_what_came_from_a_snapshot_goes_into_the_next_as_old_as_it_is(shop: Shop) -> None:
    token = await shop.ordercloud.token("alice")
    async with shop.alive() as gateway:
        before = await show(gateway, "list", token)
    for _ in range(2):
        async with shop.orphaned() as gateway:
            after = await show(gateway, "list", token)
            assert after.content == before.content
