from typing import Any

import pytest

from tests.sandbox.cdp.conftest import Cdp


async def _closed_session(cdp: Cdp, browser_id: str) -> dict[str, Any]:
    await cdp.send(browser_id, "FORCE_CLOSE")
    session: dict[str, Any] = (await cdp.guest(browser_id))["sessions"][0]
    return session


async def test_identity_merges_the_visitors_browsing_into_the_known_profile(cdp: Cdp) -> None:
    browser_id = await cdp.new_browser()
    visitor = (await cdp.guest(browser_id))["ref"]
    await cdp.send(browser_id, "VIEW")
    assert await cdp.decide("home_hero", browserId=browser_id) == {}
    await cdp.identify(browser_id, "acme-alice")
    merged = await cdp.guest(browser_id)
    assert (merged["firstName"], merged["guestType"]) == ("Alice", "customer")
    assert merged["browserIds"] == [browser_id]
    assert "VIEW" in [event["type"] for event in merged["sessions"][0]["events"]]
    assert await cdp.decide("home_hero", browserId=browser_id) == {"persona": "vip"}
    retired = await cdp.guest(visitor)
    assert (retired["guestType"], retired["sessions"]) == ("retired", [])


async def test_identity_of_somebody_new_makes_the_visitor_a_customer(cdp: Cdp) -> None:
    browser_id = await cdp.new_browser()
    visitor = (await cdp.guest(browser_id))["ref"]
    await cdp.identify(browser_id, "acme-dora", email="d@acme.example", firstname="Dora")
    guest = await cdp.guest("acme-dora")
    assert (guest["ref"], guest["guestType"]) == (visitor, "customer")
    assert (guest["email"], guest["emails"], guest["firstName"]) == (
        "d@acme.example",
        ["d@acme.example"],
        "Dora",
    )


@pytest.mark.parametrize(
    "identifiers",
    [
        [{"provider": "newsletter", "id": "acme-alice"}],
        {"provider": "newsletter", "id": "acme-alice"},
        [{"id": "acme-alice"}],
        None,
    ],
)
async def test_only_identifiers_of_the_identity_rules_tell_who_somebody_is(
    cdp: Cdp, identifiers: Any
) -> None:
    browser_id = await cdp.new_browser()
    email = "alice@acme.example"
    await cdp.send(browser_id, "IDENTITY", identifiers=identifiers, email=email)
    guest = await cdp.guest(browser_id)
    assert (guest["guestType"], guest["email"]) == ("visitor", email)


async def test_customers_are_not_merged_when_a_browser_changes_hands(cdp: Cdp) -> None:
    browser_id = await cdp.new_browser()
    await cdp.identify(browser_id, "acme-alice")
    await cdp.identify(browser_id, "acme-bob")
    alice, bob = await cdp.guest("acme-alice"), await cdp.guest("acme-bob")
    assert (alice["guestType"], bob["guestType"]) == ("customer", "customer")
    assert (alice["browserIds"], bob["browserIds"]) == ([], [browser_id])
    assert [session["status"] for session in alice["sessions"]] == ["CLOSED"]


async def test_a_second_unknown_identity_on_a_browser_is_a_new_guest(cdp: Cdp) -> None:
    browser_id = await cdp.new_browser()
    await cdp.identify(browser_id, "acme-dora")
    await cdp.identify(browser_id, "acme-emil")
    assert (await cdp.guest("acme-dora"))["ref"] != (await cdp.guest("acme-emil"))["ref"]


async def test_a_cart_left_behind_is_abandoned_with_the_sum_of_its_lines(cdp: Cdp) -> None:
    browser_id = await cdp.new_browser()
    await cdp.add(browser_id, "watch-1", price=100, quantity=2)
    await cdp.add(browser_id, "watch-2", price=50.5)
    session = await _closed_session(cdp, browser_id)
    assert (session["cartType"], session["abandonedRevenue"]) == ("ABANDONED", 250.5)


async def test_a_later_add_of_the_same_item_replaces_the_line(cdp: Cdp) -> None:
    browser_id = await cdp.new_browser()
    await cdp.add(browser_id, "watch-1", price=100, quantity=2)
    await cdp.add(browser_id, "watch-1", price=100, quantity=1)
    assert (await _closed_session(cdp, browser_id))["abandonedRevenue"] == 100


