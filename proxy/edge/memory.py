"""Level 1 of the cache: this process's memory, bounded in bytes, least recently used out first."""

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from cachetools import LRUCache

from proxy.core.freshness import Entry

T = TypeVar("T")

OVERHEAD_BYTES = 600
"""What an entry takes beside its value: key, stamp, objects and the map's own slots."""


class Memory(Generic[T]):
    """Keeps entries up to *max_bytes*, each taken to weigh what *weigh* says and an overhead."""

    def __init__(self, max_bytes: int, *, weigh: Callable[[T], int]) -> None:
        self._entries: LRUCache[Hashable, Entry[T]] = LRUCache(
            max_bytes, getsizeof=lambda entry: weigh(entry.value) + OVERHEAD_BYTES
        )

    def get(self, key: Hashable) -> Entry[T] | None:
        """Return what is kept under *key*."""
        return self._entries.get(key)

    def put(self, key: Hashable, entry: Entry[T]) -> None:
        """Keep *entry*, unless it alone is larger than everything that may be kept."""
        try:
            self._entries[key] = entry
        except ValueError:
            self.remove(key)

    def remove(self, key: Hashable) -> None:
        """Forget what is kept under *key*."""
        self._entries.pop(key, None)

    @property
    def size_bytes(self) -> int:
        """Return what is kept now, in bytes."""
        return int(self._entries.currsize)
