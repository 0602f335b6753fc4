"""What the emulator knows of its lists from the API's description."""

import pytest

from sandbox.ordercloud import spec
from sandbox.ordercloud.listing import Kind


def test_product_lists_are_premium_and_faceted() -> None:
    products = spec.resource("me/products")
    assert (products.premium, products.any_field, products.faceted) == (True, True, True)
    assert products.searchable == ("ID", "ParentID", "Name", "Description")
    assert products.default_sort == ("Name", "ID")
    assert set(products.parameters) == {
        "catalogID",
        "categoryID",
        "depth",
        "sellerID",
        "supplierID",
    }


def test_other_lists_search_and_sort_what_is_documented() -> None:
    categories = spec.resource("me/categories")
    assert (categories.premium, categories.any_field, categories.faceted) == (False, False, False)
    assert categories.searchable == ("ID", "Name", "Description")
    assert categories.sortable == ("ID", "Name")
    assert categories.default_sort == ("ListOrder", "Name", "ID")
    assert spec.resource("me/orders").premium


@pytest.mark.parametrize(
    ("path", "field", "kind"),
    [
        ("me/products", "Name", Kind.STRING),
        ("me/products", "Active", Kind.BOOLEAN),
        ("me/products", "QuantityMultiplier", Kind.NUMBER),
        ("me/products", "DateCreated", Kind.DATE),
        ("me/products", "Inventory.QuantityAvailable", Kind.NUMBER),
        ("me/products", "PriceSchedule.PriceBreaks.Price", Kind.NUMBER),
        ("me/products", "xp", Kind.FREE),
        ("me/orders", "BillingAddress.City", Kind.STRING),
        ("orders/{direction}", "FromUser.ID", Kind.STRING),
    ],
)
def test_fields_have_the_kinds_of_their_model(path: str, field: str, kind: Kind) -> None:
    assert spec.resource(path).fields[field] is kind


def test_lists_of_assignments_take_no_filters() -> None:
    assignments = spec.resource("products/assignments")
    assert not assignments.filterable
    assert {"productID", "buyerID", "level"} <= set(assignments.parameters)


def test_roles_are_those_of_the_description() -> None:
    assert spec.roles("get", "/me/products") == {"FullAccess", "Shopper"}
    assert spec.roles("post", "/products") == {"FullAccess", "ProductAdmin"}
    assert spec.roles("get", "/me") == frozenset()
