"""Level 1: what it keeps within its bytes, and that those are the bytes that are taken."""

import gc
import math
import tracemalloc
from collections.abc import Callable
from random import Random

import pytest

from proxy.core.entry import Entry
from proxy.core.keys import Key, key_of
from proxy.core.tags import pack
from proxy.core.weight import weight
from proxy.edge.memory import OVERHEAD_BYTES, UNIT_BYTES, Memory
from proxy.model import Page
from tests.clock import Clock

_SIZE = 1000


def _same_numbers() -> Callable[[], float]:
    return Random(4).random  # noqa: S311 - the same in every run


def _key(name: object) -> Key:
    return key_of("test", name)


def _entry(
    name: object = "",
    *,
    size: int = _SIZE,
    uses: int = 0,
    useful_s: float = math.inf,
    at: float = 0.0,
) -> Entry[bytes]:
    """Return an entry that takes *size* bytes beside the overhead."""
    value = str(name).encode().ljust(size - weight(b""))
    return Entry(value, at, useful_s=useful_s, uses=uses)


def _counted(size: int) -> int:
    """Return what an entry of that size is counted with."""
    return -(-(size + OVERHEAD_BYTES) // UNIT_BYTES) * UNIT_BYTES


def _memory(entries: int, clock: Clock | None = None) -> Memory[bytes]:
    """Return a memory that holds that many entries of the usual size."""
    most = entries * _counted(_SIZE)
    return Memory(most, clock=clock or Clock(), random=_same_numbers())


def _kept(memory: Memory[bytes], names: range) -> list[int]:
    return [name for name in names if memory.get(_key(name))]


def test_what_was_put_is_there_under_its_key_only() -> None:
    memory = _memory(20)
    memory.put(_key("a"), _entry("a"))
    assert memory.get(_key("a")) == _entry("a")
    assert memory.get(_key("b")) is None


def test_a_new_entry_takes_the_place_of_the_old() -> None:
    memory = _memory(20)
    memory.put(_key("a"), _entry("old"))
    memory.put(_key("a"), _entry("new", size=500))
    assert memory.get(_key("a")) == _entry("new", size=500)
    assert memory.size_bytes == _counted(500)


def test_an_entry_weighs_its_value_its_tags_and_an_overhead() -> None:
    memory = _memory(20)
    entry = _entry()
    entry.tags = pack(f"product:{number}" for number in range(10))
    memory.put(_key("a"), entry)
    assert memory.size_bytes == _counted(_SIZE + 10 * 8)


@pytest.mark.parametrize("key", ["a", "never-there"])
def test_what_was_removed_is_gone(key: str) -> None:
    memory = _memory(20)
    memory.put(_key("a"), _entry())
    memory.remove(_key(key))
    assert memory.get(_key(key)) is None


def test_what_comes_and_goes_leaves_no_keys_behind() -> None:
    memory = _memory(20)
    for number in range(1000):
        memory.put(_key("stays"), _entry())
        memory.put(_key(number % 3), _entry())
        memory.remove(_key(number % 3))
    assert memory.size_bytes == _counted(_SIZE)
    assert len(memory._keys) < 20


def test_it_never_holds_more_than_it_may_and_always_what_it_says() -> None:
    memory = _memory(20)
    random = Random(1)  # noqa: S311 - the same in every run
    for _ in range(5000):
        name = random.randrange(60)
        if random.random() < 0.2:
            memory.remove(_key(name))
        else:
            memory.put(_key(name), _entry(name, size=random.randrange(50, 1200)))
        assert memory.size_bytes <= 20 * _counted(_SIZE)
    sizes = (weight(entry.value) for name in range(60) if (entry := memory.get(_key(name))))
    assert memory.size_bytes == sum(map(_counted, sizes))


@pytest.mark.parametrize(("share", "is_kept"), [(16, True), (15, False)])
def test_what_would_push_out_too_much_is_not_kept_nor_is_what_it_replaces(
    share: int, *, is_kept: bool
) -> None:
    memory = _memory(32)
    memory.put(_key("a"), _entry("old"))
    memory.put(_key("a"), _entry("new", size=32 * _counted(_SIZE) // share - OVERHEAD_BYTES))
    assert (memory.get(_key("a")) is not None) == is_kept
    assert (memory.size_bytes > 0) == is_kept


class TestWhatGoesFirst:
    """Which of 200 entries are left when there is room for only 100 besides new ones."""

    def test_whose_time_is_up(self) -> None:
        clock = Clock()
        memory = _memory(200, clock)
        for name in range(200):
            memory.put(_key(name), _entry(name, uses=9, useful_s=10 if name % 2 else math.inf))
        clock.now = 10
        assert self._share_left(memory, odd=False) > 0.9

    def test_what_is_used_least(self) -> None:
        memory = _memory(200)
        for name in range(200):
            memory.put(_key(name), _entry(name, uses=0 if name % 2 else 9))
        assert self._share_left(memory, odd=False) > 0.9

    def test_what_takes_most_for_its_use(self) -> None:
        memory = _memory(200)
        for name in range(200):
            memory.put(_key(name), _entry(name, size=1500 if name % 2 else 200, uses=5))
        assert self._share_left(memory, odd=False) > 0.9

    def test_what_took_long_to_be_used_so_often(self) -> None:
        clock = Clock(10_000)
        memory = _memory(200, clock)
        for name in range(200):
            memory.put(_key(name), _entry(name, uses=20, at=0 if name % 2 else 9_900))
        assert self._share_left(memory, odd=False) > 0.9

    def _share_left(self, memory: Memory[bytes], *, odd: bool) -> float:
        """Let fifty others in, and return how much of the odd or even ones is left."""
        for name in range(1000, 1050):
            memory.put(_key(name), _entry(name, uses=1000, at=memory._clock()))
        return len(_kept(memory, range(int(odd), 200, 2))) / 100


@pytest.mark.parametrize("count", [2000, 7000, 11_000])
def test_an_entry_takes_the_bytes_that_it_is_counted_with(count: int) -> None:
    """Within a tenth, whatever the map's own slots take at the moment; and never much more."""
    clock = Clock()
    memory: Memory[Page] = Memory(1024**3, clock=clock, random=_same_numbers())
    gc.collect()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for number in range(count):
            _put_page(memory, number)
        gc.collect()
        taken = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert taken == pytest.approx(memory.size_bytes, rel=0.1)


def _put_page(memory: Memory[Page], number: int) -> None:
    """Put a page as the cache makes it: what its entry has of its own is when it was asked for."""
    page = Page(b"x" * (300 + number % 1000), f'"{number:024}"', number % 50)
    two_tags = number.to_bytes(16, "big")
    memory.put(_key(number), Entry(page, 1.5 * number, tags=two_tags))
