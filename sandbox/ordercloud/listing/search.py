"""Full-text search: substrings on plain endpoints, words with relevance on premium ones."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import reduce
from operator import and_, or_

from sandbox.ordercloud.collections import Entity
from sandbox.ordercloud.listing.resource import Field, Kind
from sandbox.ordercloud.listing.rowset import members, rowset
from sandbox.ordercloud.listing.table import Table, texts_at
from sandbox.ordercloud.listing.values import STRING, Key
from sandbox.ordercloud.listing.words import stems


class SearchType(StrEnum):
    """How the words of a search must occur, on premium endpoints."""

    ANY_TERM = "AnyTerm"
    ALL_TERMS_ANY_FIELD = "AllTermsAnyField"
    ALL_TERMS_SAME_FIELD = "AllTermsSameField"
    EXACT_PHRASE = "ExactPhrase"
    EXACT_PHRASE_PREFIX = "ExactPhrasePrefix"


@dataclass(frozen=True, slots=True)
class Search:
    """A text, and the paths to look for it in, the weightiest first.

    *type* None is a plain endpoint's search for a substring.
    """

    text: str
    paths: tuple[str, ...]
    type: SearchType | None = None


def find(search: Search, table: Table) -> int:
    """Return the rows that a search finds."""
    if search.type is None:
        return _union(
            table.column(Field(path, Kind.STRING)).like(("", search.text, ""))
            for path in search.paths
        )
    words = _Words(search, table)
    return words.found() if words.terms else 0


def scores(search: Search, table: Table, rows: int) -> dict[int, float]:
    """Return the relevance of each of *rows*: rare words and weighty fields count more."""
    return _Words(search, table).scores(rows)


class _Words:
    """A premium search, its text taken apart."""

    def __init__(self, search: Search, table: Table) -> None:
        self._search = search
        self._table = table
        self.terms = stems(search.text)

    def found(self) -> int:
        paths, terms = self._search.paths, range(len(self.terms))
        match self._search.type:
            case SearchType.ANY_TERM:
                return _union(self._rows(path, term) for path in paths for term in terms)
            case SearchType.ALL_TERMS_ANY_FIELD:
                return _intersection(
                    _union(self._rows(path, term) for path in paths) for term in terms
                )
            case SearchType.ALL_TERMS_SAME_FIELD:
                return _union(self._with_all_terms(path) for path in paths)
            case _:
                return _union(self._with_phrase(path) for path in paths)

    def scores(self, rows: int) -> dict[int, float]:
        size = self._table.size
        relevance = dict.fromkeys(members(rows, size), 0.0)
        for term in range(len(self.terms)):
            for weight, path in enumerate(self._search.paths, 1):
                holding = self._rows(path, term)
                rarity = math.log(1 + size / max(1, holding.bit_count()))
                for row in members(holding & rows, size):
                    relevance[row] += rarity / weight
        return relevance

    def _rows(self, path: str, term: int) -> int:
        """Return the rows with the term in a field; the last one of a prefix search may go on."""
        column, stem = self._table.words(path), self.terms[term]
        if self._is_prefix(term):
            return _union(column.rows(key) for key in column.starting(stem))
        return column.rows(Key(STRING, stem))

    def _is_prefix(self, term: int) -> bool:
        is_last = term == len(self.terms) - 1
        return is_last and self._search.type is SearchType.EXACT_PHRASE_PREFIX

    def _with_all_terms(self, path: str) -> int:
        return _intersection(self._rows(path, term) for term in range(len(self.terms)))

    def _with_phrase(self, path: str) -> int:
        size, items = self._table.size, self._table.items
        candidates = members(self._with_all_terms(path), size)
        return rowset([row for row in candidates if self._has_phrase(items[row], path)], size)

    def _has_phrase(self, item: Entity, path: str) -> bool:
        return any(self._is_phrase_of(stems(text)) for text in texts_at(item, path))

    def _is_phrase_of(self, text: list[str]) -> bool:
        width = len(self.terms)
        starts = range(len(text) - width + 1)
        return any(self._fits(text[start : start + width]) for start in starts)

    def _fits(self, words: list[str]) -> bool:
        *body, last = words
        is_end = last.startswith if self._is_prefix(len(body)) else last.__eq__
        return body == self.terms[:-1] and is_end(self.terms[-1])


def _union(sets: Iterable[int]) -> int:
    return reduce(or_, sets, 0)


def _intersection(sets: Iterable[int]) -> int:
    return reduce(and_, sets)
