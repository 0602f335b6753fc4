"""What OrderCloud's lists have, filter and sort by; the sandbox's own lists are of one mind."""

from collections.abc import Iterable

import pytest

from proxy.core.resources import RESOURCES
from sandbox.ordercloud import spec
from sandbox.ordercloud.errors import ApiError
from sandbox.ordercloud.listing import parse

_NEVER_SENT = {
    ("me/creditcards", "Token"): "a secret of the payment provider's, which is never listed",
    ("me/orders", "FromUser.Password"): "written, never read",
    ("me/products", "OwnerID"): "named by OrderCloud's API description as a sort, and not listed",
}
_ON_SALE = {"PriceSchedule.IsOnSale"}
_DISCOUNTS = ("PriceSchedule.PriceBreaks.Discounted.", "PriceSchedule.Discount.")
"""What becomes of a price for one shopper: not part of what OrderCloud searches."""

NONSENSE = ("Colour", "name2", "ID.x", "Nam", "Inventory.Sold", "Payment.Number")


def refuses(resource: str, *params: tuple[str, str]) -> bool:
    """Say whether the sandbox answers such a list with an error."""
    try:
        parse(spec.resource(resource), params)
    except ApiError:
        return True
    return False


def matches_nothing(resource: str, field: str) -> bool:
    """Say whether the sandbox refuses this filter, or has no such field for it to match."""
    return refuses(resource, (field, "*")) or spec.resource(resource).field(field) is None


def values(fields: Iterable[str]) -> set[str]:
    """Return the fields that are values: no whole xp or line items, and no discounts."""
    every = {field for field in fields if not field.startswith(_DISCOUNTS)}
    return {field for field in every if field.rpartition(".")[2] not in {"xp", "LineItems"}}


@pytest.mark.parametrize("name", RESOURCES)
class TestOfOneMindWithTheSandbox:
    def test_every_field_that_is_accepted_can_be_filtered_by(self, name: str) -> None:
        for field in values(RESOURCES[name].fields):
            assert RESOURCES[name].why_no_filter(field) is None or field in _ON_SALE
            assert not refuses(name, (field, "*")), field

    def test_every_field_that_the_sandbox_has_is_accepted(self, name: str) -> None:
        accepted = RESOURCES[name]
        for field in values(spec.resource(name).fields) - _ON_SALE:
            assert accepted.why_no_filter(field) is None or (name, field) in _NEVER_SENT, field

    @pytest.mark.parametrize("field", NONSENSE)
    def test_a_field_that_is_refused_would_match_nothing(self, name: str, field: str) -> None:
        is_refused = RESOURCES[name].why_no_filter(field) is not None
        assert is_refused is matches_nothing(name, field)

    @pytest.mark.parametrize("field", ["xp.color", "xp.details.material", "xp.a-b"])
    def test_xp_is_always_accepted(self, name: str, field: str) -> None:
        assert RESOURCES[name].why_no_filter(field) is None
        assert RESOURCES[name].why_no_sort(field) is None
        assert RESOURCES[name].why_no_sort(f"!{field}") is None
        assert not refuses(name, (field, "*"), ("sortBy", f"!{field}"))

    def test_one_field_or_another_goes_only_where_there_is_an_index(self, name: str) -> None:
        is_refused = RESOURCES[name].why_no_filter("ID|xp.color") is not None
        assert is_refused is refuses(name, ("ID|xp.color", "a"))

    def test_sorts_are_accepted_and_refused_alike(self, name: str) -> None:
        listed = values({*RESOURCES[name].fields, *spec.resource(name).fields, *NONSENSE})
        for field in listed - {one for resource, one in _NEVER_SENT if resource == name}:
            is_refused = RESOURCES[name].why_no_sort(field) is not None
            assert is_refused is refuses(name, ("sortBy", field)), field

    def test_fields_to_search_in_are_accepted_and_refused_alike(self, name: str) -> None:
        listed = values({*RESOURCES[name].fields, *spec.resource(name).fields, *NONSENSE})
        for field in listed - {one for resource, one in _NEVER_SENT if resource == name}:
            is_refused = RESOURCES[name].why_no_search(field) is not None
            assert is_refused is refuses(name, ("search", "a"), ("searchOn", field)), field
        assert RESOURCES[name].why_no_search("xp.tags.*") is None

    def test_every_parameter_is_one_of_the_sandboxs(self, name: str) -> None:
        theirs = spec.resource(name)
        own = {"search", "searchOn", "sortBy", "pageSize", *theirs.parameters}
        if theirs.premium:
            own.add("searchType")
        assert set(RESOURCES[name].parameters) == own


@pytest.mark.parametrize(
    ("resource", "field", "what", "mend"),
    [
        ("me/products", "Nmae", "has no field 'Nmae' here", "did you mean 'Name'?"),
        ("me/products", "name", "has no field 'name' here", "did you mean 'Name'?"),
        ("me/products", "Name|Descripton", "has no field 'Descripton'", "mean 'Description'?"),
        ("me/products", "Name.first", "has no field 'Name.first'", "known are: Active, "),
        ("me/products", "PriceSchedule.MinQuantiti", "has no field", "PriceSchedule.MinQuantity'"),
        ("me/products", "PriceSchedule.IsOnSale", "cannot filter by", "mark such products in xp"),
        ("me/products", "Inventory", "has no field 'Inventory' here", "Inventory.Enabled"),
        ("me/products", "xp", "'xp' has no value of its own", "name what is in it: xp.…"),
        ("me/products", "XP.color", "has no field 'XP.color'", "known are: "),
        ("me/categories", "Price", "has no field 'Price'", "known are: "),
        ("me/categories", "ID|Name", "one field at a time", "name one of them"),
        ("me/orders", "BillingAddress.Cty", "has no field", "'BillingAddress.City'"),
    ],
)
def test_a_filter_that_cannot_be_is_told_with_its_mend(
    resource: str, field: str, what: str, mend: str
) -> None:
    wrong = RESOURCES[resource].why_no_filter(field)
    assert wrong is not None
    assert what in wrong[0]
    assert mend in wrong[1]


@pytest.mark.parametrize(
    ("resource", "field"),
    [
        ("me/products", "PriceSchedule.xp.tier"),
        ("me/products", "ParentID|ID"),
        ("me/products", "ID|xp.skus|Name"),
        ("me/orders", "LineItems.Product.ID"),
        ("me/orders", "BillingAddress.xp.floor"),
        ("me/shipments", "ToAddress.Country"),
    ],
)
def test_a_nested_field_or_one_of_several_is_accepted(resource: str, field: str) -> None:
    assert RESOURCES[resource].why_no_filter(field) is None


@pytest.mark.parametrize(
    ("resource", "sort", "mend"),
    [
        ("me/categories", "!ListOrder", "known are: ID, Name, xp.…"),
        ("me/promotions", "Prioritie", "did you mean 'Priority'?"),
        ("me/products", "!Nme", "did you mean 'Name'?"),
        ("me/categories", "xp", "did you mean 'xp.…'?"),
        ("me/orders", "BillingAddress.City", "known are: "),
    ],
)
def test_a_sort_that_cannot_be_is_told_with_its_mend(resource: str, sort: str, mend: str) -> None:
    wrong = RESOURCES[resource].why_no_sort(sort)
    assert wrong is not None
    assert wrong[0] == f"OrderCloud cannot sort this list by '{sort.removeprefix('!')}'"
    assert mend in wrong[1]
