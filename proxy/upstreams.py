"""The connections to OrderCloud and CDP, each counted and bounded by itself."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

from proxy.config import Config
from proxy.edge.http import Upstream, connected
from proxy.edge.telemetry import Metrics


@dataclass(frozen=True, slots=True)
class Upstreams:
    """Who is called, and how."""

    ordercloud: Upstream
    auth: Upstream
    cdp: Upstream
    events: Upstream
    """CDP again: where it takes no events, it may decide all the same."""


@contextlib.asynccontextmanager
async def connect(config: Config, metrics: Metrics) -> AsyncIterator[Upstreams]:
    """Keep connections to all of them for the block."""
    oc, cdp = config.ordercloud, config.cdp
    async with contextlib.AsyncExitStack() as stack:

        async def to(name: str, url: str, limit_s: float, in_flight: int) -> Upstream:
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

        yield Upstreams(
            ordercloud=await to("ordercloud", oc.url, oc.limit, oc.in_flight),
            auth=await to("ordercloud-auth", oc.auth_url or oc.url, oc.limit, oc.in_flight),
            cdp=await to("cdp", cdp.base_url, cdp.limit, cdp.in_flight),
            events=await to("cdp-events", cdp.base_url, cdp.limit, config.events.in_flight),
        )
