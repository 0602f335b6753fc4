import logging
import re

import pytest

from tests.conftest import StartGateway
from tests.emulators import OrderCloud
from tests.servers import Gateway

_LIST = {"list.yaml": "placement: list\nresource: me/products\ndefault: {query: {}}"}


async def _counted(running: Gateway) -> list[str]:
    """Return the labels of the requests that were counted."""
    text = (await running.operate("/metrics")).text
    return re.findall(r"decision_proxy_requests_total\{(.*?)\} ", text)


class TestRequestId:
    @pytest.mark.parametrize("given", ["a", "web-1.2_3", "x" * 64])
    async def test_a_sane_one_is_kept(self, gateway: StartGateway, given: str) -> None:
        running = await gateway(_LIST)
        answer = await running.get("/placements/list", headers={"x-request-id": given})
        assert answer.headers["x-request-id"] == given
        assert answer.json()["request_id"] == given

    @pytest.mark.parametrize("given", ["", "x" * 65, "a b", "a;b", "<script>", 'a"b'])
    async def test_any_other_is_replaced(self, gateway: StartGateway, given: str) -> None:
        running = await gateway(_LIST)
        answer = await running.get("/placements/list", headers={"x-request-id": given})
        assert re.fullmatch(r"[0-9a-f]{32}", answer.headers["x-request-id"])

    async def test_each_request_has_one_of_its_own(self, gateway: StartGateway) -> None:
        running = await gateway(_LIST)
        answers = [await running.get("/placements/list") for _ in range(2)]
        assert len({answer.headers["x-request-id"] for answer in answers}) == 2


class TestMetrics:
    async def test_requests_are_counted_by_route_and_never_by_path(
        self, gateway: StartGateway, ordercloud: OrderCloud
    ) -> None:
        running = await gateway(_LIST)
        await running.get("/placements/list", await ordercloud.token())
        for path in ("/placements/one", "/placements/two", "/any", "/where", "/placements"):
            await running.get(path)
        counted = await _counted(running)
        assert sorted(counted) == [
            'method="GET",route="/placements",status="400"',
            'method="GET",route="/placements/{name}",status="200"',
            'method="GET",route="/placements/{name}",status="404"',
            'method="GET",route="none",status="404"',
        ]

    async def test_placements_are_counted_by_what_was_shown(
        self, gateway: StartGateway, ordercloud: OrderCloud
    ) -> None:
        running = await gateway(_LIST)
        token = await ordercloud.token()
        for _ in range(2):
            await running.get("/placements/list", token)
        text = (await running.operate("/metrics")).text
        shown = 'decision="fresh",placement="list",reason="no-decision",rule="default"'
        assert f"decision_proxy_placements_total{{{shown}}} 2.0" in text
        assert 'decision_proxy_pages_total{freshness="cached",placement="list"} 1.0' in text
        assert 'upstream_seconds_count{outcome="200",upstream="ordercloud"} 1.0' in text

    async def test_nothing_that_a_caller_makes_up_becomes_a_label(
        self, gateway: StartGateway, ordercloud: OrderCloud
    ) -> None:
        running = await gateway(_LIST)
        token = await ordercloud.token()
        for number in range(5):
            query = f"browserId=b-{number}&search=made-up-{number}"
            headers = {"x-request-id": f"made-up-{number}", "user-agent": f"made-up-{number}"}
            await running.get(f"/placements/made-up-{number}?{query}", token, headers)
            await running.get(f"/made-up-{number}", token, headers)
            await running.get(f"/placements?names=made-up-{number}", token, headers)
        text = (await running.operate("/metrics")).text
        assert "made-up" not in text
        assert "b-1" not in text


class TestLog:
    @pytest.mark.parametrize(
        ("requests", "logged"), [("none", []), ("errors", [404]), ("all", [404, 200])]
    )
    async def test_requests_are_logged_as_configured(
        self,
        gateway: StartGateway,
        ordercloud: OrderCloud,
        caplog: pytest.LogCaptureFixture,
        *,
        requests: str,
        logged: list[int],
    ) -> None:
        caplog.set_level(logging.INFO, "proxy.requests")
        running = await gateway(_LIST, log={"requests": requests})
        await running.get("/placements/unknown?secret=1", headers={"x-request-id": "r-1"})
        await running.get("/placements/list", await ordercloud.token())
        lines = [record.__dict__ for record in caplog.records if record.name == "proxy.requests"]
        assert [line["status"] for line in lines] == logged
        if lines:
            assert lines[0]["request_id"] == "r-1"
            assert lines[0]["path"] == "/placements/unknown"
            assert lines[0]["ms"] >= 0
