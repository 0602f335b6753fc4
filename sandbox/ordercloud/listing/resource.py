"""What can be listed: the fields of a resource, and which of them may be searched and sorted."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """How the values of a field compare with the text of a filter."""

    STRING = "string"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    FREE = "free"
    """Extended properties and unknown fields: whatever the value itself is."""


@dataclass(frozen=True, slots=True)
class Field:
    """A field by its dotted path: `ID`, `BillingAddress.City`, `xp.details.material`."""

    path: str
    kind: Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One list endpoint.

    *premium* endpoints read a search index: words instead of substrings, relevance, filters
    across fields, unknown fields that just match nothing, case-sensitive field names.
    """

    name: str
    fields: Mapping[str, Kind]
    searchable: tuple[str, ...] = ()
    """Searched by default, the weightiest first."""
    sortable: tuple[str, ...] = ()
    default_sort: tuple[str, ...] = ()
    premium: bool = False
    any_field: bool = False
    """Search and sort take every field of the model, not only the listed ones."""
    faceted: bool = False
    filterable: bool = True
    """False for lists of assignments: they take their own parameters and paging only."""
    parameters: tuple[str, ...] = ()
    """The endpoint's own query parameters, which are not filters: `categoryID`, `depth`."""

    def field(self, name: str) -> Field | None:
        """Return the field that a filter names, or None if the model has none of that name."""
        if name in self.fields:
            return Field(name, self.fields[name])
        if name.startswith("xp."):
            return Field(name, Kind.FREE)
        return None if self.premium else self.loose_field(name)

    def loose_field(self, name: str) -> Field | None:
        """Return the field of that name in any case; keys within xp keep theirs."""
        if name[:3].casefold() == "xp.":
            return Field("xp." + name[3:], Kind.FREE)
        wanted = name.casefold()
        path = next((path for path in self.fields if path.casefold() == wanted), None)
        return Field(path, self.fields[path]) if path else None

    def search_field(self, name: str) -> Field | None:
        """Return the field if `searchOn` may name it."""
        return self._allowed(name, self.searchable)

    def sort_field(self, name: str) -> Field | None:
        """Return the field if `sortBy` may name it."""
        return self._allowed(name, self.sortable)

    def _allowed(self, name: str, listed: tuple[str, ...]) -> Field | None:
        field = self.loose_field(name)
        if field is None or self.any_field or field.path.startswith("xp."):
            return field
        return field if field.path in listed else None
