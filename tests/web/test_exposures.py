"""CDP hears who saw which variant: once per browser, experiment and session."""

from pathlib import Path
from typing import Any

import pytest

from tests.answers import personalization, until
from tests.conftest import StartGateway
from tests.emulators import Cdp, OrderCloud
from tests.servers import Gateway

_RULES = {
    "hero.yaml": """
placement: hero
resource: me/products
rules:
  - name: sort-test
    when: {anonymous: true}
    experiment: {split: {a: 50, b: 50}}
    variants:
      a: {query: {sortBy: [Name], pageSize: 2}}
      b: {query: {sortBy: ["!Name"], pageSize: 2}}
default: {query: {pageSize: 2}}
""",
    "plain.yaml": "placement: plain\nresource: me/products\ndefault: {query: {pageSize: 2}}",
}


@pytest.fixture
async def shop(gateway: StartGateway, tmp_path: Path) -> Gateway:
    return await gateway(
        _RULES,
        events={"outbox": tmp_path / "outbox.db"},
        consent={"header": "X-Consent"},
        server={"drain": "1s"},
    )


async def _browser_id(cdp: Cdp) -> str:
    query = {"client_key": "sandbox", "message": "{}"}
    created = await cdp.http.get("/v1.2/browser/create.json", params=query)
    browser_id: str = created.json()["ref"]
    return browser_id


async def _told(cdp: Cdp, count: int) -> list[dict[str, Any]]:
    async def ask() -> list[dict[str, Any]]:
        return [event["message"] for event in (await cdp.http.get("/_sandbox/events")).json()]

    return await until(ask, lambda messages: len(messages) >= count)


async def test_a_shown_variant_is_told_once(
    shop: Gateway, ordercloud: OrderCloud, cdp: Cdp
) -> None:
    token, first, second = await ordercloud.token(), await _browser_id(cdp), await _browser_id(cdp)
    variants = []
    for browser_id in (first, first, second):
        headers = {"x-browser-id": browser_id, "x-consent": "1"}
        variants.append(personalization(await shop.get("/placements/hero", token, headers)))
    told = await _told(cdp, 2)
    assert [(one["type"], one["browser_id"], one["ext"]) for one in told] == [
        (
            "EXPERIMENT_EXPOSURE",
            browser_id,
            {"placement": "hero", "rule": "sort-test", "variant": shown["variant"]},
        )
        for browser_id, shown in ((first, variants[0]), (second, variants[2]))
    ]


@pytest.mark.parametrize(
    ("placement", "headers"),
    [
        ("plain", {"x-consent": "1", "x-browser-id": "b"}),
        ("hero", {"x-consent": "1"}),
        ("hero", {"x-browser-id": "b"}),
    ],
    ids=["no experiment", "no browser", "no consent"],
)
async def test_what_is_no_exposure_is_not_told(
    shop: Gateway, ordercloud: OrderCloud, cdp: Cdp, placement: str, headers: dict[str, str]
) -> None:
    token = await ordercloud.token()
    await shop.get(f"/placements/{placement}", token, headers)
    shown = {"x-browser-id": await _browser_id(cdp), "x-consent": "1"}
    await shop.get("/placements/hero", token, shown)
    assert [one["browser_id"] for one in await _told(cdp, 1)] == [shown["x-browser-id"]]
