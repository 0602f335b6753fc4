"""What this replica has in common with the others, put together: answers, purges, edited rules.

Without Redis it is on its own, and nothing of this is anywhere.
"""

import contextlib
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from proxy.cache.journal import Journal, Journals
from proxy.cache.purges import Purger, Purges, Tell
from proxy.cache.replicas import Replicas
from proxy.config import Config
from proxy.core import positions
from proxy.core.freshness import State
from proxy.edge import redis
from proxy.edge.broadcast import Broadcast
from proxy.edge.codec import Codec
from proxy.edge.redis import Redis
from proxy.edge.shared import Shared
from proxy.edge.sharededits import SharedEdits
from proxy.edge.telemetry import Metrics
from proxy.edits import Edits, FolderEdits
from proxy.errors import RedisAway
from proxy.folder import Folder
from proxy.reload import Source
from proxy.tasks import Tasks

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Fleet:
    """The purges that concern this replica, and its share in what all keep."""

    journals: Journals
    purges: Purges
    replicas: Callable[[str, Codec[Any]], Replicas[Any] | None]
    """Makes what the cache of that name has to do with those of other replicas."""
    source: Source
    edits: Edits
    """Where the rules come from, and where edits of them go."""
    redis: Callable[[], dict[str, bool]] | None = None
    """Says whether Redis is there, for who looks; it is never a reason to be out of service."""


def running(
    config: Config, metrics: Metrics, tasks: Tasks
) -> contextlib.AbstractAsyncContextManager[Fleet]:
    """Belong to the fleet for the block, if there is one."""
    if config.redis.nodes:
        return _together(config, metrics, tasks)
    return contextlib.nullcontext(_alone(config, metrics))


def _alone(config: Config, metrics: Metrics) -> Fleet:
    journals = _journals(positions.at_moment(time.time()))
    folder = Folder(config.rules.folder)
    return Fleet(journals, _purges(journals, metrics), lambda *_: None, folder, FolderEdits())


@contextlib.asynccontextmanager
async def _together(config: Config, metrics: Metrics, tasks: Tasks) -> AsyncIterator[Fleet]:
    """Hear what was purged until now, then share; without Redis yet, once it is there."""
    async with redis.connected(config.redis, on_call=metrics.observe_upstream) as server:
        # Positions are Redis' own: what this machine's clock shows would not compare with them.
        journals = _journals(0)
        broadcast = Broadcast(server, prefix=config.redis.prefix, note=journals.note)
        with contextlib.suppress(RedisAway):
            await broadcast.catch_up()
        tasks.spawn(broadcast.run(), name="purges of all replicas")
        source, edits = await _rules(config, server, tasks)
        metrics.upstream_open.labels("redis").set_function(lambda: server.is_away)
        metrics.purges_heard.set_function(lambda: broadcast.is_listening)
        yield Fleet(
            journals,
            _purges(journals, metrics, tell=broadcast.tell),
            lambda name, codec: Replicas(
                _shared(config, server, metrics, name, codec), tasks=tasks
            ),
            source,
            edits,
            redis=lambda: {"reachable": not server.is_away, "listening": broadcast.is_listening},
        )


async def _rules(config: Config, server: Redis, tasks: Tasks) -> tuple[Source, Edits]:
    folder = Folder(config.rules.folder)
    if config.rules.edits == "folder":
        return folder, FolderEdits()
    shared = SharedEdits(server, folder, prefix=config.redis.prefix)
    with contextlib.suppress(RedisAway):
        await shared.catch_up()
    tasks.spawn(shared.run(), name="edits of all replicas")
    return shared, shared


def _journals(start: int) -> Journals:
    """Return the journals: only a page is served once more after a soft purge.

    What was decided for a guest, or known of a shopper, may then stand in for a new answer only.
    """
    may_stand_in = partial(Journal, start=start, outdated=State.ON_ERROR)
    return Journals(Journal(start=start), may_stand_in(), may_stand_in())


def _purges(journals: Journals, metrics: Metrics, *, tell: Tell = lambda *_, **__: None) -> Purges:
    def count(kind: str, by: Purger) -> None:
        metrics.purges.labels(kind, by).inc()

    return Purges(journals, tell=tell, on_purged=count)


def _shared(
    config: Config, server: Redis, metrics: Metrics, name: str, codec: Codec[T]
) -> Shared[T]:
    return Shared(
        server,
        name=name,
        codec=codec,
        prefix=config.redis.prefix,
        clock=time.monotonic,
        wall_clock=time.time,
        on_look=lambda outcome: metrics.shared_lookups.labels(name, outcome).inc(),
    )
