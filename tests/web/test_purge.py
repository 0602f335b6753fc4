"""`POST /purge`: what it takes, what it refuses, and what is served after it."""

from typing import Any

import httpx2
import pytest

from proxy.web.purge import TAGS_MAX
from tests.answers import caches, ids
from tests.conftest import StartGateway
from tests.emulators import STOREFRONT, Cdp, OrderCloud
from tests.servers import ADMIN_KEY, Gateway

_RULES = {
    "list.yaml": "placement: list\nresource: me/products\ndefault: {query: {pageSize: 3}}",
    "hero.yaml": """
placement: hero
resource: me/products
decision: {flow: hero, segment: persona}
default: {query: {categoryID: featured, pageSize: 3}}
""",
}


async def purge(gateway: Gateway, body: object, key: str = ADMIN_KEY) -> httpx2.Response:
    headers = {"authorization": f"Bearer {key}"}
    return await gateway.admin.post("/purge", json=body, headers=headers)


@pytest.fixture
async def running(gateway: StartGateway) -> Gateway:
    return await gateway(_RULES)


async def test_what_is_purged_is_fetched_anew(running: Gateway, ordercloud: OrderCloud) -> None:
    token = await ordercloud.token()
    shown = ids(await running.get("/placements/list", token))
    assert caches(await running.get("/placements/list", token)) == {"page": "hit"}
    answer = await purge(running, {"tags": [f"product:{shown[0].upper()}"]})
    assert (answer.status_code, answer.json()["soft"]) == (200, False)
    assert caches(await running.get("/placements/list", token)) == {"page": "fwd=miss"}


async def test_a_soft_purge_lets_it_be_shown_once_more(
    running: Gateway, ordercloud: OrderCloud
) -> None:
    token = await ordercloud.token()
    await running.get("/placements/list", token)
    await purge(running, {"tags": ["resource:me/products"], "soft": True})
    stale = await running.get("/placements/list", token)
    assert "hit;ttl=0" in stale.headers["cache-status"]


async def test_what_shows_something_else_stays(running: Gateway, ordercloud: OrderCloud) -> None:
    token = await ordercloud.token()
    await running.get("/placements/list", token)
    await purge(running, {"tags": ["product:not-shown", "placement:hero", "category:featured"]})
    assert caches(await running.get("/placements/list", token)) == {"page": "hit"}


@pytest.mark.parametrize("tag", ["all", "placement:hero"])
async def test_a_placement_s_decisions_go_with_its_pages(
    running: Gateway, ordercloud: OrderCloud, cdp: Cdp, tag: str
) -> None:
    token = await ordercloud.token()
    await running.get("/placements/hero", token)
    assert (await purge(running, {"tags": [tag]})).status_code == 200
    both = {"decision": "fwd=miss", "page": "fwd=miss"}
    assert caches(await running.get("/placements/hero", token)) == both
    assert len(await cdp.calls()) == 2


async def test_pages_go_by_client_or_by_whose_own_they_are(
    running: Gateway, ordercloud: OrderCloud
) -> None:
    anybody, alice = await ordercloud.token(), await ordercloud.token("alice")
    for tag, kept in (
        ("scope:other-client", ["hit", "hit"]),
        ("scope:alice", ["hit", "fwd=miss"]),
        (f"scope:{STOREFRONT}", ["fwd=miss", "fwd=miss"]),
    ):
        for token in (anybody, alice):
            await running.get("/placements/list", token)
        await purge(running, {"tags": [tag]})
        answers = [await running.get("/placements/list", token) for token in (anybody, alice)]
        assert [caches(answer)["page"] for answer in answers] == kept


async def test_a_guest_s_decisions_go_and_pages_stay(
    running: Gateway, ordercloud: OrderCloud
) -> None:
    token, browser = await ordercloud.token(), {"x-browser-id": "b-1"}
    for tag, kept in (("guest:b-2", "hit"), ("guest:b-1", "fwd=miss")):
        await running.get("/placements/hero", token, browser)
        await purge(running, {"tags": [tag]})
        answer = await running.get("/placements/hero", token, browser)
        assert caches(answer) == {"decision": kept, "page": "hit"}


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({}, "tags"),
        ([], "object"),
        ({"tags": []}, "length"),
        ({"tags": "all"}, "array"),
        ({"tags": ["all"], "hard": True}, "hard"),
        ({"tags": ["all"], "soft": "yes"}, "bool"),
        ({"tags": [f"product:{number}" for number in range(TAGS_MAX + 1)]}, "length"),
        ({"tags": ["x" * 501]}, "length"),
        ({"tags": ["products:p1", "product:"]}, "'product:' names nothing"),
    ],
)
async def test_what_cannot_be_purged_is_told_and_nothing_is(
    running: Gateway, ordercloud: OrderCloud, body: Any, told: str
) -> None:
    token = await ordercloud.token()
    await running.get("/placements/list", token)
    answer = await purge(running, body)
    assert answer.status_code == 400
    assert answer.json()["type"] == "urn:decision-proxy:bad-request"
    assert told in answer.json()["detail"]
    assert caches(await running.get("/placements/list", token)) == {"page": "hit"}


async def test_too_large_a_body_is_not_read(running: Gateway) -> None:
    headers = {"authorization": f"Bearer {ADMIN_KEY}"}
    answer = await running.admin.post("/purge", content=b" " * 300_000, headers=headers)
    assert answer.status_code == 413


async def test_only_the_admin_purges_and_only_by_posting(running: Gateway) -> None:
    assert (await purge(running, {"tags": ["all"]}, key="wrong")).status_code == 401
    assert (await running.operate("/purge")).status_code == 405
    assert (await running.shop.post("/purge", json={"tags": ["all"]})).status_code == 404


async def test_purges_are_counted_by_kind(running: Gateway) -> None:
    await purge(running, {"tags": ["product:p1", "product:p2", "all"]})
    metrics = (await running.operate("/metrics")).text
    assert 'decision_proxy_purges_total{by="admin",tag="product"} 2.0' in metrics
    assert 'decision_proxy_purges_total{by="admin",tag="all"} 1.0' in metrics
