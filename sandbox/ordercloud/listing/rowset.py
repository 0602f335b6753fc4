"""Sets of row numbers as the bits of one int: union, intersection and count in microseconds."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import compress

_FEW = 32
_BITS = bytes.maketrans(b"01", b"\0\1")


def rowset(rows: Sequence[int], size: int) -> int:
    """Return the set of *rows*, all below *size*."""
    if len(rows) <= _FEW:
        return sum(1 << row for row in set(rows))
    digits = bytearray(b"0") * size
    for row in rows:
        digits[-1 - row] = ord("1")
    return int(digits, 2)


def full(size: int) -> int:
    """Return the set of all rows below *size*."""
    return (1 << size) - 1


def flags(rows: int, size: int) -> bytes:
    """Return one byte per row: 1 if it is in the set, else 0."""
    return f"{rows:0{size}b}"[::-1].encode().translate(_BITS)


def members(rows: int, size: int, order: Iterable[int] | None = None) -> Iterator[int]:
    """Give the rows of the set, in an *order* of all rows or by number."""
    inside = flags(rows, size)
    if order is None:
        return compress(range(size), inside)
    return (row for row in order if inside[row])
