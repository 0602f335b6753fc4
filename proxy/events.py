"""The part of the gateway that tells CDP what shoppers do, put together."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from proxy.cache.purges import Purger, Purges
from proxy.capture import Capture
from proxy.config import Config
from proxy.core import tags
from proxy.core.events import EXPOSURE, Event, Pending, ProductMapping
from proxy.core.tracking import RESERVED
from proxy.delivery import Delivery
from proxy.edge import outbox, redis, sharedoutbox
from proxy.edge.events import EventStream
from proxy.edge.http import Upstream
from proxy.edge.ordercloud import OrderCloud
from proxy.edge.sharedoutbox import SharedOutbox
from proxy.edge.telemetry import Metrics
from proxy.edge.token import Verifier
from proxy.errors import DocumentError, Problem
from proxy.model import Profile, Shopper
from proxy.recorder import Recorder
from proxy.sections import Events as EventsConfig
from proxy.tasks import Tasks
from proxy.web.capture import Listener
from proxy.web.events import EventEndpoints
from proxy.web.exposures import Exposures
from proxy.web.webhooks import Deeds

_LEASE_CALLS = 4
"""A replica that is silent for as long as so many calls to CDP may take is taken for dead."""

Outbox: TypeAlias = outbox.Outbox | SharedOutbox


@dataclass(frozen=True, slots=True)
class Needs:
    """What the events share with the rest of the gateway."""

    cdp: Upstream
    ordercloud: OrderCloud
    verifier: Verifier
    profile_of: Callable[[Shopper], Awaitable[Profile]]
    purges: Purges
    metrics: Metrics


@dataclass(frozen=True, slots=True)
class ShopperEvents:
    """What tells of shoppers: endpoints, a listener to what passes through, exposures."""

    endpoints: EventEndpoints
    deeds: Deeds
    listener: Listener
    exposures: Exposures
    is_delivering: Callable[[], bool]


@contextlib.asynccontextmanager
async def opened(config: Config) -> AsyncIterator[Outbox]:
    """Open the configured outbox to look into it, also while a gateway delivers from it.

    Raises:
        DocumentError: there is none, or it cannot be used.
    """
    place = config.events.outbox
    if place is None:
        mend = "set events.outbox, or name the gateway's own file with --config"
        raise DocumentError((Problem("events.outbox", 0, 0, "no outbox is configured", mend),))
    if isinstance(place, Path):
        async with outbox.opened(place, config.events, clock=time.time) as own:
            yield own
        return
    lease_s = _LEASE_CALLS * config.cdp.limit
    async with (
        redis.connected(config.redis) as server,
        sharedoutbox.opened(
            server, config.events, prefix=config.redis.prefix, lease_s=lease_s, clock=time.time
        ) as shared,
    ):
        yield shared


@dataclass(frozen=True, slots=True)
class _Ends:
    """Where events go and where ids come from, and the tasks that serve them."""

    box: Outbox
    stream: EventStream
    tasks: Tasks
    worker: asyncio.Task[None]


def running(
    config: Config, needs: Needs
) -> contextlib.AbstractAsyncContextManager[ShopperEvents | None]:
    """Take events in and deliver them for the block, if an outbox is configured.

    Raises:
        DocumentError: the outbox cannot be used.
    """
    return contextlib.nullcontext() if config.events.outbox is None else _running(config, needs)


@contextlib.asynccontextmanager
async def _running(config: Config, needs: Needs) -> AsyncIterator[ShopperEvents]:
    """Run the worker; at the end deliver what is due, as far as that is done in time."""
    drain_s = config.server.drain
    with _owned(config.events.outbox):
        async with opened(config) as box:
            tasks = Tasks()
            stream = EventStream(needs.cdp, config.cdp)
            delivery = _delivery(config, needs, box, stream)
            worker = tasks.spawn(delivery.run(), name="event delivery")
            recorder = _recorder(config, needs, box, delivery)
            parts = _parts(config, needs, recorder, _Ends(box, stream, tasks, worker))
            try:
                yield parts
            finally:
                await parts.listener.drain(within_s=drain_s)
                await delivery.drain(within_s=drain_s)
                await tasks.close()


def _owned(place: object) -> contextlib.AbstractContextManager[None]:
    return outbox.owned(place) if isinstance(place, Path) else contextlib.nullcontext()


def _delivery(config: Config, needs: Needs, box: Outbox, stream: EventStream) -> Delivery:
    metrics = needs.metrics

    def on_delivered(event: Pending) -> None:
        """Drop once more what was decided for the guest: CDP did not know of the event yet."""
        if event.type != EXPOSURE:
            whose = tags.of_guest(event.guest)
            needs.purges.purge(whose, hard=False, by=Purger.EVENT)

    return Delivery(
        box,
        stream,
        in_flight=config.events.in_flight,
        attempts_max=config.events.attempts,
        on_delivered=on_delivered,
        on_settled=lambda outcome: metrics.events_settled.labels(outcome).inc(),
        on_depth=metrics.observe_outbox,
    )


def _recorder(config: Config, needs: Needs, box: Outbox, delivery: Delivery) -> Recorder:
    def on_recorded(event: Event) -> None:
        kind = event.type if event.type in RESERVED else "custom"
        needs.metrics.events_recorded.labels(kind).inc()

    return Recorder(
        box,
        profile_of=needs.profile_of,
        purges=needs.purges,
        cdp=config.cdp,
        clock=time.time,
        on_recorded=on_recorded,
        wake=delivery.wake,
    )


def _parts(config: Config, needs: Needs, recorder: Recorder, ends: _Ends) -> ShopperEvents:
    def on_lost(reason: str) -> None:
        needs.metrics.events_lost.labels(reason).inc()

    box, tasks = ends.box, ends.tasks
    capture = Capture(recorder, needs.verifier, needs.ordercloud, _mapping(config.events))
    return ShopperEvents(
        endpoints=EventEndpoints(
            recorder, needs.verifier, ends.stream, box, needs.purges, config=config
        ),
        deeds=Deeds(capture, recorder, needs.verifier, box, remembered_s=config.events.remember),
        listener=Listener(capture, recorder, config=config, tasks=tasks, on_lost=on_lost),
        exposures=Exposures(recorder, consent=config.consent, tasks=tasks, on_lost=on_lost),
        is_delivering=lambda: not ends.worker.done(),
    )


def _mapping(config: EventsConfig) -> ProductMapping:
    return ProductMapping.parse(
        type=config.product_type, name=config.product_name, item_id=config.item_id
    )
