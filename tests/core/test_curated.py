"""Lists that marketers write down: in OrderCloud's shape, or not at all."""

import json
from typing import Any

import pytest

from proxy.core import listing
from proxy.core.curated import Curated, NotCurated, read_curated
from proxy.core.query import PAGE_SIZE_MAX

NAME = "worst.json"


def read(found: Any) -> Curated:
    return read_curated(NAME, {NAME: found if isinstance(found, str) else json.dumps(found)})


def test_items_may_stand_in_the_rules_file() -> None:
    assert read_curated([{"ID": "p1"}], {}) == Curated({"Items": [{"ID": "p1"}]})


@pytest.mark.parametrize(
    "found",
    [[{"ID": "p1"}], {"Items": [{"ID": "p1"}]}, {"Meta": {"Page": 1}, "Items": [{"ID": "p1"}]}],
)
def test_a_file_holds_items_or_a_whole_answer(found: Any) -> None:
    page = listing.embedded(read(found).found, page=None, page_size=None)
    assert [item["ID"] for item in json.loads(page.body)["Items"]] == ["p1"]
    assert json.loads(page.body)["Meta"]["Page"] == 1


def test_prices_stay_what_they_were() -> None:
    curated = read('[{"ID": "p1", "Price": 10.10, "Big": 12345678901234567890}]')
    body = listing.embedded(curated.found, page=None, page_size=None).body
    assert b'"Price":10.1' in body
    assert b'"Big":12345678901234567890' in body


@pytest.mark.parametrize(
    ("found", "what"),
    [
        ("{", f"{NAME}:1:2 is not JSON: Expecting property name enclosed in double quotes"),
        ('[\n{"ID": p1}]', f"{NAME}:2:8 is not JSON: Expecting value"),
        ("[" * 100_000, f"{NAME} is nested too deeply"),
        ("NaN", "not a list in OrderCloud's shape: Expected `object`, got `null`"),
        ({"items": []}, "not a list in OrderCloud's shape: Object missing required field `Items`"),
        ([], "the list is empty"),
        ([{"Name": "Watch"}], "an item has no ID: Object missing required field `ID`"),
        ([{"ID": "p1"}, {"ID": "P1"}], "an ID stands in the list twice"),
        (
            [{"ID": f"p{i}"} for i in range(PAGE_SIZE_MAX + 1)],
            "the list has more than 100 items",
        ),
    ],
    ids=lambda value: str(value)[:20],
)
def test_what_is_no_list_is_refused(found: Any, what: str) -> None:
    with pytest.raises(NotCurated) as caught:
        read(found)
    assert str(caught.value) == what
    assert caught.value.mend


def test_a_file_that_is_not_there_is_named() -> None:
    with pytest.raises(NotCurated, match=r"no text file 'worst.json' beside this one"):
        read_curated(NAME, {})
