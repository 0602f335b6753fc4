"""`POST /events` and `/browser`, from a storefront's script to the guest at CDP."""

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.answers import until
from tests.conftest import StartGateway
from tests.emulators import Cdp, OrderCloud
from tests.servers import Gateway

_RULES = {"fixed.yaml": "placement: fixed\nresource: me/products\ndefault: {query: {}}"}
_BROWSER = {"user-agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"}
_VIEW = {"type": "VIEW", "page": "/"}

Shop = Callable[..., Awaitable[Gateway]]


@pytest.fixture
def shop(gateway: StartGateway, tmp_path: Path) -> Shop:
    """Start a gateway that has an outbox."""

    async def start(**sections: Mapping[str, Any]) -> Gateway:
        outbox = {"outbox": tmp_path / "outbox.db", **sections.pop("events", {})}
        sections = {"server": {"drain": "1s", **sections.pop("server", {})}, **sections}
        return await gateway(_RULES, events=outbox, **sections)

    return start


async def _browser_id(shop: Gateway) -> str:
    answer = await shop.get("/browser", headers=_BROWSER)
    shop.shop.cookies.clear()
    browser_id: str = answer.json()["browserId"]
    return browser_id


async def _report(
    shop: Gateway, told: object, token: str | None = None, **headers: str
) -> httpx2.Response:
    credentials = {"authorization": f"Bearer {token}"} if token else {}
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return await shop.shop.post("/events", json=told, headers={**credentials, **sent})


async def _received(cdp: Cdp, count: int) -> list[dict[str, Any]]:
    """Return the first *count* messages that CDP has taken, once they are there."""

    async def ask() -> list[dict[str, Any]]:
        return [event["message"] for event in (await cdp.http.get("/_sandbox/events")).json()]

    return await until(ask, lambda messages: len(messages) >= count)


