"""What the emulator offers, described: the part of OrderCloud's OpenAPI in `data/openapi.json`.

Models, limits, roles and query parameters come from here. `x-oc-list` on a list operation says what
it may search and sort by.
"""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from sandbox.ordercloud.listing.resource import Kind, Resource

_NOT_OWN = {"search", "searchOn", "searchType", "sortBy", "page", "pageSize", "filters"}
_KINDS = {
    "string": Kind.STRING,
    "integer": Kind.NUMBER,
    "number": Kind.NUMBER,
    "boolean": Kind.BOOLEAN,
}


@cache
def document() -> Mapping[str, Any]:
    """Return the OpenAPI document."""
    text = files("sandbox.ordercloud").joinpath("data/openapi.json").read_text(encoding="utf-8")
    return json.loads(text)  # type: ignore[no-any-return]  # our own file


@cache
def roles(method: str, path: str) -> frozenset[str]:
    """Return the roles any of which an operation asks for; none means any valid token.

    *path* is the template without `/v1`: `/products/{productID}`.
    """
    security = _operation(method, path).get("security", ())
    return frozenset(role for scheme in security for role in scheme["OAuth2"])


@cache
def resource(path: str) -> Resource:
    """Return the list endpoint at a path template: `me/products`."""
    operation = _operation("get", f"/{path}")
    rules = operation["x-oc-list"]
    queries = [
        query["name"] for query in map(resolved, operation["parameters"]) if query["in"] == "query"
    ]
    fields = {} if not rules else dict(_fields(_item(operation)))
    sortable = tuple(rules.get("sortBy", ()))
    return Resource(
        name=path,
        fields=fields,
        searchable=tuple(rules.get("searchOn", ())),
        sortable=sortable,
        default_sort=_default_sort(rules, fields),
        premium="searchType" in queries,
        any_field=rules.get("anyField", False),
        faceted=rules.get("facets", False),
        filterable="filters" in queries,
        parameters=tuple(name for name in queries if name not in _NOT_OWN),
    )


def resolved(node: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a node of the document refers to, or the node itself."""
    reference = node.get("$ref")
    if reference is None:
        return node
    target: Mapping[str, Any] = document()
    for step in reference.removeprefix("#/").split("/"):
        target = target[step]
    return target


def _operation(method: str, path: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = document()["paths"][path][method]
    return found


def _item(operation: Mapping[str, Any]) -> Mapping[str, Any]:
    schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
    return resolved(schema["properties"]["Items"]["items"])


def _default_sort(rules: Mapping[str, Any], fields: Mapping[str, Kind]) -> tuple[str, ...]:
    """Return the stated order, else the first sortable field; the ID decides among equals."""
    first = tuple(rules.get("defaultSort", rules.get("sortBy", ())[:1]))
    return first if "ID" in first or "ID" not in fields else (*first, "ID")


def _fields(schema: Mapping[str, Any], within: str = "") -> Iterator[tuple[str, Kind]]:
    """Give the dotted paths of a model's scalar fields, and their kinds."""
    for name, node in schema.get("properties", {}).items():
        path, schema_of = within + name, _unwrapped(node)
        if name == "xp" or "properties" not in schema_of:
            yield path, _kind(schema_of)
        else:
            yield from _fields(schema_of, f"{path}.")


def _unwrapped(node: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the schema behind references, `allOf` and array items."""
    if "allOf" in node:
        return _unwrapped(node["allOf"][0])
    if node.get("type") == "array":
        return _unwrapped(node["items"])
    target = resolved(node)
    return target if target is node else _unwrapped(target)


def _kind(schema: Mapping[str, Any]) -> Kind:
    if schema.get("format") == "date-time":
        return Kind.DATE
    return _KINDS.get(schema.get("type", ""), Kind.FREE)
