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
from proxy import events, stalls
from proxy import fleet as fleets
from proxy.cache.aftermath import Aftermath
from proxy.cache.purges import Purges
from proxy.config import Config
from proxy.desk import Desk
from proxy.edge.cdp import Cdp
from proxy.edge.http import Upstream
from proxy.edge.known import Known
from proxy.edge.ordercloud import OrderCloud, SignIn
from proxy.edge.stream import Streams
from proxy.edge.telemetry import Metrics
from proxy.edge.token import Verifier
from proxy.reload import RuleBook
from proxy.ruleset import RuleSet
from proxy.sections import Server
from proxy.shelf import Shelf
from proxy.steps import Means, Steps, put_together
from proxy.tasks import Tasks
from proxy.upstreams import Upstreams, connect
from proxy.web import routes, server
from proxy.web.connection import Connection, Limits
from proxy.web.encodings import Encodings
from proxy.web.entrance import OnStart
from proxy.web.fastpath import FastConnection
from proxy.web.health import AdminEndpoints, Health
from proxy.web.lists import Lists
from proxy.web.passthrough import InPlace, Passthrough
from proxy.web.placements import Placements
from proxy.web.previews import Previews
from proxy.web.purge import PurgeEndpoint
from proxy.web.recipes import Recipes
from proxy.web.rules import RulesEndpoints
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
            stalls.settle()
            await server.serve(
                gateway.listeners(storefront, admin),
                stop=stop,
                on_start=on_start,
                on_stop=gateway.health.drain,
                drain_s=at.drain,
            )


@dataclass(frozen=True, slots=True)
class _Parts:
    """What works behind the two listeners; without an outbox, nothing tells CDP of events."""

    means: Means
    steps: Steps
    upstreams: Upstreams
    rules: RuleBook
    recipes: Recipes
    watcher: asyncio.Task[None]
    aftermath: Aftermath
    told: events.ShopperEvents | None


@contextlib.asynccontextmanager
async def running(config: Config) -> AsyncIterator[Gateway]:
    """Build the gateway and keep it working (rules watched, connections kept) for the block."""
    async with contextlib.AsyncExitStack() as stack:
        parts = await _start(config, stack)
        health = _health(parts)
        yield Gateway(*_fronts(parts, health), health)


async def _start(config: Config, stack: contextlib.AsyncExitStack) -> _Parts:
    """Start all that works until *stack* is closed."""
    metrics, tasks = Metrics(), Tasks()
    recipes = Recipes(config.cache.answers, metrics=metrics)
    upstreams = await stack.enter_async_context(connect(config, metrics))
    fleet = await stack.enter_async_context(fleets.running(config, metrics, tasks))
    stack.push_async_callback(tasks.close)
    rules = RuleBook(fleet.source, on_load=partial(_note_rules, metrics, recipes))
    caches = await stack.enter_async_context(cached.running(config.cache, metrics, tasks, fleet))
    verifier = _verifier(config, metrics, tasks, upstreams)
    caches.remember_keys(verifier)
    catalog, decider = OrderCloud(upstreams.ordercloud), Cdp(upstreams.cdp, config.cdp)
    means = Means(config, metrics, tasks, fleet, caches, verifier, catalog, decider)
    steps = put_together(means)
    profile, purges = steps.shoppers.profile, fleet.purges
    needs = events.Needs(upstreams.events, catalog, verifier, profile, purges, metrics)
    return _Parts(
        means,
        steps,
        upstreams,
        rules,
        recipes,
        watcher=tasks.spawn(rules.watch(), name="rules watcher"),
        aftermath=_aftermath(config, purges, tasks),
        told=await stack.enter_async_context(events.running(config, needs)),
    )


def _aftermath(config: Config, purges: Purges, tasks: Tasks) -> Aftermath:
    aftermath = Aftermath(purges, lags_s=config.cache.index_lag, clock=time.monotonic)
    tasks.spawn(aftermath.run(), name="repeated purges")
    return aftermath


def _health(parts: _Parts) -> Health:
    return Health(
        rules=lambda: parts.rules.current,
        is_watching=lambda: not parts.watcher.done(),
        is_delivering=parts.told.is_delivering if parts.told else None,
        redis=parts.means.fleet.redis,
        leaky=lambda: parts.steps.audit.leaky,
    )


