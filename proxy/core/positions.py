"""Where a purge stands among all purges: whole numbers that rise, and compare between replicas.

They are what Redis numbers the records of a stream by: milliseconds and a sequence. Behind each
there is room for the purges that only one replica knows of yet, which stand before the next record.
"""

_LOCAL_BITS = 10
_SEQUENCE_BITS = 12
_MS_BITS = _SEQUENCE_BITS + _LOCAL_BITS
_SEQUENCES = 1 << _SEQUENCE_BITS


def at_moment(wall_s: float) -> int:
    """Return the first position of a moment, in seconds of the wall clock."""
    return int(wall_s * 1000) << _MS_BITS


def of_record(id_: str) -> int:
    """Return the position of the record that Redis calls `ms-sequence`."""
    ms, _, sequence = id_.partition("-")
    return int(ms) << _MS_BITS | int(sequence) << _LOCAL_BITS


def known_to_all(position: int) -> int:
    """Return the last position up to *position* that every replica gives to the same purge."""
    return position >> _LOCAL_BITS << _LOCAL_BITS


def record_at(position: int) -> str:
    """Return the id of the last record up to *position*."""
    return f"{position >> _MS_BITS}-{position >> _LOCAL_BITS & _SEQUENCES - 1}"


def record_after(position: int) -> str:
    """Return the first id that a record after *position* may have."""
    return record_at(position + (1 << _LOCAL_BITS))
