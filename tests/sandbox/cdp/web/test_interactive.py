import json
from typing import Any

import pytest

from tests.sandbox.cdp.conftest import Cdp

ALICE = {"provider": "ordercloud", "id": "acme-alice"}


async def test_the_body_is_the_variants_output_without_an_envelope(cdp: Cdp) -> None:
    await cdp.put("banner", output={"title": "Hello", "n": [1, 2]})
    response = await cdp.call("banner", browserId=await cdp.new_browser())
    assert response.json() == {"title": "Hello", "n": [1, 2]}
    assert response.headers["content-type"] == "application/json"


async def test_a_body_may_be_an_array_at_the_root(cdp: Cdp) -> None:
    await cdp.put("list", template="[1, 2]")
    assert await cdp.decide("list", identifiers=ALICE) == [1, 2]


async def test_an_unknown_flow_is_a_success_that_executed_nothing(cdp: Cdp) -> None:
    response = await cdp.call("nowhere", identifiers=ALICE)
    assert response.status_code == 200
    assert response.json() == {"message": "No flow executed"}


@pytest.mark.parametrize(
    ("definition", "runs"),
    [
        ({"status": "LIVE"}, True),
        ({"status": "PAUSED"}, False),
        ({"status": "DRAFT"}, False),
        ({"allocation": 0}, False),
        ({"audience": "guest.firstName === 'Alice'"}, True),
        ({"audience": "guest.firstName === 'Bob'"}, False),
        ({"audience": "nonsense.that.throws"}, False),
        ({"schedule": {"startDate": "2020-01-01"}}, True),
        ({"schedule": {"endDate": "2020-01-01"}}, False),
        ({"channels": ["WEB"]}, True),
        ({"channels": ["EMAIL"]}, False),
    ],
)
async def test_a_flow_runs_only_where_its_definition_says(
    cdp: Cdp, definition: dict[str, Any], *, runs: bool
) -> None:
    await cdp.put("gated", output={"ran": True}, **definition)
    expected = {"ran": True} if runs else {"message": "No flow executed"}
    assert await cdp.decide("gated", identifiers=ALICE) == expected


async def test_a_star_runs_the_first_flow_by_id_that_lets_the_guest_in(cdp: Cdp) -> None:
    await cdp.put("hero_a", output="a", audience="false")
    await cdp.put("hero_c", output="c")
    await cdp.put("hero_b", output="b")
    assert await cdp.decide("hero_*", identifiers=ALICE) == "b"


async def test_a_triggered_flow_cannot_be_called(cdp: Cdp) -> None:
    assert await cdp.decide("abandoned_cart", identifiers=ALICE) == {"message": "No flow executed"}


@pytest.mark.parametrize(
    "guest_keys",
    [
        {},
        {"email": "alice@acme.example", "identifiers": ALICE},
        {"browserId": "b", "email": "alice@acme.example"},
        {"browserId": 7},
        {"identifiers": [ALICE]},
    ],
)
async def test_exactly_one_well_formed_guest_key_is_needed(
    cdp: Cdp, guest_keys: dict[str, Any]
) -> None:
    assert (await cdp.call("home_hero", **guest_keys)).status_code == 400


@pytest.mark.parametrize(
    ("attributes", "status"),
    [
        ({"clientKey": "other"}, 401),
        ({"clientKey": ""}, 401),
        ({"clientKey": ["sandbox"]}, 401),
        ({"channel": ["WEB"]}, 400),
        ({"pointOfSale": "nowhere"}, 400),
        ({"pointOfSale": ""}, 400),
        ({"channel": "PIGEON"}, 400),
        ({"friendlyId": "Home-Hero"}, 400),
        ({"friendlyId": None}, 400),
        ({"browserId": "1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed", "identifiers": None}, 404),
    ],
)
async def test_a_bad_call_gets_the_error_envelope(
    cdp: Cdp, attributes: dict[str, Any], status: int
) -> None:
    response = await cdp.call(**{"friendly_id": "home_hero", "identifiers": ALICE} | attributes)
    error = response.json()
    assert (response.status_code, error["status"]) == (status, status)
    assert error.keys() == {"status", "code", "message", "developerMessage", "moreInfoUrl"}


async def test_errors_say_what_sitecores_say(cdp: Cdp) -> None:
    stranger = "1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed"
    unknown = (await cdp.call("home_hero", browserId=stranger)).json()
    assert unknown["message"] == f"Could not find browser with ref {stranger} for client sandbox"
    nowhere = (await cdp.call("home_hero", identifiers=ALICE, pointOfSale="mars")).json()
    assert 'The request contains invalid point of sale "mars"' in nowhere["message"]
    assert "demo" in nowhere["message"]


@pytest.mark.parametrize("body", ["", "[]", "nonsense"])
async def test_a_body_that_is_no_json_object_is_refused(cdp: Cdp, body: str) -> None:
    assert (await cdp.http.post("/v2/callFlows", content=body)).status_code == 400


async def test_a_template_that_uses_what_is_missing_fails_the_call(cdp: Cdp) -> None:
    await cdp.put("broken", template='{"x": "${guest.nickname}"}')
    response = await cdp.call("broken", identifiers=ALICE)
    assert response.status_code == 500
    assert response.json()["message"].startswith("Templating transformation failed")
    assert "evaluated to null or missing: guest.nickname" in response.json()["message"]


