"""Addresses, credit cards and wish lists of a shopper."""

import pytest

from sandbox.ordercloud import belongings
from tests.sandbox.ordercloud.conftest import OrderCloud

HOME = {"Street1": "1 Main", "City": "Here", "Country": "US", "AddressName": "Home"}


async def test_an_address_lives(oc: OrderCloud) -> None:
    alice = await oc.log_in("alice")

    home = await alice.ok("POST", "/me/addresses", HOME | {"Shipping": True})
    assert (home["Editable"], home["Shipping"], home["Billing"]) == (True, True, False)
    path = f"/me/addresses/{home['ID']}"
    patched = await alice.call("PATCH", path, {"City": "There"})
    assert patched.status_code == 204
    assert (await alice.get(path))["City"] == "There"
    saved = await alice.ok("PUT", path, HOME | {"City": "Elsewhere"})
    assert (saved["City"], saved["Shipping"]) == ("Elsewhere", False)
    assert await alice.ids("/me/addresses?AddressName=Home") == [home["ID"]]
    assert (await alice.call("DELETE", path)).status_code == 204
    assert await alice.refusal("GET", path) == (404, "NotFound")


@pytest.mark.parametrize("missing", ["Street1", "City", "Country"])
async def test_an_address_needs_a_place(oc: OrderCloud, missing: str) -> None:
    alice = await oc.log_in("alice")

    refusal = await alice.refusal("POST", "/me/addresses", HOME | {missing: None})

    assert refusal == (400, "ValidationFailure")


async def test_nobody_sees_what_is_anothers(oc: OrderCloud) -> None:
    alice, bob = await oc.log_in("alice"), await oc.log_in("bob")
    home = await alice.ok("POST", "/me/addresses", HOME)
    await alice.ok("POST", "/me/creditcards", {"Token": "t", "CardType": "Visa"})
    await alice.ok("POST", "/me/productcollections", {"Name": "Wishes"})

    for kind in ("addresses", "creditcards", "productcollections"):
        assert await bob.ids(f"/me/{kind}") == []
    assert await bob.refusal("GET", f"/me/addresses/{home['ID']}") == (404, "NotFound")


async def test_anonymous_shoppers_share_nothing(oc: OrderCloud) -> None:
    first, second = await oc.anonymous(), await oc.anonymous()

    await first.ok("POST", "/me/addresses", HOME)

    assert await second.ids("/me/addresses") == []


async def test_a_wish_list_shows_products_at_the_shoppers_price(oc: OrderCloud) -> None:
    alice = await oc.log_in("alice")
    await alice.ok("POST", "/me/productcollections", {"ID": "wishes", "Name": "Wishes"})

    entry = {"ProductID": "watch-11", "ListOrder": 2}
    added = await alice.call("POST", "/me/productcollections/wishes/products", entry)
    await alice.ok("PUT", "/me/productcollections/wishes/p1")

    assert added.status_code == 204
    wishes = (await alice.get("/me/productcollections/wishes/products?sortBy=ID"))["Items"]
    assert [(wish["ID"], wish["ListOrder"]) for wish in wishes] == [("p1", None), ("watch-11", 2)]
    assert wishes[1]["PriceSchedule"]["ID"].startswith("vip-")
    assert wishes[1]["DateAdded"]

    await alice.ok("DELETE", "/me/productcollections/wishes/p1")
    assert await alice.ids("/me/productcollections/wishes/products") == ["watch-11"]


async def test_a_wish_list_holds_so_many_products(
    oc: OrderCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(belongings, "_MOST_ENTRIES", 1)
    alice = await oc.log_in("alice")
    await alice.ok("POST", "/me/productcollections", {"ID": "wishes", "Name": "Wishes"})

    for _ in range(2):
        await alice.ok("PUT", "/me/productcollections/wishes/p1")

    refusal = await alice.refusal("PUT", "/me/productcollections/wishes/p2")
    assert refusal == (400, "ProductCollection.ProductEntryLimit")


async def test_what_a_shopper_does_not_see_cannot_be_wished_for(oc: OrderCloud) -> None:
    bob = await oc.log_in("bob")
    await bob.ok("POST", "/me/productcollections", {"ID": "wishes", "Name": "Wishes"})

    refusal = await bob.refusal("PUT", "/me/productcollections/wishes/watch-11")

    assert refusal == (404, "NotFound")


async def test_a_deleted_wish_list_takes_its_entries_along(oc: OrderCloud) -> None:
    alice = await oc.log_in("alice")
    for _ in range(2):
        await alice.ok("POST", "/me/productcollections", {"ID": "wishes", "Name": "Wishes"})
        assert await alice.ids("/me/productcollections/wishes/products") == []
        await alice.ok("PUT", "/me/productcollections/wishes/p1")
        await alice.ok("DELETE", "/me/productcollections/wishes")


async def test_two_shoppers_may_name_their_wish_lists_alike(oc: OrderCloud) -> None:
    alice, bob = await oc.log_in("alice"), await oc.log_in("bob")
    for shopper in (alice, bob):
        await shopper.ok("POST", "/me/productcollections", {"ID": "wishes", "Name": "Wishes"})

    await alice.ok("PUT", "/me/productcollections/wishes/p1")

    assert await bob.ids("/me/productcollections/wishes/products") == []
