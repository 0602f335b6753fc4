from tests.sandbox.cdp.conftest import Cdp

ALICE = {"provider": "ordercloud", "id": "acme-alice"}


async def test_a_flow_that_was_put_hides_the_seeds_until_it_is_deleted(cdp: Cdp) -> None:
    put = await cdp.put("home_hero", output={"persona": "put"})
    assert put.status_code == 204
    assert await cdp.decide("home_hero", identifiers=ALICE) == {"persona": "put"}
    deleted = await cdp.http.delete("/_sandbox/flows/home_hero")
    assert deleted.status_code == 204
    assert await cdp.decide("home_hero", identifiers=ALICE) == {"persona": "vip"}


async def test_only_a_flow_that_was_put_can_be_deleted(cdp: Cdp) -> None:
    assert (await cdp.http.delete("/_sandbox/flows/home_hero")).status_code == 404


async def test_a_flow_that_is_not_valid_is_refused_with_the_reason(cdp: Cdp) -> None:
    unknown = await cdp.put("x", output=1, models=["Nobody"])
    malformed = await cdp.put("x", outputs=1)
    assert (unknown.status_code, malformed.status_code) == (400, 400)
    assert "There is no model 'Nobody'" in unknown.json()["message"]
    assert "outputs" in malformed.json()["message"]


async def test_a_guest_is_shown_by_browser_identifier_and_reference(cdp: Cdp) -> None:
    browser_id = await cdp.new_browser()
    await cdp.identify(browser_id, "acme-alice")
    guest = await cdp.guest("acme-alice")
    assert guest == await cdp.guest(browser_id) == await cdp.guest(guest["ref"])
    assert guest["identifiers"] == [{"provider": "ordercloud", "id": "acme-alice"}]
    assert guest["browserIds"] == [browser_id]


async def test_a_guest_that_is_not_known_is_not_found(cdp: Cdp) -> None:
    assert (await cdp.http.get("/_sandbox/guests/nobody")).status_code == 404


async def test_what_has_no_route_gets_the_products_error_shape(cdp: Cdp) -> None:
    unknown, wrong_method = await cdp.http.get("/v9/any"), await cdp.http.get("/v2/callFlows")
    assert (unknown.status_code, unknown.json()["status"]) == (404, 404)
    assert (wrong_method.status_code, wrong_method.json()["status"]) == (405, 405)


async def test_injected_errors_have_the_products_own_shape(cdp: Cdp) -> None:
    await cdp.http.put("/_sandbox/faults", json={"match": "/v2/callFlows", "status": 503})
    response = await cdp.call("home_hero", identifiers=ALICE)
    assert (response.status_code, response.json()["status"]) == (503, 503)
    assert response.json().keys() >= {"code", "message", "developerMessage", "moreInfoUrl"}
