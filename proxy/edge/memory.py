"""Level 1 of the cache: this process's memory, bounded in bytes, least recently used out first."""

from collections.abc import Callable
from typing import Generic, TypeVar

from cachetools import LRUCache

from proxy.core.entry import Entry
from proxy.core.keys import Key

T = TypeVar("T")

OVERHEAD_BYTES = 600
"""What an entry takes beside its key and value: stamp, objects and the map's own slots."""


class Memory(Generic[T]):
    """Keeps entries up to *max_bytes*, each as heavy as *weigh* says, its key and an overhead."""

    def __init__(self, max_bytes: int, *, weigh: Callable[[T], int]) -> None:
        self._weigh = weigh
        self._entries: LRUCache[Key, tuple[Entry[T], int]] = LRUCache(
            max_bytes, getsizeof=lambda kept: kept[1]
        )

    def get(self, key: Key) -> Entry[T] | None:
        """Return what is kept under *key*."""
        kept = self._entries.get(key)
        return kept[0] if kept else None

    def put(self, key: Key, entry: Entry[T]) -> None:
        """Keep *entry*, unless it alone is larger than everything that may be kept."""
        weight = self._weigh(entry.value) + len(key) + OVERHEAD_BYTES
        try:
            self._entries[key] = entry, weight
        except ValueError:
            self.remove(key)

    def remove(self, key: Key) -> None:
        """Forget what is kept under *key*."""
        self._entries.pop(key, None)

    @property
    def size_bytes(self) -> int:
        """Return what is kept now, in bytes."""
        return int(self._entries.currsize)
