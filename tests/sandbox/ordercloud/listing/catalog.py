"""A handful of things to list, and lists of them the premium and the plain way."""

from typing import Any

from sandbox.ordercloud.listing import Kind, Resource, parse, run

FIELDS = {
    "ID": Kind.STRING,
    "Name": Kind.STRING,
    "Description": Kind.STRING,
    "Quantity": Kind.NUMBER,
    "Active": Kind.BOOLEAN,
    "DateCreated": Kind.DATE,
    "Address.City": Kind.STRING,
}
_THINGS = Resource(
    name="things",
    fields=FIELDS,
    searchable=("ID", "Name", "Description"),
    sortable=("Name", "ID"),
    default_sort=("Name", "ID"),
    parameters=("categoryID",),
)
PLAIN = _THINGS
PREMIUM = Resource(
    name="things",
    fields=FIELDS,
    premium=True,
    any_field=True,
    faceted=True,
    searchable=_THINGS.searchable,
    sortable=_THINGS.sortable,
    default_sort=_THINGS.default_sort,
    parameters=_THINGS.parameters,
)

Thing = dict[str, Any]

WATCH: Thing = {
    "ID": "watch",
    "Name": "Diver's watch",
    "Description": "Steel, waterproof to 200 m",
    "Quantity": 5,
    "Active": True,
    "DateCreated": "2024-02-08T23:09:14.82+00:00",
    "Address": {"City": "Bern"},
    "xp": {"color": "Black", "rating": 4.5, "tags": ["new", "Sport"], "isNew": True},
}
SHOE: Thing = {
    "ID": "shoe",
    "Name": "Red shoe",
    "Description": None,
    "Quantity": 12,
    "Active": False,
    "DateCreated": "2024-03-01T00:00:00+00:00",
    "Address": None,
    "xp": {"color": "Red", "rating": 3, "tags": [], "details": {"material": "leather"}},
}
BAG: Thing = {
    "ID": "bag",
    "Name": "red bag",
    "Description": "",
    "Quantity": None,
    "Active": True,
    "DateCreated": "2023-12-31T22:00:00-05:00",
    "Address": {"City": "Zug"},
    "xp": {"color": "blue|green", "rating": None, "tags": ["sale", "10"], "details": {}},
}
THINGS = [WATCH, SHOE, BAG]


def listed(*query: tuple[str, str], resource: Resource = PREMIUM) -> list[str]:
    """Return the IDs that a query lists."""
    return [item["ID"] for item in run(parse(resource, query), THINGS)["Items"]]
