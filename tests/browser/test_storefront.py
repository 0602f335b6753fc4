"""The demo as a visitor sees it."""

from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, ViewportSize, expect

from tests.answers import until
from tests.demo import Demo

pytestmark = [
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.xdist_group("browser"),  # one demo and one browser serve them all
]

_SHOPPERS = ("anonymous", "alice", "bob", "carol")
_PHONE: ViewportSize = {"width": 390, "height": 844}


@pytest_asyncio.fixture(loop_scope="module")
async def shop(browser: Browser, demo: Demo) -> AsyncIterator[Page]:
    """Open the shop as a new visitor; afterwards put the sandbox back to its seed."""
    page = await browser.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    await page.goto(demo.storefront)
    await _settle(page)
    yield page
    await page.close()
    async with httpx2.AsyncClient() as client:
        await client.post(f"{demo.cdp}/_sandbox/reset")
        await client.post(f"{demo.ordercloud}/_sandbox/reset")
    assert complaints == []


async def _settle(page: Page) -> None:
    """Wait until no placement waits for its list any more."""
    await expect(page.locator("[data-placement]:not([aria-busy=false])")).to_have_count(0)


async def _pick(page: Page, name: str, value: str) -> None:
    """Choose a radio button, and wait for the lists that follow from it."""
    button = page.locator(f"input[name={name}][value={value}]")
    if not await button.is_checked():
        async with page.expect_response("**/placements/for-you"):
            await button.check()
        await _settle(page)


async def _products(page: Page, placement: str) -> list[str]:
    """Return the IDs shown, once every picture has been drawn."""
    tiles = f"[data-placement={placement}] [data-product-id]"
    drawn = "img => img.every(one => one.naturalWidth > 0)"
    pictures = f"({drawn})([...document.querySelectorAll('{tiles} img')])"
    await page.wait_for_function(pictures)
    shown = page.locator(tiles)
    assert await shown.locator("img").count() == await shown.count()
    ids: list[str] = await shown.evaluate_all("tiles => tiles.map(one => one.dataset.productId)")
    return ids


async def _why(page: Page, placement: str, fact: str) -> str:
    strip = page.locator(f"[data-placement={placement}] [data-why={fact}]")
    return await strip.inner_text()


async def test_each_shopper_sees_other_products_with_pictures(shop: Page) -> None:
    seen = {}
    for shopper in _SHOPPERS:
        await _pick(shop, "shopper", shopper)
        seen[shopper] = tuple(await _products(shop, "home-hero"))
    assert all(seen.values())
    assert len(set(seen.values())) == len(_SHOPPERS)


async def test_each_shopper_is_offered_other_promotions(shop: Page) -> None:
    codes = shop.locator("[data-placement=offers] [data-promotion-id] code")
    await _pick(shop, "shopper", "alice")
    for_alice = await codes.all_inner_texts()
    await _pick(shop, "shopper", "bob")
    assert for_alice
    assert set(for_alice).isdisjoint(await codes.all_inner_texts())


@pytest.mark.parametrize(
    ("outcome", "rule"),
    [
        ("vip", "watches-for-vips"),
        ("loyal", "repeat-customers"),
        ("browser", "hand-picked"),
        ("none", "default"),
    ],
)
async def test_the_tiles_follow_what_cdp_decides(shop: Page, outcome: str, rule: str) -> None:
    before = await _products(shop, "home-hero")
    await _pick(shop, "outcome", outcome)
    assert await _why(shop, "home-hero", "rule") == rule
    assert (await _products(shop, "home-hero") == before) == (rule == "default")


@pytest.mark.parametrize(("health", "reason"), [("down", "upstream-error"), ("slow", "timeout")])
async def test_without_cdp_the_default_is_shown_with_the_reason(
    shop: Page, health: str, reason: str
) -> None:
    default = await _products(shop, "home-hero")
    await _pick(shop, "outcome", "vip")
    assert await _products(shop, "home-hero") != default
    await _pick(shop, "health", health)
    assert await _why(shop, "home-hero", "decision") == "fallback"
    assert await _why(shop, "home-hero", "reason") == reason
    assert await _products(shop, "home-hero") == default


