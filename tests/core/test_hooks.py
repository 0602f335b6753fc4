"""The webhook that administrators register."""

from typing import Any

from proxy.core.deeds import deed_of, path_of
from proxy.core.hooks import webhook
from proxy.core.writes import Outdated, outdated_by


def routes() -> list[Any]:
    listed = webhook("https://g.example", hash_key="k", clients=["a"])["WebhookRoutes"]
    assert isinstance(listed, list)
    return listed


def test_it_tells_the_gateway_after_the_call() -> None:
    hook = webhook("https://g.example/", hash_key="k", clients=["a", "b"])
    assert hook["Url"] == "https://g.example/webhooks/ordercloud"
    assert (hook["HashKey"], hook["ApiClientIDs"]) == ("k", ["a", "b"])
    assert hook["BeforeProcessRequest"] is False


def test_every_route_tells_the_gateway_something() -> None:
    for one in routes():
        verb, route = one["Verb"], one["Route"]
        named = dict.fromkeys(("shopper", "productID", "buyerID", "userID"), "x")
        outdated = outdated_by(verb, route, named, asked=None, answered=None)
        assert outdated != Outdated() or deed_of(verb, path_of(route, {})), one


def test_no_route_is_listed_twice() -> None:
    assert len({(one["Verb"], one["Route"]) for one in routes()}) == len(routes())


def test_a_cart_and_an_order_are_told_of_alike() -> None:
    told = {f"{one['Verb']} {one['Route']}" for one in routes()}
    assert {
        "POST v1/cart/lineitems",
        "PATCH v1/orders/{direction}/{orderID}/lineitems/{lineItemID}",
        "DELETE v1/cart",
        "POST v1/orders/{direction}/{orderID}/submit",
    } <= told
