"""CDP's event stream, against the sandbox."""

import time
from collections.abc import AsyncIterator
from email.utils import formatdate
from typing import Any

import msgspec
import pytest

from proxy.edge.events import EventStream
from proxy.edge.http import Upstream, connected
from proxy.errors import EventRefused, UpstreamBroken, UpstreamError, UpstreamFailed
from proxy.sections import Cdp as CdpConfig
from tests.emulators import Cdp

_DIRECT = {"form": "direct", "client_key": "sandbox", "point_of_sale": "demo"}
_EDGE = {"form": "edge", "context_id": "ctx", "site_id": "site"}


@pytest.fixture
async def upstream(cdp: Cdp) -> AsyncIterator[Upstream]:
    async with connected(name="cdp", url=cdp.url, limit_s=5, in_flight=4) as upstream:
        yield upstream


def _stream(upstream: Upstream, settings: dict[str, str] = _DIRECT) -> EventStream:
    config = {**settings, "url": "http://127.0.0.1:1"}
    return EventStream(upstream, CdpConfig.model_validate(config))


def _view(browser_id: str) -> bytes:
    return msgspec.json.encode({"type": "VIEW", "browser_id": browser_id, "page": "/"})


async def _received(cdp: Cdp) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = (await cdp.http.get("/_sandbox/events")).json()
    return events


@pytest.mark.parametrize("settings", [_DIRECT, _EDGE], ids=["direct", "edge"])
async def test_an_event_of_an_issued_browser_reaches_its_guest(
    upstream: Upstream, cdp: Cdp, settings: dict[str, str]
) -> None:
    stream = _stream(upstream, settings)
    browser_id = await stream.create_browser()
    await stream.send(_view(browser_id))
    (event,) = await _received(cdp)
    assert event["dropped"] is None
    assert event["message"]["browser_id"] == browser_id


async def test_the_tenant_s_attributes_are_added(upstream: Upstream, cdp: Cdp) -> None:
    stream = _stream(upstream)
    await stream.send(_view(await stream.create_browser()))
    (event,) = await _received(cdp)
    message = event["message"]
    assert (message["client_key"], message["channel"], message["pos"]) == ("sandbox", "WEB", "demo")


async def test_an_unknown_browser_id_is_never_taken(upstream: Upstream) -> None:
    with pytest.raises(EventRefused, match="CDP answered 404"):
        await _stream(upstream).send(_view("unknown"))


@pytest.mark.parametrize("status", [401, 403, 429, 500, 503])
async def test_what_is_not_about_the_event_may_pass(
    upstream: Upstream, cdp: Cdp, status: int
) -> None:
    await cdp.fail("/v1.2/events", status=status)
    with pytest.raises(UpstreamFailed, match=f"CDP answered {status}"):
        await _stream(upstream).send(_view("b"))


@pytest.mark.parametrize(
    ("said", "wait_s"),
    [
        ("7200", 7200.0),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
        ("Wed, 21 Oct 2015 07:29:30", 0.0),
        ("soon", 0.0),
        ("-5", 0.0),
    ],
)
async def test_cdp_says_for_how_long_it_wants_to_be_left_alone(
    upstream: Upstream, cdp: Cdp, said: str, wait_s: float
) -> None:
    await cdp.fail("/v1.2/events", status=429, headers={"retry-after": said})
    with pytest.raises(UpstreamFailed) as failure:
        await _stream(upstream).send(_view("b"))
    assert failure.value.retry_after_s == wait_s


async def test_cdp_may_say_so_by_a_date(upstream: Upstream, cdp: Cdp) -> None:
    until = formatdate(time.time() + 7200, usegmt=True)
    await cdp.fail("/v1.2/events", status=429, headers={"retry-after": until})
    with pytest.raises(UpstreamFailed) as failure:
        await _stream(upstream).send(_view("b"))
    assert failure.value.retry_after_s == pytest.approx(7200, abs=600)


async def test_no_browser_id_is_invented(upstream: Upstream, cdp: Cdp) -> None:
    await cdp.fail("/v1.2/browser", status=500)
    with pytest.raises(UpstreamError):
        await _stream(upstream).create_browser()
    await cdp.fail("/v1.2/browser", status=200, body="<html>")
    with pytest.raises(UpstreamBroken):
        await _stream(upstream).create_browser()
