"""What a browser on another origin may do."""

import pytest

from proxy.web.origins import Origins
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


@pytest.mark.parametrize("origin", [_SHOP, "https://elsewhere.example", ""])
def test_every_answer_says_that_it_depends_on_the_origin(origin: str) -> None:
    asked = {b"origin": origin.encode()} if origin else {}
    assert (b"vary", b"Origin") in Origins([_SHOP]).headers(asked)


def test_where_all_may_each_is_named() -> None:
    headers = dict(Origins(["*"]).headers({b"origin": _SHOP.encode()}))
    assert headers[b"access-control-allow-origin"] == _SHOP.encode()
