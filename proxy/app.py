"""The composition root: a configuration becomes a running gateway. Only here clients are made."""

import asyncio
import contextlib
import socket
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from starlette.types import ASGIApp

from proxy import caches as cached
from proxy import events
from proxy import fleet as fleets
from proxy.cache.aftermath import Aftermath
from proxy.cache.journal import Journals
from proxy.cache.purges import Purges
from proxy.caches import Caches
from proxy.config import Config
from proxy.edge.cdp import Cdp
from proxy.edge.http import Upstream, connected
from proxy.edge.ordercloud import OrderCloud
from proxy.edge.stream import Streams
from proxy.edge.telemetry import Metrics
from proxy.edge.token import Verifier
from proxy.reload import RuleBook, RuleSet
from proxy.scopes import Scopes
from proxy.sections import OrderCloud as OrderCloudConfig
from proxy.sections import Server
from proxy.steps import Means, put_together
from proxy.tasks import Tasks
from proxy.web import routes, server
from proxy.web.connection import Connection, Limits
from proxy.web.encodings import Encodings
from proxy.web.fastpath import FastConnection, Learning
from proxy.web.health import AdminEndpoints, Health
from proxy.web.lists import Lists
from proxy.web.passthrough import InPlace, Observe, Passthrough
from proxy.web.placements import Placements
from proxy.web.purge import PurgeEndpoint
from proxy.web.recipes import Recipes
from proxy.web.server import Front
from proxy.web.webhooks import Webhooks

_LISTS_BYTES = 32 * 1024**2


@dataclass(frozen=True, slots=True)
class Gateway:
    """What answers, on two ports, and the health that is told of the end."""

    storefront: Front
    admin: Front
    health: Health

    def listeners(self, storefront: socket.socket, admin: socket.socket) -> list[server.Listener]:
        """Return both on the given sockets."""
        return [
            server.Listener(self.storefront, storefront),
            server.Listener(self.admin, admin),
        ]


@dataclass(frozen=True, slots=True)
class _Upstreams:
    ordercloud: Upstream
    auth: Upstream
    cdp: Upstream
    events: Upstream
    """CDP again: where it takes no events, it may decide all the same."""


async def serve(
    config: Config, *, stop: asyncio.Event, on_start: Callable[[], None] = lambda: None
) -> None:
    """Answer on both listeners until *stop*, then let the requests under way end.

    *on_start* is called once both answer.

    Raises:
        DocumentError: a port is taken.
    """
    at = config.server
    with (
        server.bind(at.host, at.port, setting="server.port (demo: --port)") as storefront,
        server.bind(
            at.admin_host, at.admin_port, setting="server.admin_port (demo: --admin-port)"
        ) as admin,
    ):
        async with running(config) as gateway:
            await server.serve(
                gateway.listeners(storefront, admin),
                stop=stop,
                on_start=on_start,
                on_stop=gateway.health.drain,
                drain_s=at.drain,
            )


@contextlib.asynccontextmanager
async def running(config: Config) -> AsyncIterator[Gateway]:
    """Build the gateway and keep it working (rules watched, connections kept) for the block."""
    metrics = Metrics()
    tasks = Tasks()
    recipes = Recipes(config.cache.answers, metrics=metrics)
    rules = RuleBook(config.rules.folder, on_load=partial(_note_rules, metrics, recipes))
    async with contextlib.AsyncExitStack() as stack:
        upstreams = await _connect(config, metrics, stack)
        fleet = await stack.enter_async_context(fleets.running(config, metrics, tasks))
        stack.push_async_callback(tasks.close)
        watcher = tasks.spawn(rules.watch(), name="rules watcher")
        catalog = OrderCloud(upstreams.ordercloud)
        verifier = _verifier(config, tasks, upstreams)
        journals, purges = fleet.journals, fleet.purges
        caches = await stack.enter_async_context(
            cached.running(config.cache, metrics, tasks, fleet)
        )
        caches.remember_keys(verifier)
        decider = Cdp(upstreams.cdp, config.cdp)
        steps = put_together(
            Means(config, metrics, tasks, fleet, caches, verifier, catalog, decider)
        )
        profile = steps.shoppers.profile
        aftermath = _aftermath(config, purges, tasks)
        needs = events.Needs(upstreams.events, catalog, verifier, profile, purges, metrics)
        told = await stack.enter_async_context(events.running(config, needs))
        health = Health(
            rules=lambda: rules.current,
            is_watching=lambda: not watcher.done(),
            is_delivering=told.is_delivering if told else None,
            redis=fleet.redis,
            leaky=lambda: steps.audit.leaky,
        )
        placements = Placements(
            steps.pipeline,
            rules=lambda: rules.current,
            metrics=metrics,
            cdp=config.cdp,
            encodings=_encodings(config, metrics),
            on_shown=told.exposures.note if told else None,
        )
        lists = _lists(
            config, upstreams, verifier, scopes=steps.scopes, caches=caches, journals=journals
        )
        through = partial(
            _passthrough, config.ordercloud, tasks, observe=told.listener.observe if told else None
        )
        storefront = routes.storefront(
            placements,
            api=through(upstreams.ordercloud, in_place=(placements.in_place, *lists)),
            oauth=through(upstreams.auth),
            events=told.endpoints if told else None,
            webhooks=Webhooks(
                config.events.webhook_key, verifier, aftermath, told.deeds if told else None
            ),
            config=config,
            metrics=metrics,
        )
        admin = routes.admin(
            AdminEndpoints(health, metrics, config),
            PurgeEndpoint(purges),
            config=config,
            metrics=metrics,
        )
        yield Gateway(*_fronts(storefront, admin, config, recipes, metrics), health)


