"""The facets of a list: how often each value of a marked field occurs in the whole result."""

import json
from collections.abc import Iterable, Iterator, Mapping
from operator import itemgetter
from typing import Any

from sandbox.ordercloud.collections import Entity
from sandbox.ordercloud.listing.resource import Field, Kind
from sandbox.ordercloud.listing.table import Table
from sandbox.ordercloud.listing.values import OBJECT, Key, key_of, values_at

_MAX_FACETS = 50


def count(table: Table, rows: int, facets: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return `Meta.Facets` for a set of rows; *facets* are OrderCloud's `ProductFacet`s."""
    ordered = sorted(facets, key=lambda facet: facet.get("ListOrder") or 0)
    return [_facet(table, rows, facet) for facet in ordered[:_MAX_FACETS]]


def _facet(table: Table, rows: int, facet: Mapping[str, Any]) -> dict[str, Any]:
    path = facet.get("XpPath") or f"xp.{facet['ID']}"
    least = facet.get("MinCount") or 1
    values = [value for value in _values(table, rows, path) if value["Count"] >= least]
    values.sort(key=itemgetter("Count"), reverse=True)
    return {"Name": facet["Name"], "XpPath": path, "Values": values, "xp": facet.get("xp")}


def _values(table: Table, rows: int, path: str) -> Iterator[dict[str, Any]]:
    column = table.column(Field(path, Kind.FREE))
    for key in column.keys:
        held = column.rows(key) & rows
        if held and key.rank != OBJECT:
            entity = table.items[held.bit_length() - 1]
            yield {"Value": _text(entity, path, key), "Count": held.bit_count()}


def _text(entity: Entity, path: str, key: Key) -> str:
    """Return a value as one of its holders spells it."""
    values = values_at(entity, path.split("."))
    value = next(value for value in values if key_of(value, Kind.FREE) == key)
    return value if isinstance(value, str) else json.dumps(value)