async def test_the_edge_form_names_a_context_instead_of_key_and_point_of_sale(cdp: Cdp) -> None:
    call = {
        "clientKey": "",
        "pointOfSale": "",
        "channel": "WEB",
        "friendlyId": "home_hero",
        "guestRef": "somebody else's",
        "browserId": await cdp.new_browser(),
    }
    by_query = await cdp.http.post("/v1/personalize?sitecoreContextId=any&siteId=any", json=call)
    by_header = await cdp.http.post(
        "/v1/personalize", json=call, headers={"x-sitecore-contextid": "any"}
    )
    assert (by_query.status_code, by_header.status_code) == (200, 200)
    assert by_query.json() == by_header.json() == {}


async def test_language_currency_and_channel_may_be_left_out_and_unknown_keys_stand(
    cdp: Cdp,
) -> None:
    call = {
        "clientKey": "sandbox",
        "pointOfSale": "demo",
        "friendlyId": "home_hero",
        "identifiers": ALICE,
        "page": "/",
    }
    assert (await cdp.http.post("/v2/callFlows", json=call)).json() == {"persona": "vip"}


@pytest.mark.parametrize(
    ("identifier", "decisions"),
    [
        (
            "acme-alice",
            {
                "home_hero": {"persona": "vip"},
                "recommended": {
                    "productIds": ["watch-7", "watch-1", "p2"],
                    "strategy": "vip-watches",
                },
                "category_spotlight": {"category": "mens-watches"},
                "offers": {"audience": "vip"},
            },
        ),
        (
            "acme-bob",
            {
                "home_hero": {"persona": "repeatCustomer"},
                "recommended": {"productIds": ["p1", "p2", "p3"], "strategy": "bestsellers"},
                "category_spotlight": {"category": "mens-watches"},
                "offers": {"audience": "repeatCustomer"},
            },
        ),
        (
            "globex-carol",
            {
                "home_hero": {"persona": "browser"},
                "category_spotlight": {},
                "offers": {"audience": "newVisitor"},
            },
        ),
        (
            "nobody-known",
            {
                "home_hero": {},
                "recommended": {"productIds": ["p1", "p2", "p3"], "strategy": "bestsellers"},
                "category_spotlight": {},
                "offers": {"audience": "newVisitor"},
            },
        ),
    ],
)
async def test_the_seeded_flows_know_the_seeded_guests(
    cdp: Cdp, identifier: str, decisions: dict[str, Any]
) -> None:
    key = {"provider": "ordercloud", "id": identifier}
    assert {flow: await cdp.decide(flow, identifiers=key) for flow in decisions} == decisions


async def test_a_guest_can_be_named_by_email(cdp: Cdp) -> None:
    assert await cdp.decide("home_hero", email="Alice@acme.example") == {"persona": "vip"}
    assert await cdp.decide("home_hero", email="nobody@acme.example") == {}


async def test_a_visitor_becomes_new_visitor_with_the_second_view(cdp: Cdp) -> None:
    browser_id = await cdp.new_browser()
    await cdp.send(browser_id, "VIEW")
    assert await cdp.decide("home_hero", browserId=browser_id) == {}
    await cdp.send(browser_id, "VIEW")
    assert await cdp.decide("home_hero", browserId=browser_id) == {"persona": "newVisitor"}


async def test_variants_are_sticky_by_guest_and_follow_the_split(cdp: Cdp) -> None:
    browsers = [await cdp.new_browser() for _ in range(30)]
    first = [(await cdp.decide("welcome", browserId=b))["variant"] for b in browsers]
    again = [(await cdp.decide("welcome", browserId=b))["variant"] for b in browsers]
    assert first == again
    assert set(first) == {"a", "b"}


async def test_executions_with_a_browser_are_recorded_in_its_open_session(cdp: Cdp) -> None:
    browser_id = await cdp.new_browser()
    await cdp.send(browser_id, "VIEW")
    await cdp.decide("recommended", browserId=browser_id)
    (session,) = (await cdp.guest(browser_id))["sessions"]
    tracking, view = session["events"]
    assert (tracking["type"], view["type"]) == ("TRACKING", "VIEW")
    execution = tracking["arbitraryData"]["flowExecution"]
    assert (execution["status"], execution["flowFriendlyId"]) == ("SUCCESS", "recommended")
    (result,) = map(json.loads, execution["decision"]["results"])
    assert result["products"]["ids"] == {"0": "p1", "1": "p2", "2": "p3"}


async def test_a_result_over_the_limit_is_recorded_as_empty(cdp: Cdp) -> None:
    many = {"name": "Many", "programmable": "new Array(5000).fill('xy')"}
    await cdp.put("long", output=1, models=[{"name": "M", "decisions": [many]}])
    browser_id = await cdp.new_browser()
    await cdp.decide("long", browserId=browser_id)
    (event,) = (await cdp.guest(browser_id))["sessions"][0]["events"]
    assert event["arbitraryData"]["flowExecution"]["decision"]["results"] == [""]


async def test_each_execution_by_identifier_is_a_closed_session_of_its_own(cdp: Cdp) -> None:
    for _ in range(2):
        await cdp.decide("home_hero", identifiers=ALICE)
    sessions = (await cdp.guest("acme-alice"))["sessions"]
    assert [session["status"] for session in sessions] == ["CLOSED", "CLOSED"]
    assert len({session["flowExecutionRef"] for session in sessions}) == 2


async def test_preflight_lets_the_sdks_headers_through(cdp: Cdp) -> None:
    headers = {
        "origin": "http://shop.example",
        "access-control-request-method": "POST",
        "access-control-request-headers": "content-type,x-library-version,x-client-software-id,"
        "x-sc-correlation-id",
    }
    response = await cdp.http.request("OPTIONS", "/v1/personalize", headers=headers)
    assert response.status_code == 200
    assert response.headers["access-control-allow-origin"] == "*"