def _aftermath(config: Config, purges: Purges, tasks: Tasks) -> Aftermath:
    aftermath = Aftermath(purges, lags_s=config.cache.index_lag, clock=time.monotonic)
    tasks.spawn(aftermath.run(), name="repeated purges")
    return aftermath


def _lists(
    config: Config,
    upstreams: _Upstreams,
    verifier: Verifier,
    *,
    scopes: Scopes,
    caches: Caches,
    journals: Journals,
) -> Sequence[InPlace]:
    """Return what answers with OrderCloud's own lists, if they are kept at all."""
    if not config.cache.lists:
        return ()
    limit_s, silence_s = config.ordercloud.limit, config.ordercloud.silence
    lists = Lists(
        Streams(upstreams.ordercloud, connect_s=limit_s, silence_s=silence_s),
        verifier,
        scopes,
        caches.make("lists", journals.pages, _LISTS_BYTES),
        fresh_s=config.cache.lists,
        limit_s=limit_s,
    )
    return (lists.in_place,)


def _fronts(
    storefront: ASGIApp, admin: ASGIApp, config: Config, recipes: Recipes, metrics: Metrics
) -> tuple[Front, Front]:
    """Put both apps behind their connections.

    Where each request is to be logged, none skips the app.
    """
    limits = _limits(config.server, metrics)
    plain = Front(admin, partial(Connection, **limits))
    if not config.server.fast_path or config.log.requests == "all":
        return Front(storefront, plain.connect), plain
    fast = partial(FastConnection, recipes=recipes, **limits)
    return Front(Learning(storefront, recipes), fast), plain


def _encodings(config: Config, metrics: Metrics) -> Encodings:
    encodings = Encodings(config.cache.encodings)
    metrics.cache_bytes.labels("encodings").set_function(lambda: encodings.size_bytes)
    return encodings


def _limits(at: Server, metrics: Metrics) -> dict[str, Any]:
    return {
        "limits": Limits(
            head_bytes=at.head_size,
            head_s=at.head_time,
            keep_alive_s=at.keep_alive,
            connections=at.connections,
        ),
        "on_refused": lambda fault: metrics.refused.labels(fault.code).inc(),
    }


async def _connect(
    config: Config, metrics: Metrics, stack: contextlib.AsyncExitStack
) -> _Upstreams:
    async def connect(name: str, url: str, limit_s: float, in_flight: int) -> Upstream:
        upstream = await stack.enter_async_context(
            connected(
                name=name,
                url=url,
                limit_s=limit_s,
                in_flight=in_flight,
                on_call=metrics.observe_upstream,
            )
        )
        metrics.upstream_open.labels(name).set_function(lambda: upstream.breaker.is_open)
        return upstream

    oc, cdp = config.ordercloud, config.cdp
    return _Upstreams(
        ordercloud=await connect("ordercloud", oc.url, oc.limit, oc.in_flight),
        auth=await connect("ordercloud-auth", oc.auth_url or oc.url, oc.limit, oc.in_flight),
        cdp=await connect("cdp", cdp.base_url, cdp.limit, cdp.in_flight),
        events=await connect("cdp-events", cdp.base_url, cdp.limit, config.events.in_flight),
    )


def _verifier(config: Config, tasks: Tasks, upstreams: _Upstreams) -> Verifier:
    return Verifier(
        upstreams.ordercloud, upstreams.auth, config.ordercloud, tasks=tasks, clock=time.time
    )


def _passthrough(
    config: OrderCloudConfig,
    tasks: Tasks,
    upstream: Upstream,
    *,
    observe: Observe | None,
    in_place: Sequence[InPlace] = (),
) -> Passthrough:
    return Passthrough(
        Streams(upstream, connect_s=config.limit, silence_s=config.silence),
        tasks=tasks,
        silence_s=config.silence,
        in_place=in_place,
        observe=observe,
    )


def _note_rules(metrics: Metrics, recipes: Recipes, rules: RuleSet) -> None:
    recipes.follow(rules)
    metrics.rules_loaded.set(rules.loaded_at)
    metrics.rules_problems.set(len(rules.problems))