async def test_a_refusal_is_shown_in_the_gateway_s_own_words(shop: Page, demo: Demo) -> None:
    async with httpx2.AsyncClient() as client:
        await client.put(f"{demo.ordercloud}/_sandbox/clock", json={"now": "2026-01-01"})
    await _pick(shop, "shopper", "carol")
    problem = shop.locator("[data-placement=home-hero] [role=alert]")
    await expect(problem).to_contain_text("expired")


async def test_a_reload_keeps_shopper_and_outcome(shop: Page) -> None:
    await _pick(shop, "shopper", "bob")
    await _pick(shop, "outcome", "vip")
    await shop.reload()
    await _settle(shop)
    await expect(shop.get_by_role("heading", level=1)).to_have_text("Good to see you, Bob")
    await expect(shop.locator("[data-cdp-state]")).to_have_text("vip")


async def test_the_shopper_can_be_chosen_by_keyboard(shop: Page) -> None:
    await shop.get_by_role("radio", name="Visitor").focus()
    async with shop.expect_response("**/placements/for-you"):
        await shop.keyboard.press("ArrowRight")
    await expect(shop.get_by_role("heading", level=1)).to_have_text("Good to see you, Alice")


async def test_the_page_fits_a_phone(shop: Page) -> None:
    await shop.set_viewport_size(_PHONE)
    await _products(shop, "home-hero")
    assert await shop.evaluate("document.documentElement.scrollWidth") == _PHONE["width"]


async def test_who_comes_back_sees_what_was_left_in_the_cart(shop: Page, demo: Demo) -> None:
    await _pick(shop, "shopper", "alice")
    reminder = shop.locator("[data-placement=cart-reminder]")
    await expect(reminder.get_by_role("heading", level=2)).to_have_text("Just in")
    await shop.get_by_role("searchbox").fill("watch")
    await shop.get_by_role("button", name="Search").click()
    found = shop.locator("[data-found] [data-product-id]")
    left = [await found.nth(number).get_attribute("data-product-id") for number in (2, 0)]
    for number, count in ((2, 1), (0, 2)):
        await found.nth(number).get_by_role("button", name="Add to cart").click()
        await expect(shop.locator("[data-cart]")).to_have_text(f"Cart: {count}")

    async def added() -> int:
        async with httpx2.AsyncClient() as client:
            events = (await client.get(f"{demo.cdp}/_sandbox/events")).json()
        return sum(event["message"]["type"] == "ADD" for event in events)

    await until(added, lambda count: count == len(left))
    await shop.get_by_role("button", name="comes back in an hour").click()
    await expect(shop.locator("[data-mail]")).to_contain_text("you left something in your cart")
    await expect(reminder.get_by_role("heading", level=2)).to_have_text("Still in your cart")
    assert await _products(shop, "cart-reminder") == left
    await shop.get_by_role("button", name="Clear").click()
    await expect(shop.locator("[data-cart]")).to_have_text("Cart: 0")
    await shop.reload()
    await expect(reminder.get_by_role("heading", level=2)).to_have_text("Just in")


async def test_a_purchase_reaches_cdp_as_six_events(shop: Page, demo: Demo) -> None:
    await _pick(shop, "shopper", "alice")
    await shop.get_by_role("searchbox").fill("watch")
    await shop.get_by_role("button", name="Search").click()
    add = shop.locator("[data-found]").get_by_role("button", name="Add to cart")
    cart = shop.locator("[data-cart]")
    await add.first.click()
    await expect(cart).to_have_text("Cart: 1")
    await shop.get_by_role("button", name="Clear").click()
    await expect(cart).to_have_text("Cart: 0")
    await add.first.click()
    await expect(cart).to_have_text("Cart: 1")
    await shop.get_by_role("button", name="Check out").click()
    await expect(cart).to_have_text("Cart: 0")

    async def told() -> list[dict[str, Any]]:
        async with httpx2.AsyncClient() as client:
            events = (await client.get(f"{demo.cdp}/_sandbox/events")).json()
        return [event["message"] for event in events]

    kinds = {"IDENTITY", "VIEW", "SEARCH", "ADD", "CLEAR_CART", "ORDER_CHECKOUT"}
    messages = await until(told, lambda said: kinds <= {message["type"] for message in said})
    in_order = [message["type"] for message in messages if message["type"] != "VIEW"]
    assert in_order == ["IDENTITY", "SEARCH", "ADD", "CLEAR_CART", "ADD", "ORDER_CHECKOUT"]
    assert len({message["browser_id"] for message in messages}) == 1
