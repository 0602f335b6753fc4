"""OrderCloud's answers in CDP's words."""

from datetime import UTC, datetime
from typing import Any

import pytest

from proxy.core import events
from proxy.core.events import Event, Origin, ProductMapping

_AT = datetime(2026, 11, 27, 9, 30, tzinfo=UTC)
_ORIGIN = Origin("b-1", _AT, "EN", "USD", "/v1/cart/lineitems")
_MAPPING = ProductMapping.parse(
    type="Product.xp.ProductType", name="Product.Name", item_id="Variant.ID || ProductID"
)
_LINE: dict[str, Any] = {
    "ID": "line-1",
    "ProductID": "tent",
    "Quantity": 2,
    "UnitPrice": 250.5,
    "DateAdded": "2026-11-27T09:29:58.1+00:00",
    "Product": {"ID": "tent", "Name": "Tent", "xp": {"ProductType": "Camping"}},
    "Variant": None,
}
_COMMON = {
    "browser_id": "b-1",
    "language": "EN",
    "currency": "USD",
    "page": "/v1/cart/lineitems",
    "requested_at": "2026-11-27T09:30:00.000Z",
}


def _added(**changes: Any) -> dict[str, Any]:
    """Return the product of the ADD that a line item, changed so, becomes."""
    event = events.added(_ORIGIN, {**_LINE, **changes}, _MAPPING, key="k")
    product = event.content["product"]
    assert isinstance(product, dict)
    return product


def test_what_a_line_item_lacks_is_taken_from_its_product() -> None:
    breaks = [
        {"Quantity": 1, "Price": 10},
        {"Quantity": 10, "Price": 8},
        {"Quantity": 20, "Price": 7},
    ]
    product = {"Name": "Tent", "PriceSchedule": {"PriceBreaks": breaks}}
    bare = {"ID": "l", "ProductID": "tent", "Quantity": 12, "UnitPrice": None}
    assert events.needs_product(bare)
    whole = events.with_product(bare, product)
    assert (whole["Product"], whole["UnitPrice"], whole["Quantity"]) == (product, 8, 12)
    assert not events.needs_product(whole)
    assert events.with_product({**bare, "UnitPrice": 0}, product)["UnitPrice"] == 0
    assert events.with_product(bare, {"Name": "Tent"})["UnitPrice"] is None


def test_a_line_item_becomes_an_add_with_every_attribute_cdp_requires() -> None:
    assert events.added(_ORIGIN, _LINE, _MAPPING, key="log-1") == Event(
        "b-1",
        "ADD",
        {
            "type": "ADD",
            **_COMMON,
            "product": {
                "type": "CAMPING",
                "item_id": "tent",
                "name": "Tent",
                "productId": "tent",
                "quantity": 2,
                "price": 250.5,
                "currency": "USD",
                "originalPrice": 250.5,
                "originalCurrencyCode": "USD",
                "orderedAt": "2026-11-27T09:29:58.1+00:00",
                "referenceId": "line-1",
            },
        },
        key="log-1",
    )


def test_a_variant_is_an_item_of_its_own() -> None:
    product = _added(Variant={"ID": "tent-blue"})
    assert (product["item_id"], product["productId"]) == ("tent-blue", "tent")


@pytest.mark.parametrize("product", [None, {}, {"xp": None}, {"xp": {"ProductType": {"a": 1}}}])
def test_what_the_mapping_does_not_find_is_filled_in(product: object) -> None:
    said = _added(Product=product)
    assert (said["type"], said["name"]) == ("PRODUCT", "tent")


def test_an_identity_names_the_shopper_by_provider() -> None:
    event = events.identified(_ORIGIN, "acme-alice", provider="ordercloud")
    assert event.content["identifiers"] == [{"provider": "ordercloud", "id": "acme-alice"}]
    assert event.identifier == "acme-alice"


def test_a_search_carries_its_words() -> None:
    event = events.searched(_ORIGIN, "red shoe", key="k")
    assert event.content == {"type": "SEARCH", **_COMMON, "product_name": "red shoe"}


def test_an_empty_cart_needs_no_attributes() -> None:
    assert events.cleared(_ORIGIN, key="k").content == {"type": "CLEAR_CART", **_COMMON}


_ORDER = {
    "ID": "order-1",
    "Total": 501.0,
    "Currency": "EUR",
    "DateSubmitted": "2026-11-27T09:30:01+00:00",
}


def test_a_submitted_order_becomes_one_checkout_with_its_items() -> None:
    payments = [{"Type": "CreditCard", "xp": {"CardType": "Visa"}}]
    event = events.ordered(_ORIGIN, _ORDER, [_LINE], payments, _MAPPING)
    common = {
        "orderedAt": "2026-11-27T09:30:01+00:00",
        "status": "PURCHASED",
        "currencyCode": "EUR",
    }
    assert event.content["order"] == {
        "referenceId": "order-1",
        "price": 501.0,
        **common,
        "paymentType": "Card",
        "cardType": "Visa",
        "orderItems": [
            {
                "type": "CAMPING",
                "name": "Tent",
                "productId": "tent",
                "quantity": 2,
                "price": 250.5,
                "referenceId": "order-1-line-1",
                **common,
            }
        ],
    }
    assert event.key == "order:order-1"


@pytest.mark.parametrize(
    ("payments", "said"),
    [
        ([], {"paymentType": "other"}),
        ([{"Type": "PurchaseOrder", "xp": None}], {"paymentType": "other"}),
        ([{"Type": "CreditCard", "xp": None}], {"paymentType": "Card", "cardType": "other"}),
    ],
)
def test_a_card_is_named_only_where_it_was_used(
    payments: list[dict[str, Any]], said: dict[str, str]
) -> None:
    order = events.ordered(_ORIGIN, _ORDER, [], payments, _MAPPING).content["order"]
    assert isinstance(order, dict)
    assert {k: v for k, v in order.items() if k in {"paymentType", "cardType"}} == said


def test_an_exposure_is_a_custom_event_with_flat_attributes() -> None:
    event = events.exposed(_ORIGIN, placement="hero", rule="test", variant="b", key="k")
    assert event.type == "EXPERIMENT_EXPOSURE"
    assert event.content["ext"] == {"placement": "hero", "rule": "test", "variant": "b"}
