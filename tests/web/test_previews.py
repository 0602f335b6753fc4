"""Previews: the shop as other shoppers see it, for who has the link, and nothing besides."""

from typing import Any

import httpx2
import pytest

from proxy.core import passes
from tests.answers import ids, personalization
from tests.conftest import StartGateway
from tests.emulators import Cdp, OrderCloud
from tests.servers import ADMIN_KEY, Gateway

_HERO = """placement: hero
resource: me/products
decision: {flow: hero, segment: persona}
rules:
  - name: christmas
    when: {segment: vip}
    schedule: {from: 2026-12-24, until: 2026-12-26}
    query: {categoryID: mens-watches, pageSize: 1}
  - {name: vips, when: {segment: vip}, query: {categoryID: mens-watches, pageSize: 2}}
  - name: split
    when: {segment: browser}
    experiment: {split: {a: 50, b: 50}}
    variants: {a: {query: {pageSize: 4}}, b: {query: {pageSize: 5}}}
default: {query: {categoryID: new, pageSize: 3}}
"""
_PLAIN = "placement: plain\nresource: me/products\ndefault: {query: {pageSize: 3}}\n"
_KEY = {"authorization": f"Bearer {ADMIN_KEY}"}


@pytest.fixture
async def running(gateway: StartGateway) -> Gateway:
    return await gateway({"hero.yaml": _HERO, "plain.yaml": _PLAIN})


async def _issue(gateway: Gateway, given: dict[str, Any], **body: Any) -> httpx2.Response:
    return await gateway.admin.post("/previews", json={"given": given, **body}, headers=_KEY)


async def _pass(gateway: Gateway, given: dict[str, Any]) -> str:
    answer = await _issue(gateway, given)
    assert answer.status_code == 201
    text: str = answer.json()["preview"]
    return text


async def _shown(gateway: Gateway, token: str, preview: str, name: str = "hero") -> httpx2.Response:
    return await gateway.get(f"/placements/{name}?preview={preview}", token)


async def test_the_list_is_that_of_the_shoppers_who_are_supposed(
    running: Gateway, ordercloud: OrderCloud, cdp: Cdp
) -> None:
    token = await ordercloud.token()
    for given, rule, count in (
        ({"segment": "vip", "at": "2026-11-01 09:00"}, "vips", 2),
        ({"segment": "vip", "at": "2026-12-24 09:00"}, "christmas", 1),
        ({}, "default", 3),
    ):
        shown = await _shown(running, token, await _pass(running, given))
        assert (personalization(shown)["rule"], len(ids(shown))) == (rule, count)
        assert shown.headers["personalization"].endswith(", preview")
    assert await cdp.calls() == []


async def test_so_it_is_for_several_at_once_whatever_they_go_by(
    running: Gateway, ordercloud: OrderCloud
) -> None:
    preview = await _pass(running, {"segment": "vip", "at": "2026-11-01 09:00"})
    path = f"/placements?names=hero,plain&preview={preview}"
    shown = (await running.get(path, await ordercloud.token())).json()
    assert [len(shown[name]["Items"]) for name in ("hero", "plain")] == [2, 3]


async def test_each_holder_sees_what_their_own_token_may(
    running: Gateway, ordercloud: OrderCloud
) -> None:
    preview = await _pass(running, {"group": ["vip"]})
    seen = {
        user: ids(await _shown(running, await ordercloud.token(user), preview, "plain"))
        for user in ("alice", "carol")
    }
    mine = ids(await running.get("/placements/plain", await ordercloud.token("carol")))
    assert seen["carol"] == mine != seen["alice"]
    assert (await _shown(running, "no-token", preview)).status_code == 401


async def test_nothing_of_it_is_repeated_or_counted(
    running: Gateway, ordercloud: OrderCloud, cdp: Cdp
) -> None:
    await cdp.decide("hero", {"persona": "vip"})
    token = await ordercloud.token()
    preview = await _pass(running, {"segment": "browser"})
    for _ in range(3):
        assert personalization(await _shown(running, token, preview))["rule"] == "split"
    traffic = (await running.operate("/traffic")).json()
    assert (traffic["counted"], traffic["others"]) == ([], 0)
    assert "decision_proxy_repeats_total{" not in (await running.operate("/metrics")).text
    usual = await running.get("/placements/hero", token)
    assert "preview" not in usual.headers["personalization"]


async def test_what_is_no_pass_that_holds_is_refused(
    running: Gateway, ordercloud: OrderCloud
) -> None:
    token = await ordercloud.token()
    over = passes.issue("{}", until=1.0, key=ADMIN_KEY)
    for text, why in (("forged", "not a preview"), ("", "not a preview"), (over, "is over")):
        answer = await _shown(running, token, text)
        assert (answer.status_code, why in answer.json()["detail"]) == (400, True)


async def test_without_an_admin_key_there_are_none(
    gateway: StartGateway, ordercloud: OrderCloud
) -> None:
    running = await gateway({"hero.yaml": _HERO}, admin={"key": None})
    text = passes.issue("{}", until=1e12, key="")
    answer = await _shown(running, await ordercloud.token(), text)
    assert (answer.status_code, "no admin key" in answer.json()["detail"]) == (400, True)


@pytest.mark.parametrize(
    ("body", "status", "told"),
    [
        ({"given": {"segmnet": "vip"}}, 422, "segment"),
        ({"given": {}, "hours": 0}, 400, "hours"),
        ({"given": {}, "hours": 169}, 400, "hours"),
        ({"given": {"output": {"ids": "p" * 3000}}}, 400, "too much"),
        ({}, 400, "given"),
    ],
)
async def test_what_cannot_be_given_is_told(
    running: Gateway, body: dict[str, Any], status: int, told: str
) -> None:
    answer = await running.admin.post("/previews", json=body, headers=_KEY)
    assert (answer.status_code, told in answer.json()["detail"]) == (status, True)
