"""One field of a table, indexed: its values in order, and the rows that hold each."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from functools import cached_property
from itertools import chain
from operator import itemgetter

from sandbox.ordercloud.listing.grammar import Operator, Term
from sandbox.ordercloud.listing.resource import Kind
from sandbox.ordercloud.listing.rowset import rowset
from sandbox.ordercloud.listing.values import STRING, Key, keys_for

_WORTH_KEEPING = 64  # rows; smaller sets are made again, so that unique values cost no memory
_LAST = "\U0010ffff"


class Column:
    """The index of one field. *cells* gives the distinct keys of each row in turn."""

    def __init__(self, cells: Iterable[Iterable[Key]], size: int) -> None:
        self._size = size
        self._rows: dict[Key, list[int]] = {}
        for row, keys in enumerate(cells):
            for key in keys:
                self._rows.setdefault(key, []).append(row)
        self.keys: Sequence[Key] = sorted(self._rows)
        self._sets: dict[Key, int] = {}

    @cached_property
    def present(self) -> int:
        """The rows that have any value."""
        return self._holding(self.keys)

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
            return self._union(keys)
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

    def _union(self, keys: Iterable[Key]) -> int:
        found = 0
        for key in keys:
            found |= self.rows(key)
        return found

    def _holding(self, keys: Iterable[Key]) -> int:
        rows = list(chain.from_iterable(self._rows[key] for key in keys))
        return rowset(rows, self._size)

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
