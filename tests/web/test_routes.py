"""What a browser on another origin may do, and which routes there are."""

import pytest

from tests.conftest import StartGateway
from tests.emulators import OrderCloud

_LIST = {"list.yaml": "placement: list\nresource: me/products\ndefault: {query: {}}"}
_SHOP = "https://shop.example"
_CORS = {"cors_origins": [_SHOP]}


def _preflight(origin: str, method: str = "GET", header: str = "authorization") -> dict[str, str]:
    return {
        "origin": origin,
        "access-control-request-method": method,
        "access-control-request-headers": header,
    }


@pytest.mark.parametrize("header", ["Authorization", "X-Browser-Id", "X-Request-Id"])
async def test_a_storefront_may_ask_with_the_headers_of_the_contract(
    gateway: StartGateway, header: str
) -> None:
    running = await gateway(_LIST, server=_CORS)
    preflight = _preflight(_SHOP, header=header)
    answer = await running.shop.options("/placements/list", headers=preflight)
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == _SHOP
    assert answer.headers["access-control-allow-credentials"] == "true"
    assert header in answer.headers["access-control-allow-headers"]


@pytest.mark.parametrize(
    "preflight",
    [
        _preflight("https://elsewhere.example"),
        _preflight("null"),
        _preflight(_SHOP, method="TRACE"),
        _preflight(_SHOP, header="x-anything"),
    ],
)
async def test_nobody_else_may_and_nothing_else(
    gateway: StartGateway, preflight: dict[str, str]
) -> None:
    running = await gateway(_LIST, server=_CORS)
    answer = await running.shop.options("/placements/list", headers=preflight)
    assert answer.status_code == 400


async def test_a_storefront_s_script_may_read_what_explains_the_answer(
    gateway: StartGateway, ordercloud: OrderCloud
) -> None:
    running = await gateway(_LIST, server=_CORS)
    answer = await running.get("/placements/list", await ordercloud.token(), {"origin": _SHOP})
    assert answer.headers["access-control-allow-origin"] == _SHOP
    exposed = set(answer.headers["access-control-expose-headers"].split(", "))
    explaining = {
        "Age",
        "Cache-Status",
        "ETag",
        "Personalization",
        "Retry-After",
        "Server-Timing",
        "X-Request-Id",
    }
    assert explaining <= exposed
    assert "Origin" in answer.headers["vary"].split(", ")


async def test_it_may_read_refusals_too(gateway: StartGateway) -> None:
    running = await gateway(_LIST, server=_CORS)
    answer = await running.get("/placements/list", headers={"origin": _SHOP})
    assert answer.status_code == 401
    assert answer.headers["access-control-allow-origin"] == _SHOP


async def test_without_configured_origins_no_browser_elsewhere_may_read_anything(
    gateway: StartGateway, ordercloud: OrderCloud
) -> None:
    running = await gateway(_LIST)
    answer = await running.get("/placements/list", await ordercloud.token(), {"origin": _SHOP})
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize(
    "path", ["/placements/list/more", "/placements/a%2Fb", "//placements/list"]
)
async def test_a_placement_is_one_segment_of_the_path(gateway: StartGateway, path: str) -> None:
    running = await gateway(_LIST)
    assert (await running.get(path)).status_code == 404
