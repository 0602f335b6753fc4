import pytest

from sandbox.ordercloud.errors import ApiError
from sandbox.ordercloud.listing import Resource, parse
from tests.sandbox.ordercloud.listing.catalog import PLAIN, PREMIUM, listed

ASSIGNMENTS = Resource(name="assignments", fields={}, filterable=False, parameters=("buyerID",))


def test_defaults() -> None:
    request = parse(PLAIN, [])
    assert (request.page, request.page_size) == (1, 20)
    assert (request.filters, request.search, request.parameters) == ((), None, {})
    assert [sort.field.path for sort in request.sorts] == ["Name", "ID"]


def test_parameter_names_count_in_any_case() -> None:
    request = parse(
        PLAIN, [("PAGE", "2"), ("pagesize", "5"), ("CategoryId", "c"), ("SortBy", "ID")]
    )
    assert (request.page, request.page_size) == (2, 5)
    assert request.parameters == {"categoryID": "c"}
    assert request.sorts[0].field.path == "ID"
    assert request.filters == ()


def test_of_a_repeated_parameter_the_last_wins() -> None:
    assert parse(PLAIN, [("page", "2"), ("page", "3")]).page == 3


def test_field_names_count_in_any_case_on_plain_lists_only() -> None:
    assert listed(("name", "red*"), resource=PLAIN) == ["bag", "shoe"]
    assert listed(("XP.color", "Red"), resource=PLAIN) == ["shoe"]
    assert listed(("name", "red*"), resource=PREMIUM) == []
    assert listed(("description|name", "red*"), resource=PREMIUM) == []


@pytest.mark.parametrize(
    ("resource", "name", "value", "code"),
    [
        (PLAIN, "Colour", "red", "List.InvalidProperty"),
        (PLAIN, "ID|Name", "red", "List.InvalidProperty"),
        (PLAIN, "searchType", "AnyTerm", "List.InvalidProperty"),
        (PLAIN, "searchOn", "Quantity", "List.InvalidSearchProperty"),
        (PLAIN, "searchOn", "ID,Colour", "List.InvalidSearchProperty"),
        (PREMIUM, "searchOn", "Colour", "List.InvalidSearchProperty"),
        (PLAIN, "sortBy", "Quantity", "List.InvalidSortProperty"),
        (PLAIN, "sortBy", "!Colour", "List.InvalidSortProperty"),
        (PREMIUM, "sortBy", "ID,Colour", "List.InvalidSortProperty"),
        (PLAIN, "Quantity", "many", "List.InvalidType"),
        (PREMIUM, "Quantity", "1|>many", "List.InvalidType"),
        (PREMIUM, "Quantity", "1*", "List.InvalidType"),
        (PREMIUM, "Active", "yes", "List.InvalidType"),
        (PREMIUM, "DateCreated", ">yesterday", "List.InvalidType"),
        (PLAIN, "pageSize", "101", "List.InvalidPageSize"),
        (PLAIN, "pageSize", "0", "List.InvalidPageSize"),
        (PLAIN, "pageSize", "ten", "List.InvalidPageSize"),
        (PLAIN, "page", "0", "List.InvalidType"),
        (PLAIN, "page", "one", "List.InvalidType"),
        (PREMIUM, "searchType", "EveryTerm", "Search.InvalidQuery"),
        (PREMIUM, "page", "5001", "Search.ResultSetTooLarge"),
    ],
)
def test_refusals(resource: Resource, name: str, value: str, code: str) -> None:
    with pytest.raises(ApiError) as refused:
        parse(resource, [(name, value)])
    assert (refused.value.status, refused.value.code) == (400, code)


def test_the_refusal_names_the_property() -> None:
    with pytest.raises(ApiError) as refused:
        parse(PLAIN, [("Colour", "red")])
    assert refused.value.data == {"Property": "Colour"}


def test_lists_of_assignments_take_paging_and_their_own_parameters_only() -> None:
    query = [("buyerID", "acme"), ("Anything", "x"), ("search", "x"), ("pageSize", "5")]
    request = parse(ASSIGNMENTS, query)
    assert request.parameters == {"buyerID": "acme"}
    assert (request.filters, request.search, request.page_size) == ((), None, 5)
