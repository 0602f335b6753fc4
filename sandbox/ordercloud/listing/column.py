"""One field of a table, indexed: its values in order, and the rows that hold each."""

import re
from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from operator import itemgetter

from sandbox.ordercloud.collections import Entity
from sandbox.ordercloud.listing.grammar import Operator, Term
from sandbox.ordercloud.listing.resource import Kind
from sandbox.ordercloud.listing.rowset import rowset
from sandbox.ordercloud.listing.values import STRING, Key, keys_for

_WORTH_KEEPING = 64  # rows; smaller sets are made again, so that unique values cost no memory
_LAST = "\U0010ffff"


class Column:
    """The index of one field of *items*; *keys_of* gives an item's values, each once."""

    def __init__(self, items: Sequence[Entity], keys_of: Callable[[Entity], set[Key]]) -> None:
        self._keys_of = keys_of
        self._size = len(items)
        self._rows: dict[Key, list[int]] = {}
        for row, item in enumerate(items):
            for key in keys_of(item):
                self._rows.setdefault(key, []).append(row)
        self.keys: list[Key] = sorted(self._rows)
        self._sets: dict[Key, int] = {}
        self._present: int | None = None

    def replace(self, row: int, old: Entity | None, new: Entity) -> None:
        """Put a changed item into its row, or a new one into the next."""
        before = self._keys_of(old) if old is not None else set[Key]()
        after = self._keys_of(new)
        self._size = max(self._size, row + 1)
        self._present = None
        for key in before - after:
            self._take(key, row)
        for key in after - before:
            self._give(key, row)

    @property
    def present(self) -> int:
        """The rows that have any value."""
        if self._present is None:
            self._present = self._holding(self.keys)
        return self._present

    def rows(self, key: Key) -> int:
        """Return the rows that hold a value."""
        kept = self._sets.get(key)
        if kept is not None:
            return kept
        rows = self._rows.get(key, ())
        found = rowset(rows, self._size)
        if len(rows) >= _WORTH_KEEPING:
            self._sets[key] = found
        return found

    def matching(self, term: Term, kind: Kind) -> int:
        """Return the rows that satisfy a term, its negation left aside."""
        if term.is_presence:
            return self.present
        if term.is_pattern:
            return self.like(term.parts)
        keys = keys_for(term.parts[0], kind)
        if term.operator is Operator.IS:
            return self._holding(keys)
        return self._holding(chain.from_iterable(self._range(term.operator, key) for key in keys))

    def like(self, parts: Sequence[str]) -> int:
        """Return the rows with a string made of *parts*, in order, anything between them."""
        first, *_, last = folded = [part.casefold() for part in parts]
        pattern = re.compile(
            (r"\A" if first else "")
            + ".*".join(re.escape(part) for part in folded if part)
            + (r"\Z" if last else ""),
            re.DOTALL,
        )
        candidates = self.starting(first)
        return self._holding(key for key in candidates if pattern.search(str(key.value)))

    def starting(self, prefix: str) -> Sequence[Key]:
        """Return the strings that begin with *prefix* (folded)."""
        low = bisect_left(self.keys, Key(STRING, prefix))
        return self.keys[low : bisect_right(self.keys, Key(STRING, prefix + _LAST))]

    def ranks(self, *, descending: bool, missing_last: bool) -> Sequence[int]:
        """Return each row's place in the order of this field, rows with equal values alike.

        Of several values the one that comes first counts.
        """
        count = len(self.keys)
        places = [count if missing_last else -1] * self._size
        from_last = self.keys if descending else reversed(self.keys)
        for place, key in zip(range(count - 1, -1, -1), from_last, strict=True):
            for row in self._rows[key]:
                places[row] = place
        return places

    def _take(self, key: Key, row: int) -> None:
        self._sets.pop(key, None)
        self._rows[key].remove(row)
        if not self._rows[key]:
            del self._rows[key]
            del self.keys[bisect_left(self.keys, key)]

    def _give(self, key: Key, row: int) -> None:
        self._sets.pop(key, None)
        if key not in self._rows:
            insort(self.keys, key)
        self._rows.setdefault(key, []).append(row)

    def _holding(self, keys: Iterable[Key]) -> int:
        """Return the rows that hold any of the values."""
        found, few = 0, list[int]()
        for key in keys:
            rows = self._rows.get(key, ())
            if len(rows) < _WORTH_KEEPING:
                few += rows
            else:
                found |= self.rows(key)
        return found | rowset(few, self._size)

    def _range(self, operator: Operator, key: Key) -> Sequence[Key]:
        low = bisect_left(self.keys, key.rank, key=itemgetter(0))
        high = bisect_right(self.keys, key.rank, key=itemgetter(0))
        match operator:
            case Operator.ABOVE:
                low = bisect_right(self.keys, key)
            case Operator.FROM:
                low = bisect_left(self.keys, key)
            case Operator.BELOW:
                high = bisect_left(self.keys, key)
            case _:
                high = bisect_right(self.keys, key)
        return self.keys[low:high]