@pytest.mark.parametrize("quantity", [0, -1])
async def test_an_add_of_nothing_or_less_takes_the_line_out(cdp: Cdp, quantity: int) -> None:
    browser_id = await cdp.new_browser()
    await cdp.add(browser_id, "watch-1", price=100)
    await cdp.add(browser_id, "watch-1", price=100, quantity=quantity)
    assert (await _closed_session(cdp, browser_id))["cartType"] == "BROWSED"


async def test_a_line_without_a_usable_price_or_quantity_counts_as_one_for_nothing(
    cdp: Cdp,
) -> None:
    browser_id = await cdp.new_browser()
    await cdp.send(browser_id, "ADD", product={"item_id": "gift", "price": "free"})
    session = await _closed_session(cdp, browser_id)
    assert (session["cartType"], session["abandonedRevenue"]) == ("ABANDONED", 0)


async def test_a_cleared_cart_is_not_abandoned_unless_something_is_added_again(cdp: Cdp) -> None:
    browser_id = await cdp.new_browser()
    await cdp.add(browser_id, "watch-1", price=100)
    await cdp.send(browser_id, "CLEAR_CART")
    assert (await _closed_session(cdp, browser_id))["cartType"] == "CLOSED"
    await cdp.send(browser_id, "CLEAR_CART")
    await cdp.add(browser_id, "watch-2", price=70)
    again = await _closed_session(cdp, browser_id)
    assert (again["cartType"], again["abandonedRevenue"]) == ("ABANDONED", 70)


async def test_checkout_turns_the_confirmed_products_into_an_order(cdp: Cdp) -> None:
    browser_id = await cdp.new_browser()
    await cdp.add(browser_id, "watch-1", price=100, quantity=2)
    await cdp.add(browser_id, "watch-2", price=70)
    await cdp.send(browser_id, "CONFIRM", product=[{"item_id": "watch-1"}, {"item_id": "never"}])
    await cdp.send(browser_id, "CHECKOUT", reference_id="ORD-1", status="PURCHASED", currency="EUR")
    await cdp.send(browser_id, "PAYMENT", pay_type="Card")
    guest = await cdp.guest(browser_id)
    (order,) = guest["orders"]
    assert [item["item_id"] for item in order["orderItems"]] == ["watch-1"]
    assert (order["referenceId"], order["status"], order["price"], order["paymentType"]) == (
        "ORD-1",
        "PURCHASED",
        200,
        "Card",
    )
    assert (await _closed_session(cdp, browser_id))["cartType"] == "CONVERTED"


async def test_a_payment_without_an_order_is_passed_over(cdp: Cdp) -> None:
    browser_id = await cdp.new_browser()
    assert (await cdp.send(browser_id, "PAYMENT", pay_type="Card")).status_code == 201
    assert (await cdp.guest(browser_id))["orders"] == []


async def test_a_cancelled_checkout_changes_the_order_it_names(cdp: Cdp) -> None:
    browser_id = await cdp.new_browser()
    await cdp.add(browser_id, "watch-1", price=100)
    await cdp.send(browser_id, "CONFIRM", product=[{"item_id": "watch-1"}])
    await cdp.send(browser_id, "CHECKOUT", reference_id="ORD-1", status="PURCHASED")
    await cdp.send(browser_id, "CHECKOUT", reference_id="ORD-1", status="CANCELLED")
    assert [o["status"] for o in (await cdp.guest(browser_id))["orders"]] == ["CANCELLED"]


async def test_order_checkout_needs_an_identified_guest(cdp: Cdp) -> None:
    browser_id = await cdp.new_browser()
    order = {"referenceId": "ORD-1", "status": "PURCHASED", "price": 501, "orderItems": []}
    await cdp.send(browser_id, "ORDER_CHECKOUT", order=order)
    assert (await cdp.guest(browser_id))["orders"] == []
    await cdp.identify(browser_id, "acme-bob")
    await cdp.send(browser_id, "ORDER_CHECKOUT", order=order)
    assert [o["referenceId"] for o in (await cdp.guest("acme-bob"))["orders"]] == ["ORD-1"]
    assert (await _closed_session(cdp, browser_id))["cartType"] == "CONVERTED"
