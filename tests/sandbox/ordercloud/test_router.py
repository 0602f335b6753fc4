import pytest

from sandbox.ordercloud.call import Call
from sandbox.ordercloud.router import Router
from sandbox.ordercloud.routes import ROUTES


def answer(_: Call) -> None:
    return None


ROUTER = Router(
    {
        "GET /cart": answer,
        "PUT /cart/{orderID}": answer,
        "PUT /cart/shipto": answer,
        "GET /orders/{direction}/{orderID}/lineitems/{lineItemID}": answer,
    }
)


@pytest.mark.parametrize(
    ("verb", "path", "template", "ids"),
    [
        ("GET", "/cart", "/cart", {}),
        ("GET", "/Cart/", "/cart", {}),
        ("PUT", "/cart/ShipTo", "/cart/shipto", {}),
        ("PUT", "/cart/Some-Order", "/cart/{orderID}", {"orderID": "Some-Order"}),
        (
            "GET",
            "/orders/Outgoing/o1/lineitems/l1",
            "/orders/{direction}/{orderID}/lineitems/{lineItemID}",
            {"direction": "Outgoing", "orderID": "o1", "lineItemID": "l1"},
        ),
    ],
)
def test_words_go_before_ids(verb: str, path: str, template: str, ids: dict[str, str]) -> None:
    match = ROUTER.find(verb, path)

    assert match is not None
    assert (match.operation.path, match.ids) == (template, ids)


@pytest.mark.parametrize(
    ("verb", "path"), [("POST", "/cart"), ("GET", "/cart/x/y"), ("GET", ""), ("GET", "/orders")]
)
def test_other_paths_and_verbs_are_not_found(verb: str, path: str) -> None:
    assert ROUTER.find(verb, path) is None


def test_roles_and_statuses_are_those_of_the_contract() -> None:
    match = ROUTER.find("PUT", "/cart/o1")

    assert match is not None
    assert (match.operation.roles, match.operation.status) == (("FullAccess", "Shopper"), 204)


def test_every_operation_is_described_in_the_contract() -> None:
    router = Router(ROUTES)

    for route in ROUTES:
        verb, _, path = route.partition(" ")
        match = router.find(verb, path)
        assert match is not None
        assert match.operation.endpoint is ROUTES[route]
