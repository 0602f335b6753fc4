"""A shop whose time, upstreams and replicas a test moves: all that decides what a shopper is shown.

The verifier, scopes, decisions, pages and caches are the product's own; OrderCloud, CDP and what
replicas share are stood in for, without a socket.
"""

import asyncio
import functools
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import count
from random import Random
from typing import Any, TypeVar

import jwt
import msgspec

from proxy.audit import Audit
from proxy.cache.cache import Cache
from proxy.cache.journal import Journal, Journals
from proxy.cache.refusals import Refusals
from proxy.cache.replicas import Replicas
from proxy.core import listing
from proxy.core.rules import load
from proxy.decisions import Decisions
from proxy.edge.http import Answer
from proxy.edge.memory import Memory
from proxy.edge.telemetry import Metrics
from proxy.edge.token import Verifier
from proxy.errors import OrderCloudRefused, ProxyError, UpstreamTimeout
from proxy.model import Call, Execution, Json, ListQuery, Page, Profile, Reason, Shopper
from proxy.pages import Pages
from proxy.pipeline import Pipeline
from proxy.scopes import Scopes
from proxy.sections import Cache as CacheConfig
from proxy.sections import OrderCloud as OrderCloudConfig
from proxy.shoppers import Shoppers
from proxy.tasks import Tasks
from tests.clock import Clock
from tests.issuer import AUDIENCE, CLIENT, private_key
from tests.shared import SharedMemory

T = TypeVar("T")

PROFILE_S = 120.0
NOTHING_S = 10.0
PATIENCE_S = 1.0
MEMORY_BYTES = 400_000
TAGS_MAX = 6
_CALL_S = 5.0

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
LISTS = {"c1": ("p1", "p2", "p3"), "c2": ("p2", "p3", "p4"), "": ("x1",)}


@dataclass
class Person:
    """A shopper as the shop knows them, and which groups they have been in, since when."""

    name: str
    is_anonymous: bool = False
    memberships: list[tuple[float, str]] = field(default_factory=list)
    segment: str = "other"
    token: str = ""
    expires_at: float = 0.0

    @property
    def membership(self) -> str:
        """Return the groups they are in now."""
        return self.memberships[-1][1]

    def memberships_since(self, at: float) -> set[str]:
        """Return all groups they were in at *at* or later."""
        begun = [since for since, _ in self.memberships if since <= at][-1:] or [0.0]
        return {groups for since, groups in self.memberships if since >= begun[0]}


@dataclass
class Asked:
    """A call to an upstream that has not been answered: by which replica, and for whom."""

    replica: int
    kind: str
    about: tuple[object, ...]
    at: float
    answer: asyncio.Future[None]


class Upstreams:
    """OrderCloud and CDP. Each answer tells for whom, and when, it was asked for.

    While they are *slow* a call waits for `answer`; *fault* befalls every call that is answered.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.people: dict[str, Person] = {}
        self.versions = dict.fromkeys(("p1", "p2", "p3", "p4", "x1"), 0)
        self.waiting: list[Asked] = []
        self.is_slow = False
        self.fault: str | None = None
        self.failed_at = float("-inf")
        self.calls = 0

    async def called(self, replica: int, kind: str, *about: object) -> None:
        """Let a call wait its turn, and fail if it has to."""
        self.calls += 1
        if self.is_slow:
            future = asyncio.get_running_loop().create_future()
            asked = Asked(replica, kind, about, self.clock.now, future)
            self.waiting.append(asked)
            try:
                async with asyncio.timeout(_CALL_S):
                    await future
            except TimeoutError:
                self.failed_at = self.clock.now
                raise UpstreamTimeout("no answer in time") from None
            finally:
                self.waiting.remove(asked)
        self._fail(kind)

    def _fail(self, kind: str) -> None:
        faults: dict[str, ProxyError] = {
            "outage": UpstreamTimeout("out"),
            "forbidden": OrderCloudRefused(status=403, headers={}, body=b"{}"),
            "missing": OrderCloudRefused(status=404, headers={}, body=b"{}"),
        }
        if self.fault is None or (kind == "decide" and self.fault != "outage"):
            return
        self.failed_at = self.clock.now
        raise faults[self.fault]

    def person(self, token: str | None) -> Person:
        """Return whose token it is."""
        claims = jwt.decode(token or "", options={"verify_signature": False})
        return self.people[claims.get("orderid") or claims["usr"]]


@functools.cache
def _published() -> bytes:
    jwk = jwt.algorithms.RSAAlgorithm.to_jwk(private_key("first").public_key(), as_dict=True)
    return json.dumps({"n": jwk["n"], "e": jwk["e"]}).encode()


class Client:
    """The upstreams, as one replica calls them: `Catalog`, `Directory`, `Decider`, key server."""

    def __init__(self, upstreams: Upstreams, replica: int) -> None:
        self._upstreams = upstreams
        self._replica = replica

    async def fetch_list(self, query: ListQuery, shopper: Shopper) -> Page:
        """List, as it is when it is asked for."""
        person = self._upstreams.person(shopper.token)
        category = dict(query.params).get("categoryID", "")
        versions = self._upstreams.versions
        items = [{"ID": one, "v": versions[one]} for one in LISTS[category]]
        body = json.dumps({"Meta": self._told(person), "Items": items}).encode()
        await self._upstreams.called(self._replica, "list", person.name, query)
        return listing.read(body)

    async def fetch_profile(self, shopper: Shopper) -> Profile:
        """Tell who they are."""
        person = self._upstreams.person(shopper.token)
        await self._upstreams.called(self._replica, "profile", person.name)
        return Profile("acme", person.name)

    async def fetch_groups(self, shopper: Shopper) -> frozenset[str]:
        """Tell which groups they are in."""
        person = self._upstreams.person(shopper.token)
        groups = frozenset({person.membership})
        await self._upstreams.called(self._replica, "groups", person.name)
        return groups

    async def fetch_cart(self, shopper: Shopper) -> list[Json]:
        """Tell of no cart: nobody asks."""
        raise NotImplementedError

    async def execute(self, call: Call) -> Execution:
        """Decide, by what is known when it is asked."""
        person = self._upstreams.person(call.token)
        output: dict[str, Json] = {"segment": person.segment, **self._told(person)}
        await self._upstreams.called(self._replica, "decide", person.name)
        return Execution(output, Reason.MATCHED, 100)

    async def request(self, _method: str, target: str, **_: object) -> Answer:
        """Publish the key that tokens are signed with."""
        assert target == "/oauth/certs/first", target
        return Answer(200, {}, _published())

    def _told(self, person: Person) -> dict[str, Any]:
        return {"by": person.name, "as": person.membership, "at": self._upstreams.clock.now}


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
        self.journals = Journals(*(Journal(most=TAGS_MAX) for _ in range(3)))
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
        return Verifier(client, client, config, tasks=self.tasks, clock=self._clock)


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
