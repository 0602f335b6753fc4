"""Level 1 of the cache: this process's memory, bounded in bytes, the least valuable out first."""

from collections.abc import Callable
from typing import Generic, TypeVar

from proxy.core.entry import Entry
from proxy.core.keys import Key
from proxy.core.weight import weight

T = TypeVar("T")

OVERHEAD_BYTES = 300
"""What an entry takes beside its value and tags; tests/edge/test_memory.py measures it."""

UNIT_BYTES = 64
"""What entries are counted in: of whole numbers up to 256 Python has each but once."""

_SHARE_MAX = 16
"""An entry may take one part of so many: a larger one would push out too much that is of use."""

_SAMPLE = 8
"""So many are looked at to find one of little value: as good as looking at all, nearly."""

_PROBATION_S = 60.0
"""How often an entry is used shows only with time: so long, all count as unused about alike."""


class Memory(Generic[T]):
    """Keeps entries up to *max_bytes*.

    Whose time is up goes first; then what is used least often for its size.
    *random* gives numbers from 0 up to 1.
    """

    def __init__(
        self, max_bytes: int, *, clock: Callable[[], float], random: Callable[[], float]
    ) -> None:
        self._max_units = max_bytes // UNIT_BYTES
        self._clock = clock
        self._random = random
        self._kept: dict[Key, Entry[T]] = {}
        self._keys: list[Key] = []
        """Of all that is kept, and of some of what was removed: who comes upon those drops them."""

        self._units = 0

    @property
    def size_bytes(self) -> int:
        """Return what is kept now."""
        return self._units * UNIT_BYTES

    def get(self, key: Key) -> Entry[T] | None:
        """Return what is kept under *key*."""
        return self._kept.get(key)

    def put(self, key: Key, entry: Entry[T]) -> None:
        """Keep *entry*, unless it is so large that too much else had to go."""
        units = _units(OVERHEAD_BYTES + len(entry.tags) + weight(entry.value))
        if units > self._max_units // _SHARE_MAX:
            self.remove(key)
            return
        while self._units - self._weight(key) + units > self._max_units:
            self._drop_least_valuable()
        if key not in self._kept:
            self._note(key)
        self._units += units - self._weight(key)
        self._kept[key] = entry
        entry.weight = units

    def entries(self) -> list[tuple[Key, Entry[T]]]:
        """Return all that is kept now; any thread may ask."""
        return list(self._kept.items())

    def remove(self, key: Key) -> None:
        """Forget what is kept under *key*."""
        self._units -= self._weight(key)
        self._kept.pop(key, None)

    def _weight(self, key: Key) -> int:
        kept = self._kept.get(key)
        return kept.weight if kept else 0

    def _note(self, key: Key) -> None:
        """Let *key* be come upon; once half of the keys are of nothing any more, drop those."""
        if len(self._keys) > 2 * len(self._kept) + _SAMPLE:
            self._keys = list(self._kept)
        self._keys.append(key)

    def _drop_least_valuable(self) -> None:
        now, keys = self._clock(), self._keys
        slots = (int(self._random() * len(keys)) for _ in range(_SAMPLE))
        slot = min(slots, key=lambda slot: self._value(keys[slot], now))
        self.remove(keys[slot])
        keys[slot] = keys[-1]
        keys.pop()

    def _value(self, key: Key, now: float) -> float:
        """Return how often a byte of what is kept under *key* is used in a second."""
        entry = self._kept.get(key)
        if entry is None or now >= entry.until:
            return 0.0
        return (entry.uses + 1) / (entry.age_s(now) + _PROBATION_S) / entry.weight


def _units(size_bytes: int) -> int:
    return -(-size_bytes // UNIT_BYTES)
