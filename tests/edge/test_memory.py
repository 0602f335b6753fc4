import pytest

from proxy.core.freshness import Entry, Lifetime, Stamp
from proxy.edge.memory import OVERHEAD_BYTES, Memory

_STAMP = Stamp(0.0, Lifetime(1.0))


def _entry(text: str) -> Entry[str]:
    return Entry(text, _STAMP)


def _memory(entries: int, size: int = 10) -> Memory[str]:
    """Return a memory that holds that many entries of *size* characters, with short keys."""
    return Memory(entries * (size + OVERHEAD_BYTES + len("'a'")), weigh=len)


def test_what_was_put_is_there_under_its_key_only() -> None:
    memory = _memory(2)
    memory.put("a", _entry("A" * 10))
    assert memory.get("a") == _entry("A" * 10)
    assert memory.get("b") is None


def test_what_was_used_longest_ago_goes_first() -> None:
    memory = _memory(2)
    memory.put("a", _entry("A" * 10))
    memory.put("b", _entry("B" * 10))
    memory.get("a")
    memory.put("c", _entry("C" * 10))
    assert [key for key in "abc" if memory.get(key)] == ["a", "c"]


def test_it_never_holds_more_than_it_may() -> None:
    memory = _memory(5)
    for number in range(100):
        memory.put(number, _entry("x" * (number % 40)))
        assert memory.size_bytes <= 5 * (10 + OVERHEAD_BYTES + 3)


def test_an_entry_weighs_its_value_its_key_and_an_overhead() -> None:
    memory = _memory(5)
    memory.put("a", _entry("abc"))
    memory.put(("search", "x" * 100), _entry(""))
    keys = len(repr("a")) + len(repr(("search", "x" * 100)))
    assert memory.size_bytes == 3 + keys + 2 * OVERHEAD_BYTES


def test_a_new_entry_takes_the_place_of_the_old() -> None:
    memory = _memory(5)
    memory.put("a", _entry("abc"))
    memory.put("a", _entry("d"))
    assert memory.get("a") == _entry("d")
    assert memory.size_bytes == 1 + len("'a'") + OVERHEAD_BYTES


def test_an_entry_too_large_for_all_of_it_is_not_kept_nor_is_what_it_replaces() -> None:
    memory = _memory(1)
    memory.put("a", _entry("abc"))
    memory.put("a", _entry("x" * 1000))
    assert memory.get("a") is None
    assert memory.size_bytes == 0


@pytest.mark.parametrize("key", ["a", "never-there"])
def test_what_was_removed_is_gone(key: str) -> None:
    memory = _memory(1)
    memory.put("a", _entry("abc"))
    memory.remove(key)
    assert memory.get(key) is None
