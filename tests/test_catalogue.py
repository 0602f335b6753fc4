"""`check --live` against a real marketplace: what of the rules' lists is not there."""

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from proxy.catalogue import check_catalogue
from proxy.config import Config
from proxy.errors import OrderCloudRefused, UpstreamRefused
from proxy.ruleset import load_folder
from tests.docs.pages import ROOT
from tests.emulators import PASSWORD, STOREFRONT, OrderCloud

Check = Callable[..., Awaitable[list[str]]]


def settings(url: str, shoppers: Mapping[str, str], password: str = PASSWORD) -> Config:
    sections: dict[str, Any] = {
        "ordercloud": {"url": url, "clients": [STOREFRONT]},
        "cdp": {"url": url, "client_key": "sandbox", "point_of_sale": "demo"},
        "admin": {"key": "of-the-tests"},
        "check": {"shoppers": shoppers, "password": password},
    }
    return Config.model_validate(sections)


@pytest.fixture
def check(ordercloud: OrderCloud, tmp_path: Path) -> Check:
    """Return what is said of one rule for the segment `vip`, or of a default."""

    async def check(
        beside: str = "",
        *,
        default: str = "{query: {}}",
        resource: str = "me/products",
        shoppers: Mapping[str, str] | None = None,
    ) -> list[str]:
        rule = f"{{name: r, when: {{segment: vip}}, {beside}}}" if beside else ""
        (tmp_path / "slot.yaml").write_text(
            f"placement: slot\nresource: {resource}\ndecision: {{flow: f, segment: s}}\n"
            f"rules: [{rule}]\ndefault: {default}\n"
        )
        rules = load_folder(tmp_path)
        assert rules.problems == ()
        found = await check_catalogue(settings(ordercloud.url, shoppers or {}), rules)
        return [str(problem).replace(f"{tmp_path}/", "") for problem in found.problems]

    return check


@pytest.mark.parametrize(
    "beside",
    [
        "query: {categoryID: mens-watches, sortBy: ['!xp.rating'], pageSize: 1}",
        "query: {xp.targetAudience: repeatCustomer, xp.color|xp.brand: Grey}",
        "query: {ID: [p1, P2]}",
        "query: {ID: [p3, p1, p2], pageSize: 1}, order: as-listed",
        "query: {ID: [p1, p2, p3], pageSize: 1}",
        "query: {ID: {like: 'p1*'}}",
        "query: {ID: {not: [gone, p1]}}",
        "query: {ID: {gt: p1}}",
        "query: {categoryID: new}, pin: [p1, p2], hide: [gone], fill: {categoryID: sale}",
        "experiment: {split: {a: 1}}, variants: {a: {query: {categoryID: new}}}",
    ],
)
async def test_what_is_there_is_fine(check: Check, beside: str) -> None:
    assert await check(beside) == []


@pytest.mark.parametrize(
    ("beside", "found"),
    [
        ("query: {ID: [p1, gone]}",
         ["'gone' is not there for anonymous shoppers; remove it, or make it visible"]),
        ("query: {ID: [gone, p1]}, order: as-listed",
         ["'gone' is not there for anonymous shoppers; remove it, or make it visible"]),
        ("query: {categoryID: new}, pin: [p1, gone]",
         ["'gone' is not there for anonymous shoppers; remove it, or make it visible"]),
        ("query: {xp.brand: Nobody}",
         ["the list is empty for anonymous shoppers; widen it, or make the items visible"]),
        ("query: {categoryID: sale}, fill: {xp.brand: Nobody}",
         ["the list is empty for anonymous shoppers; widen it, or make the items visible"]),
        ("query: {}, boost: xp.popularity",
         ["no item has xp.popularity for anonymous shoppers; check how the field is written"]),
        ("query: {xp.colour: {not: red}}",
         ["no item has xp.colour for anonymous shoppers; check how the field is written"]),
        ("query: {xp.colour: Grey}",
         ["the list is empty for anonymous shoppers; widen it, or make the items visible",
          "no item has xp.colour for anonymous shoppers; check how the field is written"]),
        ("experiment: {split: {a: 1, b: 1}}, variants: {a: {query: {}}, b: {query: {ID: [gone]}}}",
         ["the list is empty for anonymous shoppers; widen it, or make the items visible",
          "'gone' is not there for anonymous shoppers; remove it, or make it visible"]),
    ],
)  # fmt: skip
async def test_what_is_missing_is_told_with_its_rule(
    check: Check, beside: str, found: list[str]
) -> None:
    assert await check(beside) == [f"slot.yaml:4:1: 'r': {what}" for what in found]


async def test_a_list_that_ordercloud_refuses_is_told_with_its_reason(check: Check) -> None:
    (found,) = await check("query: {categoryID: gone}")
    assert found.startswith("slot.yaml:4:1: 'r': OrderCloud refuses the list: ")
    assert "NotFound" in found
    assert found.endswith("; mend the query")


