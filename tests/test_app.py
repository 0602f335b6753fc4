"""The gateway as a process: what it says, what it keeps to itself, and how it ends."""

import asyncio
import contextlib
from pathlib import Path

import httpx2
import pytest

from tests.answers import until
from tests.emulators import STOREFRONT, Cdp, OrderCloud
from tests.processes import run, serving
from tests.servers import ADMIN_KEY, client, free_socket

_HERO = """
placement: hero
resource: me/products
decision: {flow: hero, segment: persona, cache: none}
rules:
  - {name: watches, when: {segment: vip}, query: {categoryID: mens-watches}}
default: {query: {categoryID: featured}}
allow: [search]
"""


@pytest.fixture
def environ(ordercloud: OrderCloud, cdp: Cdp, tmp_path: Path) -> dict[str, str]:
    (tmp_path / "hero.yaml").write_text(_HERO)
    settings = {
        "SERVER__PORT": "0",
        "SERVER__ADMIN_PORT": "0",
        "ADMIN__KEY": ADMIN_KEY,
        "ORDERCLOUD__URL": ordercloud.url,
        "ORDERCLOUD__CLIENTS": STOREFRONT,
        "CDP__URL": cdp.url,
        "CDP__CLIENT_KEY": "sandbox",
        "CDP__POINT_OF_SALE": "demo",
        "EVENTS__OUTBOX": str(tmp_path / "outbox.db"),
        "RULES__FOLDER": str(tmp_path),
        "LOG__LEVEL": "debug",
        "LOG__REQUESTS": "all",
    }
    return {f"DECISION_PROXY__{name}": value for name, value in settings.items()}


async def test_sigterm_lets_the_request_under_way_end(
    environ: dict[str, str], ordercloud: OrderCloud
) -> None:
    await ordercloud.fail("/v1/me/products", latency_ms=1500)
    headers = {"authorization": f"Bearer {await ordercloud.token()}"}
    async with (
        serving(environ) as process,
        client(process.shop_url) as shop,
        client(process.admin_url) as admin,
        asyncio.TaskGroup() as group,
    ):
        assert (await admin.get("/readyz")).status_code == 200
        under_way = group.create_task(shop.get("/placements/hero", headers=headers))
        await until(ordercloud.lists, bool)
        ended = group.create_task(process.end())
        await until(lambda: admin.get("/readyz"), lambda answer: answer.status_code == 503)
        await until(lambda: _is_refused(process.shop_url), bool)
        assert (await under_way).status_code == 200
        assert await ended == 0


async def _is_refused(url: str) -> bool:
    """Say whether nobody takes new connections there."""
    async with client(url) as newcomer:
        try:
            await newcomer.get("/")
        except httpx2.ConnectError:
            return True
    return False


async def test_no_log_line_of_a_failing_session_tells_a_token_or_a_query(
    environ: dict[str, str], ordercloud: OrderCloud, cdp: Cdp
) -> None:
    token = await ordercloud.token("alice")
    told = {"authorization": f"Bearer {token}", "x-browser-id": "secret-browser"}
    async with serving(environ) as process, client(process.shop_url) as shop:
        for fault in ({"status": 500}, {"drop": True}, {"body": "<html>"}):
            await cdp.fail("/v2/callFlows", **fault)
            await ordercloud.fail("/v1/me/products", **fault)
            answer = await shop.get("/placements/hero?search=secret-search", headers=told)
            assert answer.status_code >= 500
        for query in ("page=secret-page", "pageSize=0&token=secret-token", "browserId=!secret"):
            assert (await shop.get(f"/placements/hero?{query}", headers=told)).status_code == 400
        forged = {"authorization": f"Bearer {token}-secret"}
        assert (await shop.get("/placements/hero", headers=forged)).status_code == 401
        assert (await shop.get("/other?anonUserToken=secret", headers=told)).status_code == 404
        assert await process.end() == 0
    log = "".join(process.log)
    assert log.count('"message": "request"') == 8
    assert "secret" not in log
    assert token.rpartition(".")[2] not in log
    assert ADMIN_KEY not in log


async def test_no_log_line_of_calls_passed_through_tells_their_query_or_body(
    environ: dict[str, str], ordercloud: OrderCloud
) -> None:
    told = {
        "authorization": "Bearer secret",
        "x-browser-id": "secret-browser",
        "cookie": "a=secret",
    }
    async with serving(environ) as process, client(process.shop_url) as shop:
        for fault in ({}, {"status": 500}, {"drop": True}, {"truncate": 5}):
            await ordercloud.fail("/", **fault)
            for method, path in (
                ("PUT", "/v1/me/register?anonUserToken=secret"),
                ("POST", "/oauth/token?client_secret=secret"),
                ("GET", "/v1/me/orders?search=secret&anonUserToken=secret"),
                ("TRACE", "/v1/me?anonUserToken=secret"),
            ):
                with contextlib.suppress(httpx2.RemoteProtocolError):
                    form = {"username": "secret", "password": "secret"}
                    await shop.request(method, path, data=form, headers=told)
        assert await process.end() == 0
    log = "".join(process.log)
    assert log.count('"message": "request"') == 16
    assert "an answer broke off" in log
    assert "secret" not in log


@pytest.mark.parametrize("setting", ["SERVER__PORT", "SERVER__ADMIN_PORT"])
async def test_a_taken_port_is_said_plainly(environ: dict[str, str], setting: str) -> None:
    with free_socket() as taken:
        taken.listen()
        port = taken.getsockname()[1]
        process = await run("serve", environ={**environ, f"DECISION_PROXY__{setting}": str(port)})
        _, errors = await process.communicate()
    assert process.returncode == 1
    assert f"cannot listen on 127.0.0.1:{port}: Address already in use" in errors.decode()
    assert "Traceback" not in errors.decode()


async def test_a_setting_that_cannot_be_is_said_plainly(environ: dict[str, str]) -> None:
    wrong = {"DECISION_PROXY__CDP__TIMEOUT": "soon", "DECISION_PROXY__CPD__URL": "x"}
    process = await run("serve", environ={**environ, **wrong})
    _, errors = await process.communicate()
    assert process.returncode == 1
    assert "DECISION_PROXY__CPD__URL" in errors.decode()
    assert "Traceback" not in errors.decode()


async def test_rules_that_are_no_folder_are_said_plainly(environ: dict[str, str]) -> None:
    nowhere = {"DECISION_PROXY__RULES__FOLDER": "/nowhere/rules"}
    process = await run("serve", environ={**environ, **nowhere})
    _, errors = await process.communicate()
    assert process.returncode == 1
    assert "/nowhere/rules is not a folder" in errors.decode()
