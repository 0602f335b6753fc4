"""A table: entities with an index per field, made when a list first asks for that field."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import TypeVar

from sandbox.ordercloud.collections import Entity
from sandbox.ordercloud.listing.column import Column
from sandbox.ordercloud.listing.grammar import Term
from sandbox.ordercloud.listing.resource import Field
from sandbox.ordercloud.listing.rowset import full, rowset
from sandbox.ordercloud.listing.values import STRING, Key, key_of, values_at
from sandbox.ordercloud.listing.words import stems

K = TypeVar("K")
V = TypeVar("V")

_INDEXES_KEPT = 64  # of each sort: queries may name any number of fields
_MANY = 100  # changed rows; beyond that new indexes are quicker than changed ones


@dataclass(frozen=True, slots=True)
class Sort:
    """One field to sort by."""

    field: Field
    descending: bool = False
    missing_last: bool = True


class Table:
    """Entities that are replaced, never changed, and an index of every field asked for."""

    def __init__(self, items: Iterable[Entity]) -> None:
        self.items = tuple(items)
        self._columns: dict[Field, Column] = {}
        self._words: dict[str, Column] = {}
        self._orders: dict[tuple[Sort, ...], Sequence[int]] = {}
        self._row_of: dict[str, int] = {}

    def refresh(self, items: Iterable[Entity]) -> None:
        """Take in what the items are now; after a few changes the indexes stay."""
        now = tuple(items)
        changed = [
            row for row, (old, new) in enumerate(zip_longest(self.items, now)) if old is not new
        ]
        if not changed:
            return
        if len(changed) > _MANY or len(now) < self.size:
            self._columns.clear()
            self._words.clear()
        else:
            self._index(changed, now)
        self._orders.clear()
        self._row_of.clear()
        self.items = now

    @property
    def size(self) -> int:
        """The number of entities."""
        return len(self.items)

    def rows_of(self, ids: Iterable[str]) -> int:
        """Return the set of rows that hold the entities with these IDs."""
        if not self._row_of:
            self._row_of = {item["ID"]: row for row, item in enumerate(self.items)}
        return rowset([self._row_of[id_] for id_ in ids if id_ in self._row_of], self.size)

    def column(self, field: Field) -> Column:
        """Return the index of a field's values."""
        return _kept(self._columns, field, lambda: Column(self.items, _keys_at(field)))

    def words(self, path: str) -> Column:
        """Return the index of the stems in a field's texts."""
        return _kept(self._words, path, lambda: Column(self.items, _stems_at(path)))

    def matching(self, field: Field, term: Term) -> int:
        """Return the rows whose field satisfies a term; a row without the field is not equal."""
        rows = self.column(field).matching(term, field.kind)
        return full(self.size) & ~rows if term.negated else rows

    def order(self, sorts: tuple[Sort, ...]) -> Sequence[int]:
        """Return all rows in an order; equal rows stand as they were given."""
        if not sorts:
            return range(self.size)
        return _kept(self._orders, sorts, lambda: self._sorted(sorts[0], self.order(sorts[1:])))

    def _sorted(self, sort: Sort, rows: Sequence[int]) -> Sequence[int]:
        ranks = self.column(sort.field).ranks(
            descending=sort.descending, missing_last=sort.missing_last
        )
        return sorted(rows, key=ranks.__getitem__)

    def _index(self, rows: Sequence[int], items: tuple[Entity, ...]) -> None:
        for column in (*self._columns.values(), *self._words.values()):
            for row in rows:
                column.replace(row, self.items[row] if row < self.size else None, items[row])


@dataclass(frozen=True, slots=True)
class View:
    """The rows of a table that one party may see, and how an entity looks to it."""

    table: Table
    rows: int
    """A set from `Table.rows_of`; it holds until the table is refreshed."""
    show: Callable[[Entity], Entity] = lambda entity: entity


def view(items: Sequence[Entity] | Table | View) -> View:
    """Return *items* as a view; a plain sequence is indexed for this once."""
    if isinstance(items, View):
        return items
    table = items if isinstance(items, Table) else Table(items)
    return View(table, full(table.size))


def _kept(indexes: dict[K, V], key: K, make: Callable[[], V]) -> V:
    """Return what is kept under a key, made if it is not; begin anew when there are too many."""
    if key not in indexes:
        if len(indexes) >= _INDEXES_KEPT:
            indexes.clear()
        indexes[key] = make()
    return indexes[key]


def texts_at(item: Entity, path: str) -> list[str]:
    """Return the strings that an entity has at a path."""
    return [text for text in values_at(item, path.split(".")) if isinstance(text, str)]


def _keys_at(field: Field) -> Callable[[Entity], set[Key]]:
    steps, kind = field.path.split("."), field.kind

    def keys_of(item: Entity) -> set[Key]:
        keys = (key_of(value, kind) for value in values_at(item, steps))
        return {key for key in keys if key is not None}

    return keys_of


def _stems_at(path: str) -> Callable[[Entity], set[Key]]:
    return lambda item: {Key(STRING, stem) for text in texts_at(item, path) for stem in stems(text)}
