import pytest

from sandbox.ordercloud.collections import Revision
from sandbox.ordercloud.errors import ApiError
from sandbox.ordercloud.order_book import OrderBook


def test_orders_are_found_by_id_and_by_owner() -> None:
    book = OrderBook(Revision())
    book.put("alice", {"ID": "o1"})
    book.put("bob", {"ID": "o2"})
    book.put("alice", {"ID": "o3"})

    assert book.get("O2") == {"ID": "o2"}
    assert book.owner("o3") == "alice"
    assert [order["ID"] for order in book.of("alice")] == ["o1", "o3"]
    assert [order["ID"] for order in book] == ["o1", "o3", "o2"]


def test_an_order_that_changes_hands_leaves_the_first() -> None:
    book = OrderBook(Revision())
    book.put("guest", {"ID": "o1"})

    book.put("alice", {"ID": "o1", "Comments": "mine"})

    assert list(book.of("guest")) == []
    assert book.get("o1")["Comments"] == "mine"


def test_a_removed_order_is_gone() -> None:
    book = OrderBook(Revision())
    book.put("alice", {"ID": "o1"})

    book.remove("o1")

    assert "o1" not in book
    assert list(book) == []
    with pytest.raises(ApiError, match="NotFound"):
        book.get("o1")