class TestReports:
    async def test_a_view_reaches_the_guest_of_the_browser(self, shop: Shop, cdp: Cdp) -> None:
        running = await shop()
        browser_id = await _browser_id(running)
        told = {**_VIEW, "browserId": browser_id, "utm_source": "news", "ext": {"a": 1}}
        answer = await _report(running, told)
        assert (answer.status_code, answer.json()) == (202, {"accepted": 1})
        (message,) = await _received(cdp, 1)
        del message["requested_at"]
        assert message == {
            "type": "VIEW",
            "browser_id": browser_id,
            "page": "/",
            "utm_source": "news",
            "ext": {"a": 1},
            "client_key": "sandbox",
            "channel": "WEB",
            "pos": "demo",
            "language": "EN",
            "currency": "USD",
        }

    async def test_the_browser_id_may_stand_in_header_or_cookie(self, shop: Shop, cdp: Cdp) -> None:
        running = await shop()
        first, second = [await _browser_id(running) for _ in range(2)]
        await _report(running, _VIEW, x_browser_id=first)
        await _report(running, _VIEW, cookie=f"bid_sandbox={second}")
        assert [one["browser_id"] for one in await _received(cdp, 2)] == [first, second]

    async def test_a_beacon_s_plain_text_is_read(self, shop: Shop, cdp: Cdp) -> None:
        running = await shop()
        headers = {"content-type": "text/plain;charset=UTF-8"}
        body = f'[{{"type":"QUIZ","browserId":"{await _browser_id(running)}"}}]'
        answer = await running.shop.post("/events", content=body, headers=headers)
        assert answer.status_code == 202
        assert [one["type"] for one in await _received(cdp, 1)] == ["QUIZ"]

    async def test_a_report_sent_twice_counts_once(self, shop: Shop, cdp: Cdp) -> None:
        running = await shop()
        told = {**_VIEW, "browserId": await _browser_id(running), "id": "once"}
        for _ in range(2):
            assert (await _report(running, told)).status_code == 202
        await _report(running, {**told, "id": "other", "page": "/last"})
        assert [one["page"] for one in await _received(cdp, 2)] == ["/", "/last"]

    async def test_who_has_logged_in_is_told_first_and_once(
        self, shop: Shop, cdp: Cdp, ordercloud: OrderCloud
    ) -> None:
        running = await shop()
        told = {**_VIEW, "browserId": await _browser_id(running)}
        alice, bob = [await ordercloud.token(name) for name in ("alice", "bob")]
        for token in (alice, alice, bob, alice):
            await _report(running, told, token)
        messages = await _received(cdp, 7)
        assert [one["type"] for one in messages] == [
            *("IDENTITY", "VIEW", "VIEW"),
            *("IDENTITY", "VIEW"),
            *("IDENTITY", "VIEW"),
        ]
        assert messages[0]["identifiers"] == [{"provider": "ordercloud", "id": "acme-alice"}]

    async def test_who_has_not_logged_in_stays_a_visitor(
        self, shop: Shop, cdp: Cdp, ordercloud: OrderCloud
    ) -> None:
        running = await shop()
        told = {**_VIEW, "browserId": await _browser_id(running)}
        await _report(running, told, await ordercloud.token())
        assert [one["type"] for one in await _received(cdp, 1)] == ["VIEW"]

    async def test_a_token_that_is_not_accepted_is_refused(self, shop: Shop) -> None:
        running = await shop()
        answer = await _report(running, {**_VIEW, "browserId": "b"}, "e30.e30.e30")
        assert answer.status_code == 401

    async def test_every_mistake_is_named_and_nothing_taken(self, shop: Shop, cdp: Cdp) -> None:
        running = await shop()
        told = [{**_VIEW, "browserId": "b"}, {"type": "ADD"}, {"type": "VIEW"}]
        answer = await _report(running, told)
        problem = answer.json()
        assert answer.headers["content-type"] == "application/problem+json"
        assert (problem["status"], problem["type"]) == (400, "urn:decision-proxy:invalid-events")
        assert problem["mistakes"] == [
            "1.type: ADD is reserved; choose another type",
            "2.page: Field required",
        ]
        assert await cdp.seen("/v1.2/events") == []

    @pytest.mark.parametrize(
        "told",
        [_VIEW, [{**_VIEW, "browserId": "a"}, {**_VIEW, "browserId": "b"}]],
        ids=["none", "two"],
    )
    async def test_a_batch_comes_from_one_browser(self, shop: Shop, told: object) -> None:
        answer = await _report(await shop(), told)
        assert answer.status_code == 400
        assert answer.json()["mistakes"][0].startswith("browserId: ")

    async def test_a_body_too_large_is_not_read(self, shop: Shop) -> None:
        running = await shop()
        answer = await running.shop.post("/events", content=b" " * 70_000)
        assert (answer.status_code, answer.json()["type"]) == (413, "urn:decision-proxy:too-large")

    async def test_a_full_outbox_asks_to_come_again(self, shop: Shop, cdp: Cdp) -> None:
        await cdp.fail("/v1.2/events", status=503)
        running = await shop(events={"size": "256KiB"})
        told = [{**_VIEW, "browserId": "b", "ext": {"a": "x" * 2000}}] * 25
        answers = [await _report(running, told) for _ in range(12)]
        assert answers[0].status_code == 202
        assert answers[-1].status_code == 503
        assert int(answers[-1].headers["retry-after"]) > 0

    async def test_cdp_away_delays_no_answer_and_loses_nothing(self, shop: Shop, cdp: Cdp) -> None:
        running = await shop()
        told = {**_VIEW, "browserId": await _browser_id(running)}
        await cdp.fail("/v1.2/events", hang=True)
        assert (await _report(running, told)).status_code == 202

    async def test_a_shop_of_another_origin_may_report(self, shop: Shop) -> None:
        running = await shop(
            server={"cors_origins": "https://shop.example"}, consent={"header": "X-Consent"}
        )
        headers = {
            "origin": "https://shop.example",
            "access-control-request-method": "POST",
            "access-control-request-headers": "authorization,content-type,x-browser-id,x-consent",
        }
        answer = await running.shop.options("/events", headers=headers)
        assert answer.status_code == 200
        assert answer.headers["access-control-allow-origin"] == "https://shop.example"

    async def test_what_was_taken_and_delivered_is_counted(self, shop: Shop) -> None:
        running = await shop()
        browser_id = await _browser_id(running)
        await _report(running, [_VIEW, {"type": "QUIZ"}], x_browser_id=browser_id)

        async def ask() -> str:
            return (await running.operate("/metrics")).text

        metrics = await until(ask, lambda text: 'settled_total{outcome="delivered"} 2.0' in text)
        assert 'decision_proxy_events_recorded_total{type="VIEW"} 1.0' in metrics
        assert 'decision_proxy_events_recorded_total{type="custom"} 1.0' in metrics

    async def test_readiness_depends_on_the_worker(self, shop: Shop) -> None:
        running = await shop()
        parts = (await running.admin.get("/readyz")).json()["parts"]
        assert parts["events"] == {"ready": True}
        running.health.is_delivering = lambda: False
        assert (await running.admin.get("/readyz")).status_code == 503


