"""What cached answers are tagged with, and how an entry holds it."""

from collections.abc import Mapping
from dataclasses import replace

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.core import tags
from proxy.model import ListQuery, Shopper

_PRODUCTS = "me/products"


def _body(*items: Mapping[str, object]) -> bytes:
    return msgspec.json.encode({"Meta": {}, "Items": items})


def _of_query(
    *params: tuple[str, str], order: tuple[str, ...] = (), resource: str = _PRODUCTS
) -> set[str]:
    return set(tags.of_query(ListQuery(resource, params, order))) - {f"resource:{resource}"}


class TestPacked:
    @given(st.sets(st.text()))
    def test_each_tag_takes_eight_bytes_and_is_found_again(self, names: set[str]) -> None:
        folded = {name.casefold() for name in names}
        packed = tags.pack(names)
        assert len(packed) == 8 * len(folded)
        assert set(tags.hashes(packed)) == {tags.hash_of(name) for name in names}

    def test_order_case_and_repetition_do_not_matter(self) -> None:
        assert tags.pack(["b:2", "a:1", "A:1"]) == tags.pack(["a:1", "B:2"])

    def test_it_is_the_same_in_every_replica(self) -> None:
        assert tags.pack(["product:watch-1"]).hex() == "9eaeb559d43a8bd9"

    def test_nothing_packs_to_nothing(self) -> None:
        assert tags.pack([]) == b""
        assert list(tags.hashes(b"")) == []


class TestOfQuery:
    def test_every_list_is_tagged_with_what_it_lists(self) -> None:
        assert list(tags.of_query(ListQuery("me/orders", ()))) == ["resource:me/orders"]

    @pytest.mark.parametrize(
        ("param", "wanted"),
        [
            (("categoryID", "watches"), {"category:watches"}),
            (("catalogID", "main"), {"catalog:main"}),
            (("productID", "w1"), {"product:w1"}),
            (("ID", "w1|w2"), {"product:w1", "product:w2"}),
            (("ID", "w*|!w2|w3"), {"product:w3"}),
            (("search", "watch"), set()),
            (("xp.color", "red|blue"), set()),
        ],
    )
    def test_what_it_names_is_tagged_listed_or_not(
        self, param: tuple[str, str], wanted: set[str]
    ) -> None:
        assert _of_query(param) == wanted

    def test_ids_that_the_gateway_puts_in_order_are_tagged(self) -> None:
        assert _of_query(order=("w1", "w2")) == {"product:w1", "product:w2"}

    def test_ids_are_those_of_the_listed_kind(self) -> None:
        assert _of_query(("ID", "a"), resource="me/categories") == {"category:a"}
        assert _of_query(("ID", "a"), resource="me/promotions") == {"promotion:a"}
        assert _of_query(("ID", "a"), resource="me/addresses") == set()


class TestOfItems:
    @pytest.mark.parametrize(
        ("resource", "item", "wanted"),
        [
            (_PRODUCTS, {"ID": "w1", "Name": "x"}, {"product:w1"}),
            (_PRODUCTS, {"ID": "w1", "ParentID": "w"}, {"product:w1", "product:w"}),
            (
                _PRODUCTS,
                {"ID": "w1", "ParentID": None, "PriceSchedule": {"ID": "p1"}},
                {"product:w1", "priceschedule:p1"},
            ),
            (_PRODUCTS, {"ID": "w1", "PriceSchedule": None}, {"product:w1"}),
            ("me/categories", {"ID": "c", "ParentID": "b"}, {"category:c", "category:b"}),
            ("me/promotions", {"ID": "half"}, {"promotion:half"}),
            ("me/orders", {"ID": "o1"}, set()),
        ],
    )
    def test_an_item_is_tagged_by_what_its_fields_show(
        self, resource: str, item: dict[str, object], wanted: set[str]
    ) -> None:
        assert set(tags.of_items(resource, _body(item))) == wanted

    @given(st.lists(st.from_regex(r"[A-Za-z0-9_-]{1,20}", fullmatch=True), max_size=100))
    def test_every_item_of_a_page_is_tagged_and_nothing_else(self, ids: list[str]) -> None:
        found = tags.of_items(_PRODUCTS, _body(*({"ID": one} for one in ids)))
        assert list(found) == [f"product:{one}" for one in ids]

    @pytest.mark.parametrize(
        "body", [b"", b"[]", b"{", b'{"Items": 1}', b'{"Items": [{"ID": 7}]}', b"[" * 100_000]
    )
    def test_what_cannot_be_read_has_no_tags(self, body: bytes) -> None:
        assert list(tags.of_items(_PRODUCTS, body)) == []


class TestWritten:
    @pytest.mark.parametrize("text", ["all", "product:w1", "scope:x", "resource:me", "guest:a:b"])
    def test_a_tag_is_one(self, text: str) -> None:
        assert tags.mistake_in(text) is None

    @pytest.mark.parametrize("text", ["", "w1", "Product:w1", "products:w1", "all:x", ":x"])
    def test_what_is_of_no_kind_is_none(self, text: str) -> None:
        told = tags.mistake_in(text)
        assert told is not None
        assert told.startswith(f"{text!r} is no tag; write all, or one of product, category")

    @pytest.mark.parametrize("text", ["guest:", "guest"])
    def test_what_names_nothing_is_none(self, text: str) -> None:
        assert tags.mistake_in(text) == f"{text!r} names nothing; write guest:NAME"


class TestOfShoppers:
    ALICE = Shopper("token", "shop", "alice", None, frozenset(), None, 1.0)
    VISITOR = Shopper("token", "shop", "template", "cart-1", frozenset(), None, 1.0)

    def test_who_logged_in_is_known_by_username_whatever_the_token(self) -> None:
        elsewhere = replace(self.ALICE, client_id="app", roles=frozenset({"MeAdmin"}))
        assert tags.of_shopper(self.ALICE) == tags.of_shopper(elsewhere) == "shopper:alice"

    def test_who_did_not_is_known_by_the_cart(self) -> None:
        assert tags.of_shopper(self.VISITOR) == "shopper:anon-cart-1"

    def test_a_guest_is_whoever_is_at_the_browser_and_the_shopper_at_any(self) -> None:
        assert tags.of_guest("b1") == ["guest:b1"]
        assert tags.of_guest("b1", self.ALICE) == ["guest:b1", "guest:alice"]
