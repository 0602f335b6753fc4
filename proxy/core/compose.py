"""Several lists shown as one: pinned items first, the rule's own list, then what fills it up.

The page that is asked for is a window on all of them in a row. `compose` is pure: it gives the
queries that it needs one by one, is sent their pages, and returns the page to show.
"""

from collections.abc import Collection, Generator, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from proxy.core import listing
from proxy.core.listing import Listing
from proxy.core.query import (
    PAGE_SIZE_DEFAULT,
    PAGE_SIZE_MAX,
    Pick,
    QueryTemplate,
    Term,
    Unusable,
    is_exact,
)
from proxy.core.resources import ID
from proxy.model import Asked, Composition, Json, ListQuery, Page

_PAGING = frozenset({"page", "pageSize"})


@dataclass(frozen=True, slots=True)
class ListTemplate:
    """What a rule lists: a query, and what the gateway does beside it.

    `pinned` IDs come first, `hidden` ones not at all; `fills` follow where there is too little.
    What is hidden by its fields, *unwanted* leaves out everywhere.
    """

    query: QueryTemplate
    pinned: tuple[str, ...] | Pick = ()
    hidden: tuple[str, ...] = ()
    unwanted: tuple[Term, ...] = ()
    fills: tuple[QueryTemplate, ...] = ()

    def fill(self, output: Json, asked: Asked) -> ListQuery | Composition:
        """Return what to list for one decision.

        A shopper who asked for a list of their own (a search, a sort) gets that, without pins.

        Raises:
            Unusable: the decision lacks a value that the query needs.
        """
        query = self.query.fill(output, asked)
        pinned = self._pinned(output)
        if not asked.params and (pinned or self.fills):
            return self._composed(query, pinned, output, asked)
        shown = without(query, self.hidden)
        if shown is None:
            raise Unusable("all that it lists is hidden")
        return shown if is_exact(shown) else _composition(_left((shown,), ()), (), query, asked)

    @property
    def picks(self) -> tuple[Pick, ...]:
        """Return every path into the decision that is followed."""
        terms = (term for query in (self.query, *self.fills) for term in query.terms)
        picked = tuple(term.values for term in terms if isinstance(term.values, Pick))
        return (*picked, self.pinned) if isinstance(self.pinned, Pick) else picked

    @property
    def is_hidden(self) -> bool:
        """Say whether the query names its items one by one, and all of them are hidden."""
        try:
            return without(self.query.fill(None, Asked()), self.hidden) is None
        except Unusable:
            return False

    def _composed(
        self, query: ListQuery, pinned: tuple[str, ...], output: Json, asked: Asked
    ) -> Composition:
        unwanted = QueryTemplate(query.resource, self.unwanted).fill(output, Asked())
        pins = (replace(unwanted, order=pinned),) if pinned else ()
        fills = [fill.fill(output, Asked()) for fill in self.fills]
        apart = (*self.hidden, *pinned)
        return _composition((*pins, *_left((query,), apart)), _left(fills, apart), query, asked)

    def _pinned(self, output: Json) -> tuple[str, ...]:
        if not isinstance(self.pinned, Pick):
            return self.pinned
        try:
            picked = self.pinned.texts(output)
        except Unusable:
            return ()
        hidden = {one.casefold() for one in self.hidden}
        return tuple(one for one in picked if ID.fullmatch(one) and one.casefold() not in hidden)


def without(query: ListQuery, ids: Collection[str]) -> ListQuery | None:
    """Return *query* leaving *ids* out; None where nothing is left."""
    if not ids:
        return query
    if not query.order:
        return replace(query, excluded=tuple(dict.fromkeys((*query.excluded, *ids))))
    folded = {one.casefold() for one in ids}
    order = tuple(one for one in query.order if one.casefold() not in folded)
    return replace(query, order=order) if order else None


def compose(wanted: Composition) -> Generator[ListQuery, Page, Page]:
    """Give the queries for *wanted*, be sent their pages, return the page to show.

    What Meta says beside the counts is that of the last part: pins come before a rule's own list.

    Raises:
        NotAList: a page that was sent cannot be read.
    """
    window = _Window(wanted)
    meta: dict[str, msgspec.Raw] = {}
    for part in wanted.parts:
        meta = yield from window.take(part)
    for fill in wanted.fills:
        if window.total >= wanted.page_size:
            break
        query = without(fill, window.ids)
        if query is not None:
            of_fill = yield from window.take(query)
            meta = meta or of_fill
    return listing.compose(
        window.shown, meta, window.total, page=wanted.page, page_size=wanted.page_size
    )