class TestBrowserIds:
    async def test_a_new_visitor_gets_an_id_of_cdp_s_and_a_cookie(
        self, shop: Shop, cdp: Cdp
    ) -> None:
        running = await shop()
        answer = await running.get("/browser", headers=_BROWSER)
        browser_id = answer.json()["browserId"]
        assert (await cdp.http.get(f"/_sandbox/guests/{browser_id}")).status_code == 200
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith(f"bid_sandbox={browser_id}; Max-Age=63072000; Path=/;")
        assert "Secure" in cookie
        assert answer.headers["cache-control"] == "private, no-store"

    async def test_who_has_an_id_keeps_it(self, shop: Shop, cdp: Cdp) -> None:
        running = await shop()
        headers = {**_BROWSER, "cookie": "bid_sandbox=mine"}
        assert (await running.get("/browser", headers=headers)).json() == {"browserId": "mine"}
        assert await cdp.seen("/v1.2/browser") == []

    @pytest.mark.parametrize(
        "user_agent",
        ["", "Googlebot/2.1 (+http://www.google.com/bot.html)", "curl/8.5.0", "python-requests/2"],
    )
    async def test_robots_get_none(self, shop: Shop, cdp: Cdp, user_agent: str) -> None:
        answer = await (await shop()).get("/browser", headers={"user-agent": user_agent})
        assert answer.json() == {"browserId": None}
        assert "set-cookie" not in answer.headers
        assert await cdp.seen("/v1.2/browser") == []

    async def test_looking_is_not_asking(self, shop: Shop, cdp: Cdp) -> None:
        await (await shop()).shop.head("/browser", headers=_BROWSER)
        assert await cdp.seen("/v1.2/browser") == []

    async def test_without_cdp_there_is_a_problem_and_no_id(self, shop: Shop, cdp: Cdp) -> None:
        await cdp.fail("/v1.2/browser", status=500)
        answer = await (await shop()).get("/browser", headers=_BROWSER)
        assert answer.status_code == 502

    async def test_a_shopper_can_be_forgotten(
        self, shop: Shop, cdp: Cdp, ordercloud: OrderCloud
    ) -> None:
        running = await shop()
        mine = {"x-browser-id": await _browser_id(running)}
        await cdp.fail("/v1.2/events", status=500)
        await _report(running, _VIEW, await ordercloud.token("alice"), **mine)
        answer = await running.shop.delete("/browser", headers=mine)
        assert answer.status_code == 204
        assert 'bid_sandbox=""' in answer.headers["set-cookie"]
        await cdp.recover()
        other = await _browser_id(running)
        await _report(running, _VIEW, x_browser_id=other)
        assert {one["browser_id"] for one in await _received(cdp, 1)} == {other}


class TestConsent:
    @pytest.fixture
    async def strict(self, shop: Shop) -> Gateway:
        return await shop(consent={"header": "X-Consent", "cookie": "consent"})

    @pytest.mark.parametrize("headers", [{}, {"x-consent": "0"}, {"cookie": "consent=denied"}])
    async def test_without_it_there_is_neither_id_nor_event(
        self, strict: Gateway, cdp: Cdp, headers: dict[str, str]
    ) -> None:
        answer = await strict.get("/browser", headers={**_BROWSER, **headers})
        assert answer.json() == {"browserId": None, "reason": "no-consent"}
        told = {**_VIEW, "browserId": "b"}
        reported = await strict.shop.post("/events", json=told, headers=headers)
        assert (reported.status_code, reported.json()["accepted"]) == (200, 0)
        assert await cdp.seen("/v1.2/") == []

    @pytest.mark.parametrize("headers", [{"x-consent": "1"}, {"cookie": "consent=granted"}])
    async def test_with_it_there_are_both(
        self, strict: Gateway, cdp: Cdp, headers: dict[str, str]
    ) -> None:
        answer = await strict.get("/browser", headers={**_BROWSER, **headers})
        told = {**_VIEW, **answer.json()}
        strict.shop.cookies.clear()
        assert (await strict.shop.post("/events", json=told, headers=headers)).status_code == 202
        assert len(await _received(cdp, 1)) == 1


async def test_without_an_outbox_there_are_no_events(gateway: StartGateway) -> None:
    running = await gateway(_RULES)
    assert (await _report(running, _VIEW)).status_code == 404