def _fronts(parts: _Parts, health: Health) -> tuple[Front, Front]:
    """Return both apps behind their connections.

    Where each request is to be logged, none skips the app.
    """
    config = parts.means.config
    limits = _limits(config.server, parts.means.metrics)
    plain = partial(Connection, **limits)
    admin = Front(_admin(parts, health), plain)
    if not config.server.fast_path or config.log.requests == "all":
        return Front(_storefront(parts, None), plain), admin
    fast = partial(FastConnection, recipes=parts.recipes, **limits)
    return Front(_storefront(parts, parts.recipes.learn), fast), admin


def _storefront(parts: _Parts, on_start: OnStart | None) -> ASGIApp:
    means, told, upstreams = parts.means, parts.told, parts.upstreams
    config, metrics = means.config, means.metrics
    placements = Placements(
        parts.steps.pipeline,
        rules=lambda: parts.rules.current,
        metrics=metrics,
        cdp=config.cdp,
        encodings=_encodings(config, metrics),
        previews=_previews(config),
        on_shown=told.exposures.note if told else None,
    )
    in_place = (placements.in_place, *_lists(parts))
    deeds = told.deeds if told else None
    return routes.storefront(
        placements,
        api=_passthrough(parts, upstreams.ordercloud, in_place=in_place),
        oauth=_passthrough(parts, upstreams.auth),
        events=told.endpoints if told else None,
        webhooks=Webhooks(config.events.webhook_key, means.verifier, parts.aftermath, deeds),
        config=config,
        metrics=metrics,
        on_start=on_start,
    )


def _admin(parts: _Parts, health: Health) -> ASGIApp:
    config, metrics = parts.means.config, parts.means.metrics
    endpoints = AdminEndpoints(health, metrics, config)
    purge = PurgeEndpoint(parts.means.fleet.purges)
    desk = Desk(parts.rules, parts.means.fleet.edits, traffic=metrics.traffic)
    rules = RulesEndpoints(desk, _shelf(parts), base_url=config.ordercloud.url)
    previews = _previews(config)
    return routes.admin(endpoints, purge, rules, previews, config=config, metrics=metrics)


def _previews(config: Config) -> Previews:
    return Previews(config.admin.key.get_secret_value() if config.admin.key else None)


def _shelf(parts: _Parts) -> Shelf:
    """Return OrderCloud's lists as test shoppers see them."""
    means, config = parts.means, parts.means.config
    sign_in = SignIn(parts.upstreams.auth, config.ordercloud.clients[0])
    return Shelf(OrderCloud(parts.upstreams.ordercloud), sign_in, means.verifier, config.check)


def _lists(parts: _Parts) -> Sequence[InPlace]:
    """Return what answers with OrderCloud's own lists, if they are kept at all."""
    means, config = parts.means, parts.means.config
    if not config.cache.lists:
        return ()
    limit_s, silence_s = config.ordercloud.limit, config.ordercloud.silence
    lists = Lists(
        Streams(parts.upstreams.ordercloud, connect_s=limit_s, silence_s=silence_s),
        means.verifier,
        parts.steps.scopes,
        means.caches.make("lists", means.fleet.journals.pages, _LISTS_BYTES),
        fresh_s=config.cache.lists,
        limit_s=limit_s,
    )
    return (lists.in_place,)


def _passthrough(
    parts: _Parts, upstream: Upstream, *, in_place: Sequence[InPlace] = ()
) -> Passthrough:
    config = parts.means.config.ordercloud
    return Passthrough(
        Streams(upstream, connect_s=config.limit, silence_s=config.silence),
        tasks=parts.means.tasks,
        silence_s=config.silence,
        in_place=in_place,
        observe=parts.told.listener.observe if parts.told else None,
    )


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


def _verifier(config: Config, metrics: Metrics, tasks: Tasks, upstreams: Upstreams) -> Verifier:
    known = Known(config.cache.tokens)
    metrics.cache_bytes.labels("tokens").set_function(lambda: known.size_bytes)
    oc, auth = upstreams.ordercloud, upstreams.auth
    return Verifier(oc, auth, config.ordercloud, known=known, tasks=tasks, clock=time.time)


def _note_rules(metrics: Metrics, recipes: Recipes, rules: RuleSet) -> None:
    recipes.follow(rules)
    metrics.rules_loaded.set(rules.loaded_at)
    metrics.rules_problems.set(len(rules.problems))
