"""What a bound OrderCloud call leaves to its placement, and what it asks for itself."""

import pytest

from proxy.core import inplace
from proxy.core.placement import Placement
from proxy.model import Asked, Visitor
from tests.core.making import placement

BOUND = placement("""
    placement: bound
    resource: me/products
    rules:
      - {name: campaign, when: {request: {campaign: spring}}, query: {categoryID: spring}}
    default: {query: {}}
    route: GET /v1/me/products
""")


def asked(query: str, where: Placement = BOUND) -> Asked | None:
    return inplace.asked(query, where, Visitor(browser_id="b1"))


def test_a_bare_call_leaves_everything_to_the_placement() -> None:
    assert asked("") == Asked(visitor=Visitor(browser_id="b1"))


@pytest.mark.parametrize("query", ["page=2&pageSize=50", "Page=2&PAGESIZE=50"])
def test_the_page_is_the_shoppers(query: str) -> None:
    found = asked(query)
    assert found is not None
    assert (found.page, found.page_size, found.params) == (2, 50, {})


@pytest.mark.parametrize(
    ("query", "params"),
    [
        ("sortBy=!xp.rating%2CName", {"sortBy": ("!xp.rating,Name",)}),
        ("SORTBY=Name", {"sortBy": ("Name",)}),
        ("xp.Size=%3E%3D40&xp.Size=%3C44", {"xp.Size": (">=40", "<44")}),
        ("xp.Color=!Blue|Red*", {"xp.Color": ("!Blue|Red*",)}),
        ("Name|Description=a+b%20c", {"Name|Description": ("a b c",)}),
        ("catalogID=c1&depth=all", {"catalogID": ("c1",), "depth": ("all",)}),
        ("search=&xp.a=", {"search": ("",), "xp.a": ("",)}),
    ],
)
def test_what_the_shopper_narrows_or_sorts_is_theirs(
    query: str, params: dict[str, tuple[str, ...]]
) -> None:
    found = asked(query)
    assert found is not None
    assert found.params == params


@pytest.mark.parametrize(
    "query",
    [
        "search=red",
        "SEARCH=red",
        "ID=a|b",
        "id=a",
        "Name|ID=a",
        "categoryID=c1",
        "categoryid=c1",
        "xp.a=1&search=red&page=2",
    ],
)
def test_a_call_that_says_which_items_it_wants_is_left_alone(query: str) -> None:
    assert asked(query) is None


@pytest.mark.parametrize(
    "query",
    ["page=0", "page=x", "page=", "page=1&page=2", "pageSize=101", "pageSize=-1", "page=1000000"],
)
def test_paging_that_ordercloud_has_to_refuse_is_left_to_it(query: str) -> None:
    assert asked(query) is None


def test_the_categories_of_a_product_are_left_alone() -> None:
    where = placement("""
        placement: bound
        resource: me/categories
        default: {query: {}}
    """)
    assert asked("productID=p1", where) is None


def test_what_only_rules_look_at_is_not_for_ordercloud() -> None:
    found = asked("Campaign=spring&other=1")
    assert found is not None
    assert found.query == {"campaign": "spring"}
    assert found.params == {"other": ("1",)}


def test_what_rules_look_at_and_ordercloud_knows_is_for_both() -> None:
    where = placement("""
        placement: bound
        resource: me/products
        rules:
          - {name: a, when: {request: {catalogID: c1}}, query: {sortBy: Name}}
          - {name: b, when: {request: {Returnable: true}}, query: {sortBy: ID}}
        default: {query: {}}
    """)
    found = asked("catalogid=c1&Returnable=true", where)
    assert found is not None
    assert found.query == {"catalogid": "c1", "returnable": "true"}
    assert found.params == {"catalogID": ("c1",), "Returnable": ("true",)}
