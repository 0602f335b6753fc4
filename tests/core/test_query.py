"""A rule's query for one decision and one shopper, and the requests it takes."""

import pytest

from proxy.core.query import as_text, targets
from proxy.model import Asked, Json, ListQuery
from tests.core.making import asking, chosen, listed, reasons, slot


def query(yaml: str, output: object = None, asked: Asked | None = None) -> ListQuery:
    """Return the query of a rule that applies to every decision."""
    rule = f"[{{name: r, when: {{has: on}}, {yaml}}}]"
    given = {"on": True, **(output if isinstance(output, dict) else {})}
    then = chosen(slot(rule), given, asked).then
    assert isinstance(then, ListQuery)
    return then


def requests(yaml: str, output: object = None, asked: Asked | None = None) -> list[str]:
    """Return path and query of each request, without `/v1/me/products?`."""
    return [one.removeprefix("/v1/me/products?") for one in targets(query(yaml, output, asked))]


@pytest.mark.parametrize(
    ("value", "text"),
    [("x", "x"), (5, "5"), (4.5, "4.5"), (5.0, "5"), (1e22, "10000000000000000000000"),
     (True, "true"), (False, "false"), (float("inf"), "inf"), (-0.0, "0")],
)  # fmt: skip
def test_a_scalar_of_a_decision_is_written_as_ordercloud_writes_it(
    value: str | float, text: str
) -> None:
    assert as_text(value) == text


def test_a_query_of_nothing_lists_everything() -> None:
    assert targets(query("query: {}")) == ("/v1/me/products",)


def test_the_same_query_has_one_form_whatever_the_order_of_its_keys() -> None:
    assert query("query: {sortBy: Name, xp.a: 1}") == query("query: {xp.a: 1, sortBy: Name}")


def test_what_the_shopper_asked_for_wins_over_the_rule() -> None:
    asked = asking(sortBy="!Name", search="red")
    assert requests("query: {sortBy: ID, search: watch, xp.a: 1}", asked=asked) == [
        "search=red&sortBy=!Name&xp.a=1"
    ]


def test_a_filter_that_the_shopper_sets_replaces_all_of_the_rules_conditions_on_it() -> None:
    asked = Asked(params={"xp.size": (">=42",)})
    assert requests("query: {xp.size: {between: [1, 9]}, xp.a: 1}", asked=asked) == [
        "xp.a=1&xp.size=%3E%3D42"
    ]


def test_every_value_of_a_filter_that_the_shopper_repeats_is_kept() -> None:
    asked = Asked(params={"xp.size": (">=40", "<=44")})
    assert requests("query: {}", asked=asked) == ["xp.size=%3E%3D40&xp.size=%3C%3D44"]


def test_the_shoppers_sort_wins_over_the_order_of_the_ids() -> None:
    found = query("order: as-listed, query: {ID: [b, a]}", asked=asking(sortBy="Name"))
    assert targets(found) == ("/v1/me/products?ID=b|a&sortBy=Name",)


def test_page_and_page_size_are_the_shoppers() -> None:
    asked = Asked(page=3, page_size=7)
    assert requests("query: {pageSize: 12}", asked=asked) == ["page=3&pageSize=7"]


def test_a_rules_value_is_not_needed_where_the_shopper_gives_one() -> None:
    assert requests("query: {search: {from: words}}", asked=asking(search="red")) == ["search=red"]


def test_ids_in_their_order_leave_page_and_size_to_the_gateway() -> None:
    found = query("order: as-listed, query: {ID: [b, a], pageSize: 5}", asked=Asked(page=2))
    assert (found.order, found.page, found.page_size) == (("b", "a"), 2, 5)
    assert targets(found) == ("/v1/me/products?ID=b|a",)


def test_ids_without_an_order_are_one_filter() -> None:
    assert requests("query: {ID: [b, a], pageSize: 5}") == ["ID=b|a&pageSize=5"]


def test_ids_that_the_shopper_gives_are_a_filter() -> None:
    found = query("order: as-listed, query: {ID: [b, a]}", asked=asking(ID="c"))
    assert found.order == ()
    assert targets(found) == ("/v1/me/products?ID=c",)


def test_more_ids_than_a_page_holds_are_asked_for_in_batches() -> None:
    ids = [f"p{i}" for i in range(250)]
    batches = requests("query: {ID: {from: ids}, xp.a: 1}", {"ids": ids})
    assert [one.count("|") + 1 for one in batches] == [100, 100, 50]
    assert batches[2] == f"ID={'|'.join(ids[200:])}&xp.a=1&pageSize=50"


def test_ids_that_make_a_url_too_long_are_asked_for_in_batches() -> None:
    ids = [f"{i:02}{'x' * 98}" for i in range(40)]
    batches = requests("query: {ID: {from: ids}}", {"ids": ids})
    assert "|".join(one.partition("&")[0].removeprefix("ID=") for one in batches) == "|".join(ids)
    assert all(len(one) < 1600 for one in batches)


def test_a_batch_asks_for_all_of_its_items() -> None:
    ids = [f"p{i}" for i in range(21)]
    (one,) = requests("order: as-listed, query: {ID: {from: ids}}", {"ids": ids})
    assert one.endswith("&pageSize=21")


def test_a_decision_names_a_thousand_ids_at_most() -> None:
    found = query("query: {ID: {from: ids}}", {"ids": [f"p{i}" for i in range(5000)]})
    assert len(found.order) == 1000


@pytest.mark.parametrize(
    ("output", "why_not"),
    [
        ({}, "'ids' is missing from the decision"),
        ({"ids": []}, "'ids' is empty"),
        ({"ids": ""}, "'ids' is empty"),
        ({"ids": {"a": 1}}, "'ids' is not a value or a list of values"),
        ({"ids": ["a", None]}, "'ids' is not a value or a list of values"),
        ({"ids": [["a"]]}, "'ids' is not a value or a list of values"),
        ({"ids": "a|b"}, "'ids' gives 'a|b', which ID cannot be"),
        ({"ids": ["a", "../b"]}, "'ids' gives '../b', which ID cannot be"),
        ({"ids": ["a" * 101]}, f"'ids' gives '{'a' * 101}', which ID cannot be"),
    ],
)
def test_a_decision_without_a_usable_value_leaves_the_rule_aside(
    output: dict[str, Json], why_not: str
) -> None:
    where = slot("[{name: r, when: {has: on}, query: {ID: {from: ids}}}]")
    assert chosen(where, {"on": 1, **output}).rule == "default"
    assert reasons(where, {"on": 1, **output}) == [why_not]


def test_every_list_stays_under_me() -> None:
    where = slot(resource="me/promotions", default="{query: {xp.a: ../../admin}}")
    assert listed(chosen(where, {}).then) == ("/v1/me/promotions?xp.a=../../admin",)
