import sys

from proxy.core.entry import Entry
from proxy.core.freshness import Stamp


def test_an_entry_is_small_as_there_are_many() -> None:
    entry = Entry(b"", Stamp(0.0))
    assert not hasattr(entry, "__dict__")
    assert sys.getsizeof(entry) + sys.getsizeof(entry.stamp) <= 192


def test_an_entry_counts_from_when_it_was_made() -> None:
    entry = Entry(b"", Stamp(0.0), born=5, seen=5)
    assert (entry.uses, entry.is_outdated, entry.is_renewing) == (0, False, False)
