"""A table: entities with an index per field, made when a list first asks for that field."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.ordercloud.listing.column import Column
from sandbox.ordercloud.listing.grammar import Term
from sandbox.ordercloud.listing.resource import Field
from sandbox.ordercloud.listing.rowset import full, rowset
from sandbox.ordercloud.listing.values import STRING, Key, key_of, values_at
from sandbox.ordercloud.listing.words import stems

Entity = dict[str, Any]

_ORDERS_KEPT = 32


@dataclass(frozen=True, slots=True)
class Sort:
    """One field to sort by."""

    field: Field
    descending: bool = False
    missing_last: bool = True


class Table:
    """Entities that never change, and what is known of them."""

    def __init__(self, items: Iterable[Entity]) -> None:
        self.items = tuple(items)
        self._columns: dict[Field, Column] = {}
        self._words: dict[str, Column] = {}
        self._orders: dict[tuple[Sort, ...], Sequence[int]] = {(): range(len(self.items))}
        self._row_of: dict[str, int] | None = None

    @property
    def size(self) -> int:
        """The number of entities."""
        return len(self.items)

    def rows_of(self, ids: Iterable[str]) -> int:
        """Return the set of rows that hold the entities with these IDs."""
        if self._row_of is None:
            self._row_of = {item["ID"]: row for row, item in enumerate(self.items)}
        return rowset([self._row_of[id_] for id_ in ids if id_ in self._row_of], self.size)

    def column(self, field: Field) -> Column:
        """Return the index of a field's values."""
        if field not in self._columns:
            self._columns[field] = Column(self._keys(field), self.size)
        return self._columns[field]

    def matching(self, field: Field, term: Term) -> int:
        """Return the rows whose field satisfies a term; a row without the field is not equal."""
        rows = self.column(field).matching(term, field.kind)
        return full(self.size) & ~rows if term.negated else rows

    def words(self, path: str) -> Column:
        """Return the index of the stems in a field's texts."""
        if path not in self._words:
            cells = (
                {Key(STRING, stem) for text in self.texts(row, path) for stem in stems(text)}
                for row in range(self.size)
            )
            self._words[path] = Column(cells, self.size)
        return self._words[path]

    def texts(self, row: int, path: str) -> Iterator[str]:
        """Give the strings that a row has at a path."""
        return (
            value for value in values_at(self.items[row], path.split(".")) if isinstance(value, str)
        )

    def order(self, sorts: tuple[Sort, ...]) -> Sequence[int]:
        """Return all rows in an order; equal rows stand as they were given."""
        if sorts not in self._orders:
            if len(self._orders) >= _ORDERS_KEPT:
                self._orders = {(): range(self.size)}
            self._orders[sorts] = self._sorted(sorts[0], self.order(sorts[1:]))
        return self._orders[sorts]

    def _sorted(self, sort: Sort, rows: Sequence[int]) -> Sequence[int]:
        ranks = self.column(sort.field).ranks(
            descending=sort.descending, missing_last=sort.missing_last
        )
        return sorted(rows, key=ranks.__getitem__)

    def _keys(self, field: Field) -> Iterator[set[Key]]:
        steps = field.path.split(".")
        for item in self.items:
            keys = (key_of(value, field.kind) for value in values_at(item, steps))
            yield {key for key in keys if key is not None}


@dataclass(frozen=True, slots=True)
class View:
    """The rows of a table that one party may see, and how an entity looks to it."""

    table: Table
    rows: int
    """A set from `Table.rows_of`."""
    show: Callable[[Entity], Entity] = lambda entity: entity


def view(items: Sequence[Entity] | Table | View) -> View:
    """Return *items* as a view; a plain sequence is indexed for this once."""
    if isinstance(items, View):
        return items
    table = items if isinstance(items, Table) else Table(items)
    return View(table, full(table.size))
