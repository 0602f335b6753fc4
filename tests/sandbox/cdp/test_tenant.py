from pathlib import Path

from tests.sandbox.cdp.conftest import Cdp, ServeCdp


async def test_batch_segments_are_written_to_guests_at_midnight(cdp: Cdp) -> None:
    await cdp.set_clock("2026-11-23T20:00:00Z")
    browser_id = await cdp.new_browser()
    await cdp.identify(browser_id, "acme-bob")
    order = {"referenceId": "ORD-1", "status": "PURCHASED", "orderItems": []}
    await cdp.send(browser_id, "ORDER_CHECKOUT", order=order)
    assert "segmentMemberships" not in await cdp.guest("acme-bob")
    await cdp.set_clock("2026-11-24T00:00:01Z")
    assert (await cdp.guest("acme-bob"))["segmentMemberships"] == [{"name": "buyers"}]
    assert (await cdp.guest("acme-alice"))["segmentMemberships"] == []


async def test_a_flow_can_be_kept_for_a_segments_members(cdp: Cdp) -> None:
    await cdp.set_clock("2026-11-23T20:00:00Z")
    member = "(guest.segmentMemberships || []).some(one => one.name === 'frequent_visitors')"
    await cdp.put("for_members", output={"member": True}, audience=member)
    browser_id = await cdp.new_browser()
    for _ in range(3):
        await cdp.send(browser_id, "VIEW")
        await cdp.let_pass(minutes=40)
    nothing = {"message": "No flow executed"}
    assert await cdp.decide("for_members", browserId=browser_id) == nothing
    await cdp.set_clock("2026-11-24T00:00:01Z")
    assert await cdp.decide("for_members", browserId=browser_id) == {"member": True}


async def test_visitors_are_forgotten_after_six_months_and_customers_are_not(
    cdp: Cdp,
) -> None:
    visitor, customer = await cdp.new_browser(), await cdp.new_browser()
    await cdp.identify(customer, "acme-dora")
    await cdp.let_pass(days=200)
    assert (await cdp.call("home_hero", browserId=visitor)).status_code == 404
    assert (await cdp.call("home_hero", browserId=customer)).status_code == 200


async def test_session_traits_of_customers_are_computed_when_the_session_closes(cdp: Cdp) -> None:
    visitor, customer = await cdp.new_browser(), await cdp.new_browser()
    await cdp.identify(customer, "acme-dora")
    for browser_id in (visitor, customer):
        await cdp.send(browser_id, "VIEW")
        await cdp.send(browser_id, "VIEW")
        await cdp.send(browser_id, "FORCE_CLOSE")
    assert (await cdp.guest(customer))["traits"]["session"] == {"page_views": {"value": 2}}
    assert (await cdp.guest(visitor))["traits"]["session"] == {}


async def test_a_trait_that_fails_leaves_the_others_alone(
    tmp_path: Path, serve_cdp: ServeCdp
) -> None:
    (tmp_path / "tenant.yaml").write_text(
        """
        clientKey: sandbox
        pointsOfSale: [{name: demo}]
        identityRules: [ordercloud]
        offers: [{key: reminder, name: Reminder}, {key: free-shipping, name: Free shipping}]
        sessionTraits:
          - {friendlyId: broken, value: guest.no.such}
          - {friendlyId: fine, value: "1"}
        """
    )
    async with serve_cdp(data=tmp_path) as cdp:
        browser_id = await cdp.new_browser()
        await cdp.identify(browser_id, "acme-dora")
        await cdp.send(browser_id, "FORCE_CLOSE")
        traits = (await cdp.guest(browser_id))["traits"]["session"]
    assert traits == {"fine": {"value": 1}}


async def test_a_reset_brings_the_seed_back(cdp: Cdp) -> None:
    browser_id = await cdp.new_browser()
    await cdp.put("home_hero", output={"persona": "put"})
    await cdp.http.post("/_sandbox/reset")
    assert (await cdp.call("home_hero", browserId=browser_id)).status_code == 404
    alice = {"provider": "ordercloud", "id": "acme-alice"}
    assert await cdp.decide("home_hero", identifiers=alice) == {"persona": "vip"}
