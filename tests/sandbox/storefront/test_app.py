import re
import socket
from pathlib import Path

import httpx2
import pytest

import sandbox.storefront.app as storefront
from sandbox.server import running

_PAGE = Path(storefront.__file__).parent / "page"


async def _get(path: str) -> httpx2.Response:
    app = storefront.build(gateway_url="http://gateway.test:1", cdp_url="http://cdp.test:2")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        async with running(app, listener) as url, httpx2.AsyncClient(base_url=url) as client:
            return await client.get(path)


async def test_the_page_and_its_parts_are_served() -> None:
    page = await _get("/")
    assert page.headers["content-type"].startswith("text/html")
    for part in re.findall(r'(?:src|href)="([a-z.]+)"', page.text):
        assert (await _get(f"/{part}")).status_code == 200


async def test_the_page_is_told_where_everything_is() -> None:
    config = (await _get("/config.json")).json()
    assert config["gateway"] == "http://gateway.test:1"
    assert config["cdp"] == "http://cdp.test:2"
    assert config["ordercloud"] == "http://127.0.0.1:8101"


@pytest.mark.parametrize("part", ["index.html", "shop.css", "shop.js", "cart.js"])
def test_the_page_needs_nothing_from_outside(part: str) -> None:
    assert "://" not in (_PAGE / part).read_text()
