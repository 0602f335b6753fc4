"""What is purged for which write of OrderCloud's."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.core.resources import RESOURCES
from proxy.core.writes import (
    CATALOGS,
    CATEGORIES,
    GROUPS,
    LISTS,
    PRODUCTS,
    PROFILES,
    PROMOTIONS,
    WRITES,
    Outdated,
    outdated_by,
)

_CATEGORY = "v1/catalogs/{catalogID}/categories/{categoryID}"


def outdated(call: str, body: object = None, **params: str) -> Outdated:
    verb, route = call.split()
    return outdated_by(verb, route, params, asked=body, answered=None)


def tags(*names: str) -> frozenset[str]:
    return frozenset(names)


@pytest.mark.parametrize("verb", ["PUT", "PATCH", "DELETE"])
def test_a_product_takes_its_pages_along_and_makes_lists_doubtful(verb: str) -> None:
    found = outdated(f"{verb} v1/products/{{productID}}", {"Name": "New"}, productID="p1")
    assert found == Outdated(hard=tags("product:p1"), soft=tags(PRODUCTS))


def test_a_new_product_may_be_asked_for_by_the_id_that_the_answer_gives_it() -> None:
    found = outdated_by("POST", "v1/products", {}, asked={"Name": "New"}, answered={"ID": "p9"})
    assert found == Outdated(hard=tags("product:p9"), soft=tags(PRODUCTS))


def test_the_route_s_own_names_win_over_those_of_the_bodies() -> None:
    found = outdated("PUT v1/products/{productID}", {"ProductID": "other"}, productID="p1")
    assert found.hard == tags("product:p1")


@pytest.mark.parametrize(
    ("call", "named", "things"),
    [
        ("POST products/assignments", {"ProductID": "p1", "BuyerID": "b"}, ["product:p1"]),
        ("DELETE products/{productID}/assignments/{buyerID}", {"productID": "p"}, ["product:p"]),
        ("POST catalogs/productassignments", {"ProductID": "p1"}, ["product:p1"]),
        ("POST specs/productassignments", {"SpecID": "s", "ProductID": "p1"}, ["product:p1"]),
        ("PATCH priceschedules/{id}", {"PriceScheduleID": "s1"}, ["priceschedule:s1"]),
        ("POST priceschedules/{id}/PriceBreaks", {"priceScheduleID": "s"}, ["priceschedule:s"]),
        (
            "POST catalogs/{catalogID}/categories/productassignments",
            {"CategoryID": "k", "ProductID": "p1"},
            ["category:k", "product:p1"],
        ),
        ("POST bundles/assignments", {"BundleID": "set", "BuyerID": "b"}, ["product:set"]),
    ],
)
def test_what_changes_products_names_them(
    call: str, named: dict[str, str], things: list[str]
) -> None:
    assert outdated(call, named) == Outdated(tags(*things), tags(PRODUCTS))


def test_stock_is_shown_once_more() -> None:
    route = "v1/products/{productID}/inventoryrecords/{inventoryRecordID}"
    found = outdated(f"PATCH {route}", {"QuantityAvailable": 3}, productID="p1")
    assert found == Outdated(soft=tags("product:p1"))


@pytest.mark.parametrize(
    "call", ["PATCH v1/promotions/{promotionID}", "DELETE v1/promotions/{promotionID}/assignments"]
)
def test_a_promotion_makes_only_promotions_doubtful(call: str) -> None:
    found = outdated(call, promotionID="sale")
    assert found == Outdated(hard=tags("promotion:sale"), soft=tags(PROMOTIONS))


@pytest.mark.parametrize("body", [{"Name": "New"}, {"Active": True}])
def test_a_category_makes_doubtful_what_it_holds(body: Any) -> None:
    found = outdated(f"PATCH {_CATEGORY}", body, categoryID="k")
    assert found == Outdated(tags("category:k"), tags(CATEGORIES, PRODUCTS))


@pytest.mark.parametrize(("verb", "body"), [("PATCH", {"Active": False}), ("DELETE", None)])
def test_what_a_category_hides_is_not_shown_once_more(verb: str, body: Any) -> None:
    found = outdated(f"{verb} {_CATEGORY}", body, categoryID="k")
    assert found == Outdated(tags("category:k", CATEGORIES, PRODUCTS))


def test_an_assignment_may_hide_as_well() -> None:
    body = {"CatalogID": "c", "BuyerID": "b", "ViewAllProducts": False}
    found = outdated("POST v1/catalogs/assignments", body)
    assert found == Outdated(hard=tags("catalog:c", CATALOGS, CATEGORIES, PRODUCTS))


def test_a_user_in_another_group_is_known_by_the_identifier_of_cdp() -> None:
    body = {"UserGroupID": "vip", "UserID": "bob"}
    joined = outdated("POST v1/buyers/{buyerID}/usergroups/assignments", body, buyerID="acme")
    route = "v1/buyers/{buyerID}/usergroups/{userGroupID}/assignments/{userID}"
    left = outdated(f"DELETE {route}", buyerID="acme", userGroupID="vip", userID="bob")
    assert joined.hard == left.hard == tags("guest:acme-bob")
    assert joined.soft == tags(CATEGORIES, PRODUCTS, PROMOTIONS)


def test_the_end_of_a_group_concerns_whoever_was_in_it() -> None:
    route = "v1/buyers/{buyerID}/usergroups/{userGroupID}"
    found = outdated(f"DELETE {route}", buyerID="acme", userGroupID="vip")
    assert found == Outdated(hard=tags(GROUPS, CATEGORIES, PRODUCTS, PROMOTIONS))


def test_a_locale_changes_who_shoppers_are_and_what_they_pay() -> None:
    found = outdated("POST v1/locales/assignments", {"LocaleID": "uk", "BuyerID": "acme"})
    assert found == Outdated(hard=tags(PROFILES), soft=tags(PRODUCTS, PROMOTIONS))


def test_what_shoppers_say_of_themselves_concerns_them_alone() -> None:
    assert outdated("PATCH v1/me", {"xp": {}}, shopper="alice") == Outdated(tags("shopper:alice"))


@pytest.mark.parametrize(
    "call",
    ["GET v1/products", "POST v1/cart/lineitems", "PUT v1/webhooks/{webhookID}", "POST v1/nothing"],
)
def test_what_no_list_shows_makes_nothing_wrong(call: str) -> None:
    assert outdated(call, {"ID": "x"}) == Outdated()


@pytest.mark.parametrize("body", [None, [], 3, {}, {"ProductID": None}, {"ProductID": ["p1"]}])
def test_where_the_thing_is_not_named_its_lists_are_as_wrong(body: object) -> None:
    assert outdated("POST v1/products/assignments", body) == Outdated(hard=tags(PRODUCTS))


@pytest.mark.parametrize(
    "call",
    ["patch /v1/Products/{ProductID}/", "PATCH products/{id}"],
)
def test_routes_are_the_same_in_any_case_whatever_their_places_are_called(call: str) -> None:
    assert outdated(call, ProductId="p1").hard == tags("product:p1")


_words = st.sampled_from(["ID", "ProductID", "categoryID", "Active"]) | st.text(max_size=5)
_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_words, inner, max_size=3),
    max_leaves=4,
)
_routes = st.sampled_from([call.rsplit(" ", 1)[1] for one in WRITES for call in one.calls])


@given(
    verb=st.sampled_from(["POST", "PUT", "PATCH", "DELETE", "GET", ""]) | st.text(),
    route=_routes | st.text(),
    params=st.dictionaries(_words, st.text(), max_size=3),
    asked=_json,
    answered=_json,
)
def test_nothing_that_is_told_is_more_than_can_be_read(
    verb: str, route: str, params: dict[str, str], asked: object, answered: object
) -> None:
    found = outdated_by(verb, route, params, asked=asked, answered=answered)
    assert not found.hard & found.soft
    kinds = {tag.partition(":")[0] for tag in found.hard | found.soft}
    known = {"product", "category", "promotion", "catalog", "priceschedule", "resource"}
    assert kinds <= known | {"guest", "shopper"}


def test_every_list_that_a_write_names_is_one() -> None:
    lists = {tag for write in WRITES for tag in write.lists if tag.startswith("resource:")}
    assert lists == LISTS
    assert {tag.removeprefix("resource:") for tag in lists} <= RESOURCES.keys()
