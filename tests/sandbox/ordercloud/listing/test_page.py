from typing import Any

import pytest

from sandbox.ordercloud.listing import Resource, Table, View, parse, run
from tests.sandbox.ordercloud.listing.catalog import PLAIN, PREMIUM, THINGS, listed

ALL = {"watch", "shoe", "bag"}


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("ID", "SHOE|bag", {"shoe", "bag"}),
        ("ID", "!shoe", {"watch", "bag"}),
        ("ID", ">bag", {"watch", "shoe"}),
        ("Name", "red*", {"shoe", "bag"}),
        ("Name", "*E*S*", {"shoe", "watch"}),
        ("Name", "r*g", {"bag"}),
        ("Quantity", "5.0", {"watch"}),
        ("Quantity", ">5", {"shoe"}),
        ("Quantity", ">=5", {"watch", "shoe"}),
        ("Quantity", "!<5", {"watch", "shoe"}),
        ("Quantity", "!5", {"shoe", "bag"}),
        ("Quantity", "!*", {"bag"}),
        ("Quantity", "*", {"watch", "shoe"}),
        ("Active", "true", {"watch", "bag"}),
        ("Active", "False", {"shoe"}),
        ("Active", "!true", {"shoe"}),
        ("DateCreated", ">2024-01-01", ALL),
        ("DateCreated", ">=2024-02-09|<2024-02-01", {"shoe", "bag"}),
        ("DateCreated", "2024-01-01T03:00:00Z", {"bag"}),
        ("Description", "!*", {"shoe"}),
        ("Description", "", {"bag"}),
        ("Description", "*", {"watch", "bag"}),
        ("Address.City", "bern", {"watch"}),
        ("Address.City", "!*", {"shoe"}),
        ("xp.color", "!Red", {"watch", "bag"}),
        ("xp.color", "blue\\|green", {"bag"}),
        ("xp.rating", ">3", {"watch"}),
        ("xp.rating", "3", {"shoe"}),
        ("xp.isNew", "true", {"watch"}),
        ("xp.isNew", "!true", {"shoe", "bag"}),
        ("xp.tags", "sport", {"watch"}),
        ("xp.tags", "10", {"bag"}),
        ("xp.tags", "!*", {"shoe"}),
        ("xp.details.material", "leather", {"shoe"}),
        ("xp.details", "*", {"shoe", "bag"}),
        ("xp.nothing", "!a", ALL),
        ("xp.nothing", "a", set()),
    ],
)
@pytest.mark.parametrize("resource", [PREMIUM, PLAIN], ids=["premium", "plain"])
def test_filters(resource: Resource, name: str, value: str, found: set[str]) -> None:
    assert set(listed((name, value), resource=resource)) == found


def test_repeated_filters_all_hold() -> None:
    assert listed(("Quantity", ">=5"), ("Quantity", "<12")) == ["watch"]


def test_one_filter_may_look_at_several_fields() -> None:
    assert set(listed(("ID|Name|xp.tags", "watch|*bag"))) == {"watch", "bag"}
    assert listed(("xp.tags|xp.color", "sport|red"), ("ID|xp.nothing", "shoe")) == ["shoe"]


@pytest.mark.parametrize(
    ("sort_by", "order"),
    [
        ("", ["watch", "bag", "shoe"]),
        ("ID", ["bag", "shoe", "watch"]),
        ("!id", ["watch", "shoe", "bag"]),
        ("Quantity", ["watch", "shoe", "bag"]),
        ("!Quantity", ["shoe", "watch", "bag"]),
        ("Active,!Name", ["shoe", "bag", "watch"]),
        ("!xp.rating", ["watch", "shoe", "bag"]),
        ("xp.tags", ["bag", "watch", "shoe"]),
        ("!xp.tags", ["watch", "bag", "shoe"]),
        ("xp.nothing,!DateCreated", ["shoe", "watch", "bag"]),
    ],
)
def test_sorting(sort_by: str, order: list[str]) -> None:
    assert listed(("sortBy", sort_by)) == order


def test_missing_values_come_first_on_plain_lists_as_in_a_database() -> None:
    assert listed(("sortBy", "xp.rating"), resource=PLAIN) == ["bag", "shoe", "watch"]
    assert listed(("sortBy", "!xp.rating"), resource=PLAIN) == ["watch", "shoe", "bag"]


def test_an_id_filter_does_not_order() -> None:
    assert listed(("ID", "shoe|bag|watch|bag|none")) == ["watch", "bag", "shoe"]


def test_the_last_id_method_walks_through_all() -> None:
    seen, last = [], ""
    while page := listed(("ID", f">{last}"), ("sortBy", "ID"), ("pageSize", "2")):
        seen += page
        last = page[-1]
    assert seen == ["bag", "shoe", "watch"]


@pytest.mark.parametrize(
    ("query", "meta"),
    [
        ({}, (1, 20, 3, 1, [1, 3])),
        ({"pageSize": "2"}, (1, 2, 3, 2, [1, 2])),
        ({"pageSize": "2", "page": "2"}, (2, 2, 3, 2, [3, 3])),
        ({"pageSize": "2", "page": "3"}, (3, 2, 3, 2, [5, 4])),
        ({"ID": "none"}, (1, 20, 0, 0, [1, 0])),
    ],
)
def test_meta(query: dict[str, str], meta: tuple[int, int, int, int, list[int]]) -> None:
    page = run(parse(PLAIN, list(query.items())), THINGS)
    names = ("Page", "PageSize", "TotalCount", "TotalPages", "ItemRange")
    assert page["Meta"] == {**dict(zip(names, meta, strict=True)), "NextPageKey": None}
    assert len(page["Items"]) == meta[4][1] - meta[4][0] + 1


def test_a_view_shows_its_rows_in_its_own_way() -> None:
    def show(item: dict[str, Any]) -> dict[str, Any]:
        return {"ID": item["ID"], "PriceSchedule": None}

    table = Table(THINGS)
    view = View(table, table.rows_of(["bag", "watch", "unknown"]), show)
    page = run(parse(PREMIUM, [("Active", "true")]), view)
    assert page["Items"] == [
        {"ID": "watch", "PriceSchedule": None},
        {"ID": "bag", "PriceSchedule": None},
    ]
