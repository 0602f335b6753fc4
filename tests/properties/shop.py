"""A shop whose time, upstreams and replicas a test moves: all that decides what a shopper is shown.

The verifier, scopes, decisions, pages and caches are the product's own; OrderCloud, CDP and what
replicas share are stood in for, without a socket.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import count
from random import Random
from typing import Any, TypeVar

import msgspec

from proxy.audit import Audit
from proxy.cache.cache import Cache
from proxy.cache.journal import Journal, Journals
from proxy.cache.refusals import Refusals
from proxy.cache.replicas import Replicas
from proxy.core.freshness import State
from proxy.core.rules import load
from proxy.decisions import Decisions
from proxy.edge.known import Known
from proxy.edge.memory import Memory
from proxy.edge.telemetry import Metrics
from proxy.edge.token import Verifier
from proxy.model import Execution, Page
from proxy.pages import Pages
from proxy.pipeline import Pipeline
from proxy.scopes import Scopes
from proxy.sections import Cache as CacheConfig
from proxy.sections import OrderCloud as OrderCloudConfig
from proxy.shoppers import Shoppers
from proxy.tasks import Tasks
from tests.clock import Clock
from tests.issuer import AUDIENCE, CLIENT
from tests.properties.upstreams import Client, Upstreams
from tests.shared import SharedMemory

T = TypeVar("T")

PROFILE_S = 120.0
NOTHING_S = 10.0
PATIENCE_S = 1.0
MEMORY_BYTES = 400_000
TAGS_MAX = 6

_RULES = (
    """
placement: hero
resource: me/products
scope: groups
decision: {flow: hero, segment: segment}
cache: {page: {fresh: 10s, revalidate: 30s, error: 90s}, decision: {fresh: 15s, error: 60s}}
rules:
  - {name: vips, when: {segment: vip}, query: {categoryID: c1}}
default: {query: {categoryID: c2}}
""",
    """
placement: strict
resource: me/products
scope: groups
cache: {page: {fresh: 2s, error: 60s, revalidate: 0s}}
default: {query: {categoryID: c2}}
""",
    """
placement: tree
resource: me/categories
cache: {page: {fresh: 30s, revalidate: 60s, error: 300s}}
default: {query: {}}
""",
    """
placement: offers
resource: me/promotions
cache: {page: {fresh: 10s, revalidate: 30s, error: 60s}}
default: {query: {}}
""",
)
PLACEMENTS = {one.name: one for one in (load(text, "a test") for text in _RULES)}


@dataclass(frozen=True)
class Common:
    """What replicas have in common."""

    clock: Clock
    pages: SharedMemory[Page]
    decisions: SharedMemory[Execution]


class Replica:
    """One replica of the gateway."""

    def __init__(self, number: int, upstreams: Upstreams, common: Common) -> None:
        self._clock = common.clock
        self._random = Random(number).random  # noqa: S311 - the same in every run
        self.tasks = Tasks()
        self.memories: list[Memory[Any]] = []
        self.journals = Journals(
            Journal(most=TAGS_MAX),
            Journal(most=TAGS_MAX, outdated=State.ON_ERROR),
            Journal(most=TAGS_MAX, outdated=State.ON_ERROR),
        )
        client, lives = Client(upstreams, number), CacheConfig()
        shoppers = Shoppers(
            client,
            profiles=self._cache(self.journals.shoppers),
            groups=self._cache(self.journals.shoppers),
            fresh_s=PROFILE_S,
            error_s=PROFILE_S,
            timeout_s=PATIENCE_S,
        )
        self.pages = self._cache(self.journals.pages, common.pages)
        self.decisions = self._cache(self.journals.decisions, common.decisions)
        decisions = Decisions(
            client,
            shoppers=shoppers,
            cache=self.decisions,
            lifetimes=lives,
            timeout_s=PATIENCE_S,
        )
        scopes = Scopes(shoppers, timeout_s=PATIENCE_S)
        pages = Pages(
            client,
            cache=self.pages,
            refusals=Refusals(journal=self.journals.pages, keep_s=NOTHING_S, clock=self._clock),
            scopes=scopes,
            audit=self._no_audit(client, scopes),
            lifetimes=lives,
            patience_s=PATIENCE_S,
        )
        self.pipeline = Pipeline(self._verifier(client), shoppers, scopes, decisions, pages)

    def _cache(self, journal: Journal, shared: SharedMemory[T] | None = None) -> Cache[T]:
        memory: Memory[T] = Memory(MEMORY_BYTES, clock=self._clock, random=self._random)
        self.memories.append(memory)
        return Cache(
            memory,
            journal=journal,
            tasks=self.tasks,
            clock=self._clock,
            random=self._random,
            fetches_max=100,
            replicas=Replicas(shared, tasks=self.tasks) if shared else None,
        )

    def _no_audit(self, client: Client, scopes: Scopes) -> Audit:
        """Return an audit that never takes place: each page tells whom it was fetched for."""
        return Audit(
            client,
            scopes,
            share=0.0,
            purge=lambda _: None,
            watch=Metrics(),
            tasks=self.tasks,
            clock=self._clock,
            random=self._random,
        )

    def _verifier(self, client: Any) -> Verifier:
        config = OrderCloudConfig(url="http://oc", audiences=(AUDIENCE,), clients=(CLIENT,))
        known = Known(1024**2)
        return Verifier(client, client, config, known=known, tasks=self.tasks, clock=self._clock)


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose time is a test's clock: it never waits."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._virtual = clock
        super().__init__()

    def time(self) -> float:
        """Return the clock's time."""
        return self._virtual()

    def settle(self) -> None:
        """Run until everything waits for time or for an upstream."""
        for _ in count():
            self.call_soon(self.stop)
            self.run_forever()
            if not self._ready:  # type: ignore[attr-defined]  # asyncio tells in no other way
                break


def meta(page: Page) -> Mapping[str, Any]:
    """Return what a page tells of itself."""
    told: Mapping[str, Any] = msgspec.json.decode(page.body)["Meta"]
    return told


def versions(page: Page) -> Iterable[tuple[str, int]]:
    """Return which version of each of its items a page shows."""
    return [(item["ID"], item["v"]) for item in msgspec.json.decode(page.body)["Items"]]
