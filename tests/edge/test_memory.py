import pytest

from proxy.core.entry import Entry
from proxy.core.freshness import Lifetime, Stamp
from proxy.core.keys import Key, key_of
from proxy.edge.memory import OVERHEAD_BYTES, Memory

_STAMP = Stamp(0.0, Lifetime(1.0))


def _entry(text: str) -> Entry[str]:
    return Entry(text, _STAMP)


def _key(name: object) -> Key:
    return key_of("test", name)


def _memory(entries: int, size: int = 10) -> Memory[str]:
    """Return a memory that holds that many entries of *size* characters."""
    return Memory(entries * (size + OVERHEAD_BYTES + len(_key("a"))), weigh=len)


def test_what_was_put_is_there_under_its_key_only() -> None:
    memory = _memory(2)
    memory.put(_key("a"), _entry("A" * 10))
    assert memory.get(_key("a")) == _entry("A" * 10)
    assert memory.get(_key("b")) is None


def test_what_was_used_longest_ago_goes_first() -> None:
    memory = _memory(2)
    memory.put(_key("a"), _entry("A" * 10))
    memory.put(_key("b"), _entry("B" * 10))
    memory.get(_key("a"))
    memory.put(_key("c"), _entry("C" * 10))
    assert [key for key in "abc" if memory.get(_key(key))] == ["a", "c"]


def test_it_never_holds_more_than_it_may() -> None:
    memory = _memory(5)
    for number in range(100):
        memory.put(_key(number), _entry("x" * (number % 40)))
        assert memory.size_bytes <= 5 * (10 + OVERHEAD_BYTES + 16)


def test_an_entry_weighs_its_value_its_key_and_an_overhead() -> None:
    memory = _memory(5)
    memory.put(_key("a"), _entry("abc"))
    memory.put(_key("b"), _entry(""))
    assert memory.size_bytes == 3 + 2 * (16 + OVERHEAD_BYTES)


def test_a_new_entry_takes_the_place_of_the_old() -> None:
    memory = _memory(5)
    memory.put(_key("a"), _entry("abc"))
    memory.put(_key("a"), _entry("d"))
    assert memory.get(_key("a")) == _entry("d")
    assert memory.size_bytes == 1 + 16 + OVERHEAD_BYTES


def test_an_entry_too_large_for_all_of_it_is_not_kept_nor_is_what_it_replaces() -> None:
    memory = _memory(1)
    memory.put(_key("a"), _entry("abc"))
    memory.put(_key("a"), _entry("x" * 1000))
    assert memory.get(_key("a")) is None
    assert memory.size_bytes == 0


@pytest.mark.parametrize("key", ["a", "never-there"])
def test_what_was_removed_is_gone(key: str) -> None:
    memory = _memory(1)
    memory.put(_key("a"), _entry("abc"))
    memory.remove(_key(key))
    assert memory.get(_key(key)) is None
