import json
from typing import Any

import pytest

from tests.sandbox.cdp.conftest import Cdp

EDGE = "/v1/events/v1.2"
CONTEXT = "sitecoreContextId=any&siteId=any"


@pytest.mark.parametrize(
    "path",
    [
        "/v1.2/browser/create.json?client_key=sandbox&message={}",
        f"{EDGE}/browser/create.json?sitecoreContextId=any&client_key=",
    ],
)
async def test_create_issues_a_browser_id_and_its_guest(cdp: Cdp, path: str) -> None:
    created = (await cdp.http.get(path)).json()
    assert created.keys() == {"status", "version", "client_key", "ref", "customer_ref"}
    assert (created["status"], created["version"]) == ("OK", "1.2")
    assert (await cdp.guest(created["ref"]))["ref"] == created["customer_ref"]


async def test_create_refuses_a_foreign_client_key(cdp: Cdp) -> None:
    response = await cdp.http.get("/v1.2/browser/create.json?client_key=other&message={}")
    assert response.status_code == 401


@pytest.mark.parametrize("prefix", ["/v1.2", EDGE])
async def test_show_tells_the_guest_of_a_browser(cdp: Cdp, prefix: str) -> None:
    browser_id = await cdp.new_browser()
    path = f"{prefix}/browser/{browser_id}/show.json?client_key=sandbox&api_token="
    guest = (await cdp.guest(browser_id))["ref"]
    assert (await cdp.http.get(path)).json() == {"customer": {"ref": guest}}


async def test_show_does_not_know_a_made_up_browser(cdp: Cdp) -> None:
    response = await cdp.http.get("/v1.2/browser/made-up/show.json?client_key=sandbox")
    assert response.status_code == 404
    assert response.json().keys() == {"error_msg", "moreInfo"}


async def test_an_event_is_created_directly_and_accepted_through_the_edge(cdp: Cdp) -> None:
    browser_id = await cdp.new_browser()
    direct = await cdp.send(browser_id, "VIEW")
    message = {"client_key": "", "pos": "", "type": "VIEW", "browser_id": browser_id}
    edge = await cdp.http.post(f"{EDGE}/events?{CONTEXT}", json=message)
    assert (direct.status_code, edge.status_code) == (201, 200)
    assert direct.json()["status"] == edge.json()["status"] == "OK"
    (session,) = (await cdp.guest(browser_id))["sessions"]
    assert [event["type"] for event in session["events"]] == ["VIEW", "VIEW"]


async def test_an_event_can_come_by_get(cdp: Cdp) -> None:
    browser_id = await cdp.new_browser()
    message = {"type": "SEARCH", "pos": "demo", "browser_id": browser_id, "product_name": "WATCH"}
    parameters = {"client_key": "sandbox", "message": json.dumps(message)}
    response = await cdp.http.get("/v1.2/event/create.json", params=parameters)
    assert response.status_code == 201
    (event,) = (await cdp.guest(browser_id))["sessions"][0]["events"]
    assert event["arbitraryData"] == {"product_name": "WATCH"}


@pytest.mark.parametrize("message", ["", "[]", "{"])
async def test_a_get_message_that_is_no_object_is_refused(cdp: Cdp, message: str) -> None:
    parameters = {"client_key": "sandbox", "message": message}
    response = await cdp.http.get("/v1.2/event/create.json", params=parameters)
    assert response.status_code == 400


@pytest.mark.parametrize(
    ("attributes", "status"),
    [
        ({"type": ""}, 400),
        ({"type": None}, 400),
        ({"browser_id": None}, 400),
        ({"browser_id": "never-issued"}, 404),
        ({"client_key": "other"}, 401),
    ],
)
async def test_a_bad_event_is_refused(cdp: Cdp, attributes: dict[str, Any], status: int) -> None:
    message = {
        "client_key": "sandbox",
        "pos": "demo",
        "type": "VIEW",
        "browser_id": await cdp.new_browser(),
    }
    response = await cdp.http.post("/v1.2/events", json=message | attributes)
    assert (response.status_code, response.json()["status"]) == (status, status)


async def test_an_event_for_an_unknown_point_of_sale_is_dropped_but_can_be_seen(cdp: Cdp) -> None:
    browser_id = await cdp.new_browser()
    response = await cdp.send(browser_id, "VIEW", pos="mars")
    assert response.status_code == 201
    assert (await cdp.guest(browser_id))["sessions"] == []
    (logged,) = await cdp.list_of("events")
    assert logged["dropped"] == "unknown pos 'mars'"
    assert logged["message"]["browser_id"] == browser_id


async def test_sessions_are_kept_by_browser_channel_and_point_of_sale(cdp: Cdp) -> None:
    browser_id = await cdp.new_browser()
    for channel in ("WEB", "MOBILE_APP", "WEB"):
        await cdp.send(browser_id, "VIEW", channel=channel)
    sessions = (await cdp.guest(browser_id))["sessions"]
    events = {session["channel"]: len(session["events"]) for session in sessions}
    assert events == {"WEB": 2, "MOBILE_APP": 1}


async def test_an_idle_session_closes_after_the_point_of_sales_timeout(cdp: Cdp) -> None:
    browser_id = await cdp.new_browser()
    await cdp.send(browser_id, "VIEW")
    await cdp.let_pass(minutes=29)
    await cdp.send(browser_id, "VIEW")
    await cdp.let_pass(minutes=29)
    assert [s["status"] for s in (await cdp.guest(browser_id))["sessions"]] == ["OPEN"]
    await cdp.let_pass(minutes=1)
    await cdp.send(browser_id, "VIEW")
    newest, oldest = (await cdp.guest(browser_id))["sessions"]
    assert (newest["status"], oldest["status"]) == ("OPEN", "CLOSED")
    assert oldest["cartType"] == "BROWSED"
    assert oldest["endedAt"] - oldest["events"][0]["createdAt"] == 30 * 60 * 1000


async def test_force_close_ends_the_session_at_once(cdp: Cdp) -> None:
    browser_id = await cdp.new_browser()
    await cdp.send(browser_id, "FORCE_CLOSE", _bx_extended_message="1")
    (session,) = (await cdp.guest(browser_id))["sessions"]
    assert session["status"] == "CLOSED"
