import json
from typing import Any

from starlette.responses import PlainTextResponse

from tests.sandbox.cdp.conftest import Cdp, Endpoint

OFFER = {"name": "M", "decisions": [{"name": "Offer", "table": {"rules": [{"offer": "reminder"}]}}]}


def _flow(trigger: str, endpoint: Endpoint, **more: Any) -> dict[str, Any]:
    destination = {
        "name": "Receiver",
        "systemType": "DESTINATION",
        "method": "POST",
        "url": f"{endpoint.url}/hook",
        "headers": {"Content-Type": "application/json", "X-Key": "k"},
    }
    template = '{"who": "${guest.ref}", "what": "${event.type}", "which": "${entity.ref}"}'
    definition = {"template": template, "models": [OFFER], "destination": destination}
    return {"type": "TRIGGERED_V3", "trigger": trigger, **definition, **more}


async def test_a_triggered_flow_calls_its_destination_once_with_what_it_renders(
    cdp: Cdp, endpoint: Endpoint
) -> None:
    await cdp.put("hook", **_flow("SESSION_CLOSED", endpoint))
    browser_id = await cdp.new_browser()
    await cdp.send(browser_id, "VIEW")
    await cdp.send(browser_id, "FORCE_CLOSE")
    guest = await cdp.guest(browser_id)
    (request,), (body,) = endpoint.requests, map(json.loads, endpoint.bodies)
    assert (request.method, request.url.path, request.headers["x-key"]) == ("POST", "/hook", "k")
    session = guest["sessions"][0]["ref"]
    assert body == {"who": guest["ref"], "what": "SESSION_CLOSED", "which": session}
    (fired,) = await cdp.list_of("triggers")
    assert (fired["flow"], fired["status"], fired["error"]) == ("hook", 200, None)


async def test_the_call_is_made_before_the_clocks_answer(cdp: Cdp, endpoint: Endpoint) -> None:
    await cdp.put("hook", **_flow("SESSION_CLOSED", endpoint))
    await cdp.send(await cdp.new_browser(), "VIEW")
    await cdp.let_pass(minutes=31)
    assert len(endpoint.requests) == 1


async def test_every_kind_of_trigger_starts_its_flow(cdp: Cdp, endpoint: Endpoint) -> None:
    triggers = ("GUEST_CREATED", "ORDER_CREATED", "ORDER_UPDATED", "SESSION_CLOSED", "WISHED")
    for trigger in triggers:
        await cdp.put(f"on_{trigger.lower()}", **_flow(trigger, endpoint))
    browser_id = await cdp.new_browser()
    await cdp.send(browser_id, "WISHED")
    await cdp.add(browser_id, "watch-1", price=1)
    await cdp.send(browser_id, "CONFIRM", product=[{"item_id": "watch-1"}])
    for status in ("PURCHASED", "REFUNDED"):
        await cdp.send(browser_id, "CHECKOUT", reference_id="ORD-1", status=status)
    await cdp.send(browser_id, "FORCE_CLOSE")
    fired = [entry["trigger"] for entry in await cdp.list_of("triggers")]
    assert sorted(fired) == sorted(triggers)


async def test_without_an_offer_a_triggered_flow_does_not_run_through(
    cdp: Cdp, endpoint: Endpoint
) -> None:
    model = {"name": "M", "decisions": [{"name": "Nothing", "programmable": "1"}]}
    await cdp.put("hook", **_flow("WISHED", endpoint, models=[model]))
    await cdp.send(await cdp.new_browser(), "WISHED")
    assert await cdp.list_of("triggers") == endpoint.requests == []


async def test_a_condition_sees_guest_entity_and_event(cdp: Cdp, endpoint: Endpoint) -> None:
    condition = (
        "event.type === 'WISHED' && event.message.ref === entity.ref"
        " && guest.sessions[0].events[0].ref === entity.ref"
    )
    await cdp.put("yes", **_flow("WISHED", endpoint, audience=condition))
    await cdp.put("no", **_flow("WISHED", endpoint, audience="guest.guestType === 'customer'"))
    await cdp.send(await cdp.new_browser(), "WISHED")
    assert [entry["flow"] for entry in await cdp.list_of("triggers")] == ["yes"]


async def test_what_goes_wrong_with_a_trigger_can_be_seen(cdp: Cdp, endpoint: Endpoint) -> None:
    endpoint.answer = PlainTextResponse("busy", status_code=503)
    nowhere = {"name": "Nowhere", "method": "POST", "url": "http://127.0.0.1:1/"}
    await cdp.put("refused", **_flow("WISHED", endpoint))
    await cdp.put("unreachable", **_flow("WISHED", endpoint, destination=nowhere))
    await cdp.put("untold", **_flow("WISHED", endpoint, template="${guest.nickname}"))
    await cdp.put("nowhere_to_go", **_flow("WISHED", endpoint, destination=None))
    await cdp.send(await cdp.new_browser(), "WISHED")
    fired = {entry["flow"]: entry for entry in await cdp.list_of("triggers")}
    assert fired["refused"]["status"] == 503
    assert "ConnectError" in fired["unreachable"]["error"]
    assert "null or missing" in fired["untold"]["error"]
    assert (fired["nowhere_to_go"]["status"], fired["nowhere_to_go"]["error"]) == (None, None)
