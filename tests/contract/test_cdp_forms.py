"""What CDP is asked by a whole gateway, in either form: directly, and through Sitecore Edge."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from tests.answers import personalization
from tests.conftest import StartGateway
from tests.emulators import Cdp, OrderCloud

_DIRECT: dict[str, Any] = {}
_EDGE = {"form": "edge", "context_id": "ctx", "site_id": "my shop", "client_key": ""}
_RULES = """
placement: hero
resource: me/categories
decision: {{flow: home_hero, segment: persona, {told}}}
rules:
  - {{name: vips, when: {{segment: vip}}, query: {{}}}}
default: {{query: {{}}}}
"""

both_forms = pytest.mark.parametrize("form", [_DIRECT, _EDGE], ids=["direct", "edge"])


class Asking:
    """A shop whose one placement tells its flow something."""

    def __init__(self, start: StartGateway, ordercloud: OrderCloud, cdp: Cdp) -> None:
        self._start = start
        self._ordercloud = ordercloud
        self._cdp = cdp

    async def ask(
        self,
        form: Mapping[str, Any],
        *,
        told: str = "",
        query: str = "",
        headers: Mapping[str, str] | None = None,
        user: str | None = "alice",
    ) -> dict[str, str]:
        """Ask for the placement; return what the gateway says of its decision."""
        rules = {"hero.yaml": _RULES.format(told=told)}
        shop = await self._start(rules, cdp=form)
        self.token = await self._ordercloud.token(user)
        answer = await shop.get(f"/placements/hero{query}", self.token, headers)
        assert answer.status_code == 200
        return personalization(answer)

    async def call(self) -> dict[str, Any]:
        """Return the one flow execution that CDP was asked for."""
        (call,) = [*await self._cdp.calls(), *await self._cdp.seen("/v1/personalize")]
        return call

    async def body(self) -> dict[str, Any]:
        body: dict[str, Any] = json.loads((await self.call())["body"])
        return body


@pytest.fixture
def shop(gateway: StartGateway, ordercloud: OrderCloud, cdp: Cdp) -> Asking:
    return Asking(gateway, ordercloud, cdp)


async def test_directly_the_tenant_is_named_in_the_body(shop: Asking) -> None:
    await shop.ask(_DIRECT)
    call, body = await shop.call(), await shop.body()
    assert (call["path"], call["query"]) == ("/v2/callFlows", "")
    assert (body["clientKey"], body["pointOfSale"]) == ("sandbox", "demo")


async def test_through_edge_the_context_and_the_site_stand_in_the_address(shop: Asking) -> None:
    await shop.ask(_EDGE)
    call, body = await shop.call(), await shop.body()
    assert call["path"] == "/v1/personalize"
    assert call["query"] == "sitecoreContextId=ctx&siteId=my+shop"
    assert (body["clientKey"], body["pointOfSale"]) == ("", "")


@both_forms
async def test_the_shipped_flow_knows_a_shopper_by_the_token(
    shop: Asking, form: dict[str, Any]
) -> None:
    shown = await shop.ask(form)
    assert (shown["segment"], shown["rule"], shown["decision"]) == ("vip", "vips", "fresh")
    body = await shop.body()
    assert body["identifiers"] == {"id": "acme-alice", "provider": "ordercloud"}
    assert "browserId" not in body
    assert (body["channel"], body["language"], body["currencyCode"]) == ("WEB", "EN", "USD")


@both_forms
async def test_identifiers_are_those_of_the_configured_provider(
    shop: Asking, form: dict[str, Any]
) -> None:
    shown = await shop.ask({**form, "identity_provider": "crm"})
    assert shown["rule"] == "default"
    assert (await shop.body())["identifiers"]["provider"] == "crm"


@both_forms
async def test_an_anonymous_shopper_is_known_by_the_cart(
    shop: Asking, form: dict[str, Any]
) -> None:
    await shop.ask(form, user=None)
    identifier = (await shop.body())["identifiers"]["id"]
    assert identifier.startswith("anon-")
    assert len(identifier) > len("anon-")


@both_forms
async def test_the_flow_is_told_constants_and_what_the_request_says(
    shop: Asking, form: dict[str, Any]
) -> None:
    told = "token: false, params: {shelf: top, size: 3, sale: true, q: {request: Term}}"
    await shop.ask(form, told=told, query="?TERM=red+shoes&term=blue&other=x")
    assert (await shop.body())["params"] == {
        "shelf": "top",
        "size": 3,
        "sale": True,
        "q": "red shoes",
    }


async def test_what_the_request_does_not_say_the_flow_is_not_told(shop: Asking) -> None:
    await shop.ask(_DIRECT, told="token: false, params: {q: {request: term}}")
    assert (await shop.body())["params"] == {}


@both_forms
async def test_the_token_is_handed_on_under_the_configured_name(
    shop: Asking, form: dict[str, Any]
) -> None:
    await shop.ask({**form, "token_param": "shopperToken"})
    assert (await shop.body())["params"] == {"shopperToken": shop.token}


@both_forms
async def test_a_placement_may_keep_the_token_to_itself(shop: Asking, form: dict[str, Any]) -> None:
    await shop.ask(form, told="token: false")
    assert shop.token not in (await shop.call())["body"]
    assert "authorization" not in (await shop.call())["headers"]


async def test_nothing_in_a_query_string_can_pose_as_the_token(shop: Asking) -> None:
    await shop.ask(_DIRECT, told="params: {ocToken: {request: t}}", query="?t=forged")
    assert (await shop.body())["params"] == {"ocToken": shop.token}


@both_forms
async def test_the_place_is_told_as_far_as_a_trusted_proxy_says_it(
    shop: Asking, form: dict[str, Any]
) -> None:
    trusted = {"city": "x-geo-city", "country": "X-Geo-Country", "region": "x-geo-region"}
    headers = {"X-Geo-City": "Cork", "x-geo-country": "IE", "x-forwarded-for": "1.2.3.4"}
    await shop.ask({**form, "geo_headers": trusted}, told="token: false", headers=headers)
    assert (await shop.body())["params"] == {"geo": {"city": "Cork", "country": "IE"}}
    assert "1.2.3.4" not in json.dumps(await shop.call())


async def test_without_a_trusted_proxy_no_header_says_where_a_shopper_is(shop: Asking) -> None:
    await shop.ask(_DIRECT, told="token: false", headers={"x-geo-city": "Cork"})
    assert (await shop.body())["params"] == {}


@both_forms
async def test_cdp_sees_the_shoppers_browser_and_not_the_gateways(
    shop: Asking, form: dict[str, Any]
) -> None:
    await shop.ask(form, headers={"user-agent": "Phone/1.0"})
    assert (await shop.call())["headers"]["user-agent"] == "Phone/1.0"
