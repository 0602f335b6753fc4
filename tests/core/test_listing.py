"""List bodies put in order and cut into pages, with every item left as it was."""

import json
from typing import Any

import pytest

from proxy.core import listing
from proxy.model import Page

ODD = rb'{"ID" : "p1","Price":10.50,"Big":1e400,"Id":12345678901234567890, "x":"\u00e9"}'
PLAIN = b'{"ID":"p2","Price":0.10}'


def body(*items: bytes, meta: bytes = b'{"Facets":[{"Name":"Colour"}],"Page":1}') -> bytes:
    return b'{"Meta":' + meta + b',"Items":[' + b",".join(items) + b"]}"


def arranged(bodies: list[bytes], order: list[str], page: int = 1, page_size: int = 20) -> Page:
    return listing.arrange(bodies, order, page=page, page_size=page_size)


def meta_of(page: Page) -> dict[str, Any]:
    meta: dict[str, Any] = json.loads(page.body)["Meta"]
    return meta


def ids_of(page: Page) -> list[str]:
    return [item["ID"] for item in json.loads(page.body)["Items"]]


def test_a_list_is_kept_byte_for_byte() -> None:
    page = listing.read(body(ODD, PLAIN))
    assert page.body == body(ODD, PLAIN)
    assert page.item_count == 2


def test_equal_bodies_have_equal_tags_and_others_do_not() -> None:
    assert listing.read(body(ODD)).etag == listing.read(body(ODD)).etag
    assert listing.read(body(ODD)).etag != listing.read(body(PLAIN)).etag
    assert listing.read(body(ODD)).etag.startswith('"')


@pytest.mark.parametrize(
    "nonsense",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b'{"Items":null}',
        b'{"Items":{}}',
        b'{"Items":[',
        b"\xff",
        b"<p>",
    ],
)
def test_what_is_not_a_list_is_refused(nonsense: bytes) -> None:
    with pytest.raises(listing.NotAList, match="not a list in OrderCloud's shape"):
        listing.read(nonsense)


def test_items_are_put_in_order_untouched() -> None:
    page = arranged([body(PLAIN, ODD)], ["p1", "p2"])
    assert ids_of(page) == ["p1", "p2"]
    assert ODD in page.body
    assert PLAIN in page.body


def test_items_of_several_answers_are_joined() -> None:
    assert ids_of(arranged([body(PLAIN), body(ODD)], ["p1", "p2"])) == ["p1", "p2"]


def test_what_ordercloud_did_not_list_leaves_no_gap() -> None:
    page = arranged([body(PLAIN)], ["p9", "p2", "p8"])
    assert ids_of(page) == ["p2"]
    assert meta_of(page)["TotalCount"] == 1


def test_ids_are_the_same_in_any_case_and_count_once() -> None:
    assert ids_of(arranged([body(PLAIN, ODD)], ["P2", "p1", "p2", "P1"])) == ["p2", "p1"]


def test_a_page_is_cut_out_and_counted() -> None:
    items = [b'{"ID":"%d"}' % i for i in range(5)]
    page = arranged([body(*items)], [str(i) for i in range(5)], page=2, page_size=2)
    assert ids_of(page) == ["2", "3"]
    assert meta_of(page) == {
        "Facets": [{"Name": "Colour"}],
        "Page": 2,
        "PageSize": 2,
        "TotalCount": 5,
        "TotalPages": 3,
        "ItemRange": [3, 4],
        "NextPageKey": None,
    }


def test_a_page_behind_the_last_is_empty() -> None:
    page = arranged([body(PLAIN)], ["p2"], page=7)
    assert ids_of(page) == []
    assert meta_of(page)["TotalCount"] == 1


def test_an_item_without_an_id_cannot_be_put_in_order() -> None:
    with pytest.raises(listing.NotAList, match="an item has no ID"):
        arranged([body(b'{"Name":"x"}')], ["p1"])


def embedded(found: Any, page: int | None = None, page_size: int | None = None) -> Page:
    return listing.embedded(found, page=page, page_size=page_size)


def test_a_list_inside_a_decision_is_passed_on_whole() -> None:
    found = {"Meta": {"Page": 1, "TotalCount": 90}, "Items": [{"ID": "a"}], "more": 1}
    assert json.loads(embedded(found).body) == {
        "Meta": {"Page": 1, "TotalCount": 90},
        "Items": [{"ID": "a"}],
    }


def test_a_list_without_meta_gets_one() -> None:
    page = embedded({"Items": [{"ID": "a"}, {"ID": "b"}]})
    assert meta_of(page)["TotalCount"] == 2
    assert meta_of(page)["PageSize"] == 2


def test_a_page_of_a_list_inside_a_decision_can_be_asked_for() -> None:
    page = embedded({"Meta": {}, "Items": [{"ID": x} for x in "abc"]}, page=2, page_size=2)
    assert ids_of(page) == ["c"]
    assert meta_of(page)["TotalPages"] == 2


def test_an_empty_list_inside_a_decision_is_a_list() -> None:
    assert embedded({"Items": []}).item_count == 0


@pytest.mark.parametrize("found", [None, 1, "x", [], {}, {"Items": None}, {"Meta": 1, "Items": []}])
def test_what_is_no_list_inside_a_decision_is_refused(found: object) -> None:
    with pytest.raises(listing.NotAList):
        embedded(found)


def test_a_list_nested_deeper_than_can_be_written_is_refused() -> None:
    deep: Any = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(listing.NotAList, match="nested too deeply"):
        embedded({"Items": deep})
