"""Which calls of OrderCloud's API CDP is told of."""

import pytest

from proxy.core.deeds import Deed, Done, deed_of, path_of


@pytest.mark.parametrize(
    ("call", "deed", "order"),
    [
        ("POST /oauth/token", Deed.LOG_IN, ""),
        ("PUT /v1/me/register", Deed.LOG_IN, ""),
        ("POST /v1/cart/lineitems", Deed.ADD, "cart"),
        ("PUT /v1/cart/lineitems/x", Deed.ADD, "cart"),
        ("PATCH /v1/cart/lineitems/x", Deed.ADD, "cart"),
        ("DELETE /v1/cart/lineitems/x", Deed.REMOVE, "cart"),
        ("DELETE /v1/cart", Deed.CLEAR, "cart"),
        ("POST /v1/cart/submit", Deed.SUBMIT, "cart"),
        ("POST /v1/orders/Outgoing/o-1/lineitems", Deed.ADD, "orders/Outgoing/o-1"),
        ("PATCH /v1/orders/Outgoing/o-1/lineitems/x", Deed.ADD, "orders/Outgoing/o-1"),
        ("DELETE /v1/orders/Outgoing/o-1/lineitems/x", Deed.REMOVE, "orders/Outgoing/o-1"),
        ("DELETE /v1/orders/Outgoing/o-1", Deed.CLEAR, "orders/Outgoing/o-1"),
        ("POST /v1/orders/Outgoing/o-1/submit", Deed.SUBMIT, "orders/Outgoing/o-1"),
        ("POST /V1/Cart/LineItems", Deed.ADD, "Cart"),
    ],
)
def test_a_deed_is_known_by_method_and_path(call: str, deed: Deed, order: str) -> None:
    method, path = call.split()
    assert deed_of(method, path) == Done(deed, path, order=order)


@pytest.mark.parametrize(
    "call",
    [
        "GET /v1/cart",
        "GET /v1/cart/lineitems",
        "POST /v1/cart",
        "POST /v1/cart/lineitems/x",
        "POST /v1/cart/promotions/x",
        "PUT /v1/me",
        "GET /oauth/token",
        "DELETE /v1/orders/Outgoing",
        "PUT /v1/cart/lineitems/x/shipto",
        "POST /v2/cart/submit",
    ],
)
def test_other_calls_tell_nothing(call: str) -> None:
    assert deed_of(*call.split()) is None


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("search=red%20shoe", "red shoe"),
        ("page=2&Search=red+shoe&sortBy=Name", "red shoe"),
        ("search=%C3%A9t%C3%A9", "été"),
    ],
)
def test_a_list_with_search_words_is_a_search(query: str, words: str) -> None:
    done = deed_of("GET", "/v1/me/products", query)
    assert done == Done(Deed.SEARCH, "/v1/me/products", words=words)


@pytest.mark.parametrize("query", ["", "search=", "search=%20", "page=1", "researched=x"])
def test_a_list_without_words_is_none(query: str) -> None:
    assert deed_of("GET", "/v1/me/products", query) is None


def test_a_webhook_s_route_and_parameters_make_a_path() -> None:
    route = "v1/orders/{direction}/{orderID}/lineitems/{lineItemID}"
    params = {"direction": "Outgoing", "orderID": "o-1", "lineItemID": "l-1"}
    assert path_of(route, params) == "/v1/orders/Outgoing/o-1/lineitems/l-1"
    assert path_of("v1/cart/lineitems", {}) == "/v1/cart/lineitems"
