"""Runs a list request over a table: filter, search, order, count, cut out the page."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import reduce
from itertools import islice
from operator import or_
from typing import Any

from sandbox.ordercloud.collections import Entity
from sandbox.ordercloud.listing import facets as facet_counts
from sandbox.ordercloud.listing.grammar import Filter
from sandbox.ordercloud.listing.request import ListRequest
from sandbox.ordercloud.listing.rowset import members
from sandbox.ordercloud.listing.search import find, scores
from sandbox.ordercloud.listing.table import Table, View, view


def run(
    request: ListRequest,
    items: Sequence[Entity] | Table | View,
    facets: Iterable[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """Return OrderCloud's list answer, `{"Meta": {…}, "Items": […]}`.

    *facets* are the marketplace's product facets; they count where the resource is faceted.
    """
    visible = view(items)
    rows = _matching(request, visible)
    meta = _meta(request, rows.bit_count())
    if request.resource.faceted:
        meta = {"Facets": facet_counts.count(visible.table, rows, facets), **meta}
    return {"Meta": meta, "Items": [visible.show(item) for item in _page(request, visible, rows)]}


def _matching(request: ListRequest, visible: View) -> int:
    rows = visible.rows
    for wanted in request.filters:
        rows &= _satisfying(wanted, visible.table)
    if request.search and rows:
        rows &= find(request.search, visible.table)
    return rows


def _satisfying(wanted: Filter, table: Table) -> int:
    return reduce(
        or_, (table.matching(field, term) for field in wanted.fields for term in wanted.terms)
    )


def _page(request: ListRequest, visible: View, rows: int) -> Iterator[Entity]:
    table = visible.table
    ordered = members(rows, table.size, table.order(request.sorts))
    if request.search and request.by_relevance:
        relevance = scores(request.search, table, rows)
        ordered = iter(sorted(ordered, key=relevance.__getitem__, reverse=True))
    start = (request.page - 1) * request.page_size
    return (table.items[row] for row in islice(ordered, start, start + request.page_size))


def _meta(request: ListRequest, total: int) -> dict[str, Any]:
    first = (request.page - 1) * request.page_size + 1
    last = min(total, request.page * request.page_size)
    return {
        "Page": request.page,
        "PageSize": request.page_size,
        "TotalCount": total,
        "TotalPages": -(-total // request.page_size),
        "ItemRange": [first, max(last, first - 1)],
        "NextPageKey": None,
    }
