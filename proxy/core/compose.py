"""Several lists shown as one: pinned items first, the rule's own list, then what fills it up.

The page that is asked for is a window on all of them in a row. `compose` is pure: it gives the
queries that it needs one by one, is sent their pages, and returns the page to show.
"""

from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass, replace

import msgspec

from proxy.core import grammar, listing
from proxy.core.listing import Listing
from proxy.core.query import PAGE_SIZE_DEFAULT, Pick, QueryTemplate, Unusable
from proxy.core.resources import ID
from proxy.model import Asked, Composition, Json, ListQuery, Page

_URL_IDS_MAX = 1200
_PAGING = frozenset({"page", "pageSize"})


@dataclass(frozen=True, slots=True)
class ListTemplate:
    """What a rule lists: a query, and what the gateway does beside it.

    `pinned` IDs come first, `hidden` ones not at all; `fills` follow where there is too little.
    """

    query: QueryTemplate
    pinned: tuple[str, ...] | Pick = ()
    hidden: tuple[str, ...] = ()
    fills: tuple[QueryTemplate, ...] = ()

    def fill(self, output: Json, asked: Asked) -> ListQuery | Composition:
        """Return what to list for one decision.

        A shopper who asked for a list of their own (a search, a sort) gets that, without pins.

        Raises:
            Unusable: the decision lacks a value that the query needs.
        """
        query = self.query.fill(output, asked)
        shown = without(query, self.hidden)
        pinned = self._pinned(output)
        if asked.params or not (pinned or self.fills):
            if shown is None:
                raise Unusable("all that it lists is hidden")
            return shown
        fills = [fill.fill(output, Asked()) for fill in self.fills]
        first = (ListQuery(query.resource, (), pinned),) if pinned else ()
        return Composition(
            parts=(*first, *_left((query,), (*self.hidden, *pinned))),
            fills=_left(fills, (*self.hidden, *pinned)),
            page=asked.page or 1,
            page_size=_page_size(query),
        )

    @property
    def picks(self) -> tuple[Pick, ...]:
        """Return every path into the decision that is followed."""
        terms = (term for query in (self.query, *self.fills) for term in query.terms)
        picked = tuple(term.values for term in terms if isinstance(term.values, Pick))
        return (*picked, self.pinned) if isinstance(self.pinned, Pick) else picked

    def _pinned(self, output: Json) -> tuple[str, ...]:
        if not isinstance(self.pinned, Pick):
            return self.pinned
        try:
            picked = self.pinned.texts(output)
        except Unusable:
            return ()
        return tuple(one for one in picked if ID.fullmatch(one))


def without(query: ListQuery, ids: Sequence[str]) -> ListQuery | None:
    """Return *query* leaving *ids* out, as many as a URL can name; None where nothing is left."""
    if query.order:
        folded = {one.casefold() for one in ids}
        order = tuple(one for one in query.order if one.casefold() not in folded)
        return replace(query, order=order) if order else None
    named: list[tuple[str, str]] = []
    left = _URL_IDS_MAX
    for text in grammar.none_of(ids):
        left -= len(text) + len("&ID=")
        if left < 0:
            break
        named.append(("ID", text))
    params = sorted((*query.params, *named), key=lambda param: param[0])
    return replace(query, params=tuple(params))


def compose(wanted: Composition) -> Generator[ListQuery, Page, Page]:
    """Give the queries for *wanted*, be sent their pages, return the page to show.

    Raises:
        NotAList: a page that was sent cannot be read.
    """
    window = _Window(wanted)
    for part in wanted.parts:
        yield from window.take(part)
    for fill in wanted.fills:
        if window.total >= wanted.page_size:
            break
        query = without(fill, window.ids)
        if query is not None:
            yield from window.take(query)
    return listing.compose(
        window.shown, window.meta, window.total, page=wanted.page, page_size=wanted.page_size
    )


class _Window:
    """The items of one page of a row of lists, as they are collected."""

    def __init__(self, wanted: Composition) -> None:
        self._size = wanted.page_size
        self._start = (wanted.page - 1) * wanted.page_size
        self.shown: list[msgspec.Raw] = []
        self.meta: dict[str, msgspec.Raw] = {}
        self.total = 0
        self.ids: list[str] = []

    def take(self, query: ListQuery) -> Generator[ListQuery, Page, None]:
        """Put *query* at the end of the row, and what of it is in the window into the window."""
        skip = max(0, self._start - self.total)
        number = 1 if query.order else skip // self._size + 1
        one = yield from self._read(query, number)
        items = one.items[skip - (number - 1) * self._size :]
        if len(items) < self._size - len(self.shown) and number < one.page_count:
            items += (yield from self._read(query, number + 1)).items
        self.shown += items[: self._size - len(self.shown)]
        self.total += one.total
        self.meta = self.meta or one.meta
        if one.total < self._size:  # all of it may have to be kept out of what fills up
            first = one if number == 1 else (yield from self._read(query, 1))
            self.ids += map(listing.id_of, first.items)

    def _read(self, query: ListQuery, number: int) -> Generator[ListQuery, Page, Listing]:
        if query.order:
            whole = replace(query, page=1, page_size=len(query.order))
            return listing.parse((yield whole).body)
        paging = (("page", str(number)), ("pageSize", str(self._size)))
        return listing.parse((yield replace(query, params=(*query.params, *paging))).body)


def _left(queries: Iterable[ListQuery], ids: Sequence[str]) -> tuple[ListQuery, ...]:
    """Return what is left of *queries* without *ids*, their paging taken off."""
    unpaged = (
        replace(query, params=tuple(p for p in query.params if p[0] not in _PAGING))
        for query in queries
    )
    left = (without(query, ids) for query in unpaged)
    return tuple(query for query in left if query is not None)


def _page_size(query: ListQuery) -> int:
    asked = query.page_size if query.order else dict(query.params).get("pageSize")
    return int(asked or PAGE_SIZE_DEFAULT)
