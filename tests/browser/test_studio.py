"""The studio as a marketer uses it: open, edit, look, publish, and take it back."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from tests.answers import until
from tests.demo import Demo

pytestmark = [
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.xdist_group("browser"),  # one demo and one browser serve them all
]

_KEY = "demo-admin"


@pytest_asyncio.fixture(loop_scope="module")
async def studio(browser: Browser, demo: Demo) -> AsyncIterator[Page]:
    """Open the studio with the key; afterwards put the rules back."""
    rules = {path: path.read_text() for path in demo.rules.iterdir() if path.is_file()}
    page = await browser.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("dialog", lambda dialog: dialog.accept())
    await page.goto(f"{demo.admin}/studio")
    await _enter(page, _KEY)
    yield page
    await page.close()
    for path in set(demo.rules.glob("*.yaml")) - rules.keys():
        path.unlink()
    for path, text in rules.items():
        path.write_text(text)
    assert complaints == []


async def _enter(page: Page, key: str) -> None:
    await page.get_by_label("Key").fill(key)
    await page.get_by_role("button", name="Open").click()


async def _open(page: Page, placement: str) -> None:
    await page.get_by_role("link", name=placement).click()
    await expect(page.locator("[data-file]")).to_have_text(f"{placement}.yaml")
    await expect(page.locator("[data-state]")).to_have_text("published")


async def _edit(page: Page, old: str, new: str) -> None:
    text = page.locator("[data-text]")
    await text.fill((await text.input_value()).replace(old, new))


async def _publish(page: Page) -> None:
    await page.get_by_role("button", name="Publish …").click()
    await page.get_by_role("button", name="Yes, now").click()
    await expect(page.locator("[data-state]")).to_have_text("published")


async def test_only_the_key_opens_it(browser: Browser, demo: Demo) -> None:
    page = await browser.new_page()
    await page.goto(f"{demo.admin}/studio")
    await _enter(page, "guessed")
    await expect(page.get_by_text("That is not the key.")).to_be_visible()
    await expect(page.locator("[data-files] a")).to_have_count(0)
    await _enter(page, _KEY)
    await expect(page.locator("[data-files] a")).not_to_have_count(0)
    await page.reload()  # this tab has the key now
    await expect(page.locator("[data-files] a")).not_to_have_count(0)
    await page.close()


async def test_what_a_kind_of_shoppers_is_shown_can_be_looked_at(studio: Page) -> None:
    await _open(studio, "home-hero")
    shown = studio.locator("[data-shown]")
    await expect(shown.locator("[data-rule=default]")).to_be_visible()
    await studio.get_by_label("Segment").fill("vip")
    await studio.get_by_label("Segment").blur()
    await expect(shown.locator("[data-rule=watches-for-vips]")).to_be_visible()
    pictures = shown.locator("[data-id] img")
    await expect(pictures).to_have_count(8)

    async def drawn() -> bool:  # `wait_for_function` needs eval, which the page forbids
        are: list[bool] = await pictures.evaluate_all("all => all.map(one => one.naturalWidth > 0)")
        return len(are) == 8 and all(are)

    await until(drawn, bool)
    await expect(shown.get_by_text("8 of")).to_contain_text("anonymous shoppers")


async def test_each_variant_of_an_experiment_can_be_looked_at(studio: Page) -> None:
    await _open(studio, "home-hero")
    await expect(studio.get_by_label("Variant")).to_be_hidden()
    split = """experiment: {split: {a: 50, b: 50}}
    variants: {a: {query: {ID: [p1]}}, b: {query: {ID: [p2, p3]}}}"""
    await _edit(studio, "query: {ID: [p1, p2, p3]}\n    order: as-listed", split)
    await studio.get_by_label("Segment").fill("browser")
    await studio.get_by_label("Segment").blur()
    shown = studio.locator("[data-shown] [data-id]")
    for variant, count in (("b", 2), ("a", 1)):
        await studio.get_by_label("Variant").select_option(variant)
        await expect(shown).to_have_count(count)


async def test_a_link_shows_the_whole_shop_as_such_shoppers_see_it(
    studio: Page, browser: Browser
) -> None:
    await _open(studio, "home-hero")
    await studio.get_by_label("Segment").fill("vip")
    await studio.get_by_role("button", name="Link for the shop …").click()
    link = await studio.get_by_label("Link", exact=True).input_value()
    await studio.keyboard.press("Escape")
    shop = await browser.new_page()
    await shop.goto(link)
    rule = shop.locator("[data-placement=home-hero] [data-why=rule]")
    await expect(rule).to_have_text("watches-for-vips")
    await shop.goto(link.partition("?")[0])  # the tab stays a preview
    await expect(rule).to_have_text("watches-for-vips")
    await shop.goto(f"{link.partition('=')[0]}=")
    await expect(rule).not_to_have_text("watches-for-vips")
    await shop.close()


async def test_a_mistake_is_told_where_it_is_and_cannot_be_published(studio: Page) -> None:
    await _open(studio, "home-hero")
    await _edit(studio, "pageSize: 8}\ncurated", "pageSize: 800}\ncurated")
    told = studio.locator("[data-told] .bad")
    await expect(told).to_contain_text("whole number from 1 to 100")
    await expect(studio.get_by_role("button", name="Publish …")).to_be_disabled()
    await told.get_by_role("button").click()
    rest = "area => area.value.slice(area.selectionStart)"
    assert (await studio.locator("[data-text]").evaluate(rest)).startswith("800")
    await studio.get_by_role("button", name="Discard").click()
    await expect(studio.locator("[data-state]")).to_have_text("published")


async def test_what_an_edit_changes_is_shown_before_it_goes_live_and_can_be_undone(
    studio: Page, demo: Demo
) -> None:
    before = (demo.rules / "home-hero.yaml").read_text()
    await _open(studio, "home-hero")
    await _edit(studio, "ID: [p1, p2, p3]", "ID: [p2, p1]")
    await expect(studio.locator("[data-told]")).to_contain_text("example: expected ID=p1|p2|p3")
    await studio.get_by_role("button", name="Publish …").click()
    dialog = studio.locator("[data-dialog]")
    await expect(dialog.locator(".changes strong")).to_have_text("segment browser")
    await expect(dialog.locator(".changes ins")).to_contain_text("ID=p2|p1")
    impact = dialog.locator("[data-impact]")
    await expect(impact).to_contain_text("anonymous shoppers: 1 gone (p3), 1 moved (p2)")
    assert (demo.rules / "home-hero.yaml").read_text() == before
    await dialog.get_by_role("button", name="Yes, now").click()
    await expect(studio.locator("[data-state]")).to_have_text("published")
    assert "ID: [p2, p1]" in (demo.rules / "home-hero.yaml").read_text()

    await studio.get_by_role("button", name="History").click()
    await expect(dialog.locator("li")).to_have_count(2)
    await expect(dialog.locator("li").first).to_contain_text("as it is now")
    await dialog.locator("li").last.get_by_role("button").click()
    await expect(studio.locator("[data-state]")).to_have_text("not published")
    await _publish(studio)
    assert (demo.rules / "home-hero.yaml").read_text() == before


async def test_an_edit_that_somebody_else_overtook_is_not_published(
    studio: Page, demo: Demo
) -> None:
    await _open(studio, "offers")
    file = demo.rules / "offers.yaml"
    file.write_text(theirs := f"# theirs\n{file.read_text()}")
    await _edit(studio, "placement:", "# mine\nplacement:")
    await expect(studio.locator("[data-state]")).to_have_text("not published")
    await studio.get_by_role("button", name="Publish …").click()
    await studio.get_by_role("button", name="Yes, now").click()
    await expect(studio.get_by_role("alert")).to_contain_text("not as it was")
    assert file.read_text() == theirs


async def test_a_placement_can_be_begun_and_deleted(studio: Page, demo: Demo) -> None:
    await studio.get_by_label("New placement").fill("upsell")
    await studio.get_by_role("button", name="Begin").click()
    await expect(studio.locator("[data-state]")).to_have_text("new")
    await _publish(studio)
    await expect(studio.get_by_role("link", name="upsell")).to_be_visible()
    assert (demo.rules / "upsell.yaml").is_file()
    await studio.get_by_role("button", name="Delete").click()
    await studio.get_by_role("button", name="Yes, now").click()
    await expect(studio.get_by_role("link", name="upsell")).to_have_count(0)
    assert not (demo.rules / "upsell.yaml").exists()


async def test_the_api_is_described_for_people(browser: Browser, demo: Demo) -> None:
    page = await browser.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    await page.goto(f"{demo.admin}/docs")
    await _enter(page, _KEY)
    publish = page.locator("section").filter(has=page.get_by_text("/rules/{name}")).nth(1)
    await expect(publish).to_contain_text("PUT")
    await expect(publish).to_contain_text("If-Match")
    await page.close()
    assert complaints == []
