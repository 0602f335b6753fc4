"""Level 1 of the cache: this process's memory, bounded in bytes, the least valuable out first."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from proxy.core.entry import Entry
from proxy.core.keys import Key
from proxy.core.weight import weight

T = TypeVar("T")

OVERHEAD_BYTES = 520
"""What an entry takes beside its value and tags; tests/edge/test_memory.py measures it."""

_SHARE_MAX = 16
"""An entry may take one part of so many: a larger one would push out too much that is of use."""

_SAMPLE = 8
"""So many are looked at to find one of little value: as good as looking at all, nearly."""

_PROBATION_S = 60.0
"""How often an entry is used shows only with time: so long, all count as unused about alike."""


@dataclass(slots=True)
class _Kept(Generic[T]):
    entry: Entry[T]
    weight: int
    slot: int


class Memory(Generic[T]):
    """Keeps entries up to *max_bytes*.

    Whose time is up goes first; then what is used least often for its size.
    *random* gives numbers from 0 up to 1.
    """

    def __init__(
        self, max_bytes: int, *, clock: Callable[[], float], random: Callable[[], float]
    ) -> None:
        self._max_bytes = max_bytes
        self._clock = clock
        self._random = random
        self._kept: dict[Key, _Kept[T]] = {}
        self._keys: list[Key] = []
        self.size_bytes = 0
        """What is kept now."""

    def get(self, key: Key) -> Entry[T] | None:
        """Return what is kept under *key*."""
        kept = self._kept.get(key)
        return kept.entry if kept else None

    def put(self, key: Key, entry: Entry[T]) -> None:
        """Keep *entry*, unless it is so large that too much else had to go."""
        self.remove(key)
        taken = OVERHEAD_BYTES + len(entry.tags) + weight(entry.value)
        if taken > self._max_bytes // _SHARE_MAX:
            return
        while self.size_bytes + taken > self._max_bytes:
            self.remove(self._least_valuable())
        self._kept[key] = _Kept(entry, taken, len(self._keys))
        self._keys.append(key)
        self.size_bytes += taken

    def entries(self) -> list[tuple[Key, Entry[T]]]:
        """Return all that is kept now; any thread may ask."""
        return [(key, kept.entry) for key, kept in list(self._kept.items())]

    def remove(self, key: Key) -> None:
        """Forget what is kept under *key*."""
        kept = self._kept.pop(key, None)
        if kept is None:
            return
        self.size_bytes -= kept.weight
        last = self._keys.pop()
        if last != key:
            self._keys[kept.slot] = last
            self._kept[last].slot = kept.slot

    def _least_valuable(self) -> Key:
        now = self._clock()
        sample = (self._keys[int(self._random() * len(self._keys))] for _ in range(_SAMPLE))
        return min(sample, key=lambda key: self._value(self._kept[key], now))

    def _value(self, kept: _Kept[T], now: float) -> float:
        """Return how often a byte of this entry is used in a second."""
        entry = kept.entry
        if now >= entry.until:
            return 0.0
        return (entry.uses + 1) / (entry.stamp.age_s(now) + _PROBATION_S) / kept.weight
