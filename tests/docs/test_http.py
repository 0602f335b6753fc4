"""The calls that docs/http.md shows do what it says."""

import re
from pathlib import Path

import httpx2
import pytest

from tests.conftest import StartGateway
from tests.docs.pages import DOCS, Page
from tests.servers import ADMIN_KEY, Gateway

_ADMIN = Page((DOCS / "http.md").read_text("utf-8")).section("Admin")
_REST = "resource: me/products\ndefault: {query: {pageSize: 2}}\n"


@pytest.fixture
async def running(gateway: StartGateway) -> Gateway:
    return await gateway({"home-hero.yaml": f"placement: home-hero\n{_REST}"})


async def _call(gateway: Gateway, shown: str, **filled: str) -> httpx2.Response:
    """Make the call that is shown, with what a reader has to fill in."""
    head, _, body = shown.replace("<admin key>", ADMIN_KEY).partition("\n\n")
    asked, *lines = head.splitlines()
    method, path = asked.split()
    named = dict(line.split(": ", 1) for line in lines)
    return await gateway.admin.request(
        method, path, headers=named | filled, content=body.replace("…\n", _REST)
    )


async def test_the_shown_purge_purges(running: Gateway) -> None:
    (shown,) = _ADMIN.section("Purge").blocks("http")
    answer = await _call(running, shown)
    purged = ["product:watch-1", "placement:home-hero"]
    assert (answer.status_code, answer.json()) == (200, {"purged": purged, "soft": True})


async def test_the_shown_preview_is_one(running: Gateway) -> None:
    (shown,) = _ADMIN.section("Previews").blocks("http")
    answer = await _call(running, shown)
    assert (answer.status_code, answer.json().keys()) == (201, {"preview", "until"})


async def test_the_shown_edit_is_tried_out(running: Gateway, tmp_path: Path) -> None:
    (shown,) = _ADMIN.section("Rules").blocks("http")
    assert (await _call(running, shown)).status_code == 412
    etag = (await running.operate("/rules/home-hero")).headers["etag"]
    assert len(etag) == len(re.findall(r"If-Match: (.+)", shown)[0])
    tried = await _call(running, shown, **{"If-Match": etag})
    assert (tried.status_code, tried.json()["changes"]) == (200, [])
    assert sorted(path.name for path in (tmp_path / "rules").glob("*")) == ["home-hero.yaml"]