async def test_a_refusal_without_a_reason_is_told_by_its_status(
    check: Check, ordercloud: OrderCloud
) -> None:
    await ordercloud.fail("/v1/me/products", status=404, body="<html>")
    (found,) = await check()
    assert found.startswith("slot.yaml:1:1: default: OrderCloud refuses the list: ")
    assert "404" in found


async def test_a_category_that_does_not_exist_is_told(check: Check) -> None:
    assert len(await check("query: {categoryID: no-longer-there}")) == 1


async def test_the_default_is_looked_at_too(check: Check) -> None:
    (found,) = await check(default="{query: {ID: [p1, gone]}}")
    assert found == (
        "slot.yaml:1:1: default: 'gone' is not there for anonymous shoppers; "
        "remove it, or make it visible"
    )


@pytest.mark.parametrize(
    "beside",
    [
        "query: {ID: {from: ids}}",
        "query: {ID: [gone]}, pin: {from: ids}",
        "query: {ID: [gone]}, fill: {categoryID: {from: category}}",
        "page: {from: list}",
    ],
)
async def test_what_a_decision_fills_in_is_left_out(
    check: Check, ordercloud: OrderCloud, beside: str
) -> None:
    assert await check(beside) == []
    assert await ordercloud.lists() == ["/v1/me/products"]


async def test_a_list_is_seen_as_the_shopper_of_its_segment_sees_it(check: Check) -> None:
    lounge = "query: {categoryID: vip-lounge}"
    assert len(await check(lounge)) == 1
    assert await check(lounge, shoppers={"vip": "alice"}) == []
    (found,) = await check(lounge, shoppers={"vip": "bob"})
    assert "bob" in found or "OrderCloud refuses the list" in found


@pytest.mark.parametrize(
    ("when", "name", "user"),
    [
        ("{group: vip}", "group:vip", "alice"),
        ("{buyer: acme, group: [early, vip]}", "group:vip", "alice"),
        ("{buyer: acme}", "buyer:acme", "alice"),
        ("{anonymous: false}", "anonymous:false", "alice"),
    ],
)
async def test_a_rule_for_members_is_looked_at_as_one_if_one_is_named(
    ordercloud: OrderCloud, tmp_path: Path, when: str, name: str, user: str
) -> None:
    (tmp_path / "slot.yaml").write_text(
        "placement: slot\nresource: me/products\n"
        f"rules: [{{name: r, when: {when}, query: {{categoryID: vip-lounge}}}}]\n"
        "default: {query: {}}\n"
    )
    rules = load_folder(tmp_path)
    found = await check_catalogue(settings(ordercloud.url, {name: user}), rules)
    assert (found.problems, found.notes) == ((), ())
    found = await check_catalogue(settings(ordercloud.url, {"other": "bob"}), rules)
    (note,) = found.notes
    assert found.problems == ()
    assert note.what.startswith("'r' was not looked at: check.shoppers names nobody for ")
    assert (note.line, note.mend) == (3, "name a test shopper")


async def test_other_lists_than_products_are_looked_at_too(check: Check) -> None:
    (found,) = await check("query: {ID: [watches, gone]}", resource="me/categories")
    assert "'gone' is not there" in found
    assert (
        await check(
            default="{query: {xp.targetAudience: repeatCustomer}}", resource="me/promotions"
        )
        == []
    )


async def test_a_field_is_asked_for_once(check: Check, ordercloud: OrderCloud) -> None:
    await check(
        "query: {xp.color: Grey}, fill: {xp.color: Blue}", default="{query: {xp.color: Red}}"
    )
    asked = await ordercloud.lists()
    assert asked.count("/v1/me/products?pageSize=1&xp.color=*") == 1


async def test_more_to_hide_than_a_url_holds_is_no_mistake(check: Check) -> None:
    hidden = [f"gone-{i}".ljust(90, "x") for i in range(40)]
    assert await check(f"query: {{}}, hide: {hidden}") == []


async def test_the_shipped_rules_fit_the_seed(ordercloud: OrderCloud) -> None:
    rules = load_folder(ROOT / "rules")
    found = await check_catalogue(settings(ordercloud.url, {"vip": "alice"}), rules)
    assert (found.problems, found.notes) == ((), ())


async def test_nobody_signs_in_with_a_wrong_password(ordercloud: OrderCloud) -> None:
    wrong = settings(ordercloud.url, {"vip": "alice"}, password="wrong")
    with pytest.raises(OrderCloudRefused):
        await check_catalogue(wrong, load_folder(ROOT / "rules"))


async def test_a_marketplace_out_of_reach_ends_the_check(unreachable: str) -> None:
    with pytest.raises(UpstreamRefused):
        await check_catalogue(settings(unreachable, {}), load_folder(ROOT / "rules"))
