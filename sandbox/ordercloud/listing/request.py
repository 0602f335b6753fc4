"""A list's query string, understood."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sandbox.ordercloud.errors import ApiError
from sandbox.ordercloud.listing.grammar import Filter, Term, parse_terms
from sandbox.ordercloud.listing.resource import Field, Kind, Resource
from sandbox.ordercloud.listing.search import Search, SearchType
from sandbox.ordercloud.listing.table import Sort
from sandbox.ordercloud.listing.values import keys_for

_DEFAULT_PAGE_SIZE = 20
_MAX_PAGE_SIZE = 100
_MAX_RESULTS = 100_000
_COMMON = ("search", "searchOn", "sortBy", "page", "pageSize")
_INTEGER = re.compile(r"-?\d{1,9}")


@dataclass(frozen=True, slots=True)
class ListRequest:
    """What one call asks of a list."""

    resource: Resource
    filters: tuple[Filter, ...]
    search: Search | None
    sorts: tuple[Sort, ...]
    by_relevance: bool
    """Whether what the search found best comes first; *sorts* then decide among equals."""
    page: int
    page_size: int
    parameters: Mapping[str, str]
    """The resource's own parameters, by their documented names."""


def parse(resource: Resource, query: Sequence[tuple[str, str]]) -> ListRequest:
    """Understand a decoded query string; raise OrderCloud's `List.*` and `Search.*` errors.

    Parameter names count in any case; of a repeated parameter the last wins, repeated filters
    must all hold.
    """
    given, rest = _split(resource, query)
    search = _search(resource, given)
    page, page_size = _page(given), _page_size(given)
    if page * page_size > _MAX_RESULTS:
        raise ApiError("Search.ResultSetTooLarge")
    return ListRequest(
        resource=resource,
        filters=tuple(_filter(resource, name, value) for name, value in rest),
        search=search,
        sorts=tuple(_sorts(resource, given.get("sortBy", ""))),
        by_relevance=search is not None and resource.premium and not given.get("sortBy"),
        page=page,
        page_size=page_size,
        parameters={name: given[name] for name in resource.parameters if name in given},
    )


def _split(
    resource: Resource, query: Iterable[tuple[str, str]]
) -> tuple[dict[str, str], list[tuple[str, str]]]:
    """Return the parameters by their documented names, and what is left: the filters."""
    premium = ("searchType",) if resource.premium else ()
    known = {name.casefold(): name for name in (*_COMMON, *premium, *resource.parameters)}
    given = {known[name.casefold()]: value for name, value in query if name.casefold() in known}
    rest = [(name, value) for name, value in query if name.casefold() not in known]
    return given, rest if resource.filterable else []


def _filter(resource: Resource, name: str, value: str) -> Filter:
    paths = name.split("|") if resource.premium else [name]
    found = Filter(tuple(_filter_field(resource, path) for path in paths), parse_terms(value))
    for field in found.fields:
        for term in found.terms:
            _check_type(field, term)
    return found


def _filter_field(resource: Resource, name: str) -> Field:
    """Return the field; one that is not known to a premium endpoint simply has no values."""
    field = resource.field(name)
    if field is None and not resource.premium:
        raise ApiError("List.InvalidProperty", {"Property": name})
    return field or Field(name, Kind.FREE)


def _check_type(field: Field, term: Term) -> None:
    if term.is_presence:
        return
    is_typed = field.kind not in {Kind.STRING, Kind.FREE}
    if is_typed and (term.is_pattern or not keys_for(term.parts[0], field.kind)):
        raise ApiError("List.InvalidType", {"Property": field.path})


def _search(resource: Resource, given: Mapping[str, str]) -> Search | None:
    """Return the search; what it looks in and how is checked even where there is no text."""
    paths = tuple(_search_paths(resource, given.get("searchOn", "")))
    kind = _search_type(given.get("searchType") or SearchType.ANY_TERM)
    text = given.get("search", "").strip()
    if not text or not paths:
        return None
    return Search(text, paths, kind if resource.premium else None)


def _search_paths(resource: Resource, search_on: str) -> Iterator[str]:
    for name in _csv(search_on) or resource.searchable:
        field = resource.search_field(name)
        if field is None:
            raise ApiError("List.InvalidSearchProperty", {"Property": name})
        yield field.path


def _search_type(name: str) -> SearchType:
    for kind in SearchType:
        if kind.casefold() == name.casefold():
            return kind
    raise ApiError("Search.InvalidQuery", {"Property": "searchType"})


def _sorts(resource: Resource, sort_by: str) -> Iterator[Sort]:
    """Give what to sort by: what was asked for, then the resource's own order."""
    for name in _csv(sort_by):
        path = name.removeprefix("!")
        field = resource.sort_field(path)
        if field is None:
            raise ApiError("List.InvalidSortProperty", {"Property": path})
        descending = name.startswith("!")
        yield Sort(field, descending, missing_last=resource.premium or descending)
    for path in resource.default_sort:
        yield Sort(Field(path, resource.fields[path]), missing_last=resource.premium)


def _csv(text: str) -> list[str]:
    return [name for part in text.split(",") if (name := part.strip())]


def _page(given: Mapping[str, str]) -> int:
    text = given.get("page") or "1"
    if not _INTEGER.fullmatch(text) or int(text) < 1:
        raise ApiError("List.InvalidType", {"Property": "page"})
    return int(text)


def _page_size(given: Mapping[str, str]) -> int:
    text = given.get("pageSize") or str(_DEFAULT_PAGE_SIZE)
    if not _INTEGER.fullmatch(text) or not 1 <= int(text) <= _MAX_PAGE_SIZE:
        raise ApiError("List.InvalidPageSize", {"Property": "pageSize"})
    return int(text)