class _Slice(NamedTuple):
    """Some items of a list, and how many it has in all."""

    items: list[msgspec.Raw]
    total: int
    meta: dict[str, msgspec.Raw]


class _Window:
    """The items of one page of a row of lists, as they are collected."""

    def __init__(self, wanted: Composition) -> None:
        self._size = wanted.page_size
        self._start = (wanted.page - 1) * wanted.page_size
        self._read_already: dict[ListQuery, Listing] = {}
        self.shown: list[msgspec.Raw] = []
        self.total = 0
        self.ids: list[str] = []

    def take(self, query: ListQuery) -> Generator[ListQuery, Page, dict[str, msgspec.Raw]]:
        """Put *query* at the end of the row, and what of it is in the window into the window."""
        skip, room = max(0, self._start - self.total), self._size - len(self.shown)
        part = yield from self._slice(query, skip, room)
        self.shown += part.items
        self.total += part.total
        if part.total < self._size:  # all of it may have to be kept out of what fills up
            whole = yield from self._slice(query, 0, self._size)
            self.ids += map(listing.id_of, whole.items)
        return part.meta

    def _slice(
        self, query: ListQuery, start: int, count: int
    ) -> Generator[ListQuery, Page, _Slice]:
        """Read *count* items of the list from *start* on."""
        if query.order:
            one = yield from self._read(replace(query, page=1, page_size=len(query.order)))
            return _Slice(one.items[start : start + count], one.total, one.meta)
        if not is_exact(query):
            return (yield from self._sift(query, start, count))
        number, skip = divmod(start, self._size)
        one = yield from self._page(query, number + 1, self._size)
        items = one.items[skip:]
        if len(items) < count and number + 1 < one.page_count:
            items = items + (yield from self._page(query, number + 2, self._size)).items
        return _Slice(items[:count], one.total, one.meta)

    def _sift(self, query: ListQuery, start: int, count: int) -> Generator[ListQuery, Page, _Slice]:
        """Read like `_slice` what names more IDs to leave out than a URL holds.

        Where they stand is not known, so this reads from the start and leaves them out here.
        """
        unwanted = {one.casefold() for one in query.excluded}
        listed = replace(query, order=query.excluded, excluded=(), page=1, page_size=len(unwanted))
        left_out = yield from self._read(listed)
        kept: list[msgspec.Raw] = []
        number = 0
        while True:
            number += 1
            one = yield from self._page(query, number, PAGE_SIZE_MAX)
            kept += (item for item in one.items if listing.id_of(item).casefold() not in unwanted)
            if len(kept) >= start + count or number >= one.page_count:
                return _Slice(kept[start : start + count], one.total - left_out.total, one.meta)

    def _page(
        self, query: ListQuery, number: int, size: int
    ) -> Generator[ListQuery, Page, Listing]:
        paging = (("page", str(number)), ("pageSize", str(size)))
        return (yield from self._read(replace(query, params=(*query.params, *paging))))

    def _read(self, query: ListQuery) -> Generator[ListQuery, Page, Listing]:
        if query not in self._read_already:
            self._read_already[query] = listing.parse((yield query).body)
        return self._read_already[query]


def _left(queries: Iterable[ListQuery], ids: Sequence[str]) -> tuple[ListQuery, ...]:
    """Return what is left of *queries* without *ids*, their paging taken off."""
    unpaged = (
        replace(query, params=tuple(p for p in query.params if p[0] not in _PAGING))
        for query in queries
    )
    left = (without(query, ids) for query in unpaged)
    return tuple(query for query in left if query is not None)


def _composition(
    parts: tuple[ListQuery, ...], fills: tuple[ListQuery, ...], query: ListQuery, asked: Asked
) -> Composition:
    """Return these lists, and the page of them that was *asked* for, as long as *query* says."""
    size = query.page_size if query.order else dict(query.params).get("pageSize")
    return Composition(parts, fills, asked.page or 1, int(size or PAGE_SIZE_DEFAULT))
