"""The caches of one gateway, put together: memory, what replicas share, what a restart finds."""

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator
from typing import TypeVar

from proxy.cache.cache import Cache
from proxy.cache.journal import Journal
from proxy.edge import snapshot
from proxy.edge.codec import Codec
from proxy.edge.memory import Memory
from proxy.edge.snapshot import Snapshot
from proxy.edge.telemetry import Metrics
from proxy.edge.token import Verifier
from proxy.fleet import Fleet
from proxy.sections import Cache as CacheConfig
from proxy.tasks import Tasks

T = TypeVar("T")

_WRITE_EVERY_S = 60.0


class Caches:
    """Makes caches in this process's memory, and shows in the metrics what they take."""

    def __init__(
        self,
        config: CacheConfig,
        metrics: Metrics,
        tasks: Tasks,
        fleet: Fleet,
        found: Snapshot | None,
    ) -> None:
        self._config = config
        self._metrics = metrics
        self._tasks = tasks
        self._fleet = fleet
        self._snapshot = found

    def remember_keys(self, verifier: Verifier) -> None:
        """Keep what tokens are verified with, so that they are known after a restart too."""
        if self._snapshot is not None:
            self._snapshot.add(snapshot.of_keys(verifier.last_keys, verifier.restore_key))

    def make(
        self,
        name: str,
        journal: Journal,
        max_bytes: int,
        codec: Codec[T] | None = None,
        *,
        max_age_s: float = 0.0,
        is_shared: bool = True,
    ) -> Cache[T]:
        """Return a cache of up to *max_bytes*.

        Where *codec* tells how, its answers outlive a restart, up to *max_age_s*, and are shared
        with other replicas.
        """
        memory: Memory[T] = Memory(max_bytes, clock=time.monotonic, random=random.random)
        self._metrics.cache_bytes.labels(name).set_function(lambda: memory.size_bytes)
        if codec is not None and self._snapshot is not None:
            part = snapshot.of_memory(
                name,
                memory,
                codec,
                is_ended=journal.has_ended,
                max_age_s=max_age_s,
                clock=time.monotonic,
            )
            self._snapshot.add(part)
        return Cache(
            memory,
            journal=journal,
            tasks=self._tasks,
            clock=time.monotonic,
            random=random.random,
            fetches_max=self._config.fetches,
            replicas=self._fleet.replicas(name, codec) if codec and is_shared else None,
        )


@contextlib.asynccontextmanager
async def running(
    config: CacheConfig, metrics: Metrics, tasks: Tasks, fleet: Fleet
) -> AsyncIterator[Caches]:
    """Give caches for the block; where there is a snapshot, it is written on and on, and last."""
    if config.snapshot is None:
        yield Caches(config, metrics, tasks, fleet, None)
        return
    found = await asyncio.to_thread(Snapshot, config.snapshot, max_bytes=config.snapshot_size)
    writing = tasks.spawn(_write_on(found, metrics), name="snapshot")
    try:
        yield Caches(config, metrics, tasks, fleet, found)
    finally:
        writing.cancel()
        await asyncio.to_thread(found.write)


async def _write_on(found: Snapshot, metrics: Metrics) -> None:
    while True:
        await asyncio.sleep(_WRITE_EVERY_S)
        if await asyncio.to_thread(found.write):
            metrics.snapshot_written.set_to_current_time()
