"""Whole visits on the fake clock, as the demo's shops and campaigns live through them."""

from tests.sandbox.cdp.conftest import Cdp


async def _browse_search_add(cdp: Cdp) -> str:
    browser_id = await cdp.new_browser()
    await cdp.send(browser_id, "VIEW", page="/")
    await cdp.send(browser_id, "SEARCH", product_name="watch")
    await cdp.add(browser_id, "watch-1", price=199.5, quantity=2)
    await cdp.add(browser_id, "watch-2", price=50)
    await cdp.identify(browser_id, "acme-alice")
    return browser_id


async def test_a_cart_left_behind_is_written_about_once_with_its_revenue(cdp: Cdp) -> None:
    await _browse_search_add(cdp)
    await cdp.let_pass(minutes=29)
    assert await cdp.list_of("triggers") == []
    await cdp.let_pass(minutes=1)
    await cdp.let_pass(days=3)
    (fired,) = await cdp.list_of("triggers")
    assert (fired["flow"], fired["abandonedRevenue"], fired["status"]) == (
        "abandoned_cart",
        449,
        202,
    )
    assert fired["identifiers"] == {"ordercloud": "acme-alice"}
    (mail,) = await cdp.list_of("mails")
    assert mail == {
        "to": "alice@acme.example",
        "subject": "Alice, you left something in your cart",
        "productIds": ["watch-1", "watch-2"],
        "abandonedRevenue": 449,
        "offer": "Free shipping",
    }


async def test_a_cart_that_was_bought_is_not_written_about(cdp: Cdp) -> None:
    browser_id = await _browse_search_add(cdp)
    order = {
        "referenceId": "ORD-1",
        "orderedAt": "2026-11-23T12:00:00.000Z",
        "status": "PURCHASED",
        "currencyCode": "EUR",
        "price": 449,
        "paymentType": "Card",
        "cardType": "Visa",
        "orderItems": [{"productId": "watch-1", "quantity": 2, "price": 199.5}],
    }
    await cdp.send(browser_id, "ORDER_CHECKOUT", order=order)
    await cdp.send(browser_id, "CLEAR_CART")
    await cdp.let_pass(hours=1)
    assert await cdp.list_of("triggers") == []
    assert (await cdp.guest("acme-alice"))["sessions"][0]["cartType"] == "CONVERTED"


async def test_a_visitors_cart_is_not_written_about_for_want_of_an_address(cdp: Cdp) -> None:
    browser_id = await cdp.new_browser()
    await cdp.add(browser_id, "watch-1", price=100)
    await cdp.let_pass(hours=1)
    assert (await cdp.guest(browser_id))["sessions"][0]["cartType"] == "ABANDONED"
    assert await cdp.list_of("triggers") == []


async def test_two_orders_make_a_repeat_customer_of_a_stranger(cdp: Cdp) -> None:
    browser_id = await cdp.new_browser()
    await cdp.identify(browser_id, "acme-dora")
    for number in (1, 2):
        assert await cdp.decide("home_hero", browserId=browser_id) == {}
        order = {"referenceId": f"ORD-{number}", "status": "PURCHASED", "orderItems": []}
        await cdp.send(browser_id, "ORDER_CHECKOUT", order=order)
    assert await cdp.decide("home_hero", browserId=browser_id) == {"persona": "repeatCustomer"}
