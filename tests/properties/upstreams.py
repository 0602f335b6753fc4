"""OrderCloud and CDP as a test moves them, and the people who come: no socket, no real time."""

import asyncio
import functools
import json
from dataclasses import dataclass, field
from typing import Any

import jwt

from proxy.core import listing
from proxy.edge.http import Answer
from proxy.errors import OrderCloudRefused, ProxyError, UpstreamTimeout
from proxy.model import Call, Execution, Json, ListQuery, Page, Profile, Reason, Shopper
from tests.clock import Clock
from tests.issuer import private_key

LISTS = {"c1": ("p1", "p2", "p3"), "c2": ("p2", "p3", "p4"), "": ("x1",)}
_CALL_S = 5.0


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
        return Execution(json.dumps(output).encode(), Reason.MATCHED)

    async def request(self, _method: str, target: str, **_: object) -> Answer:
        """Publish the key that tokens are signed with."""
        assert target == "/oauth/certs/first", target
        return Answer(200, (), _published())

    def _told(self, person: Person) -> dict[str, Any]:
        return {"by": person.name, "as": person.membership, "at": self._upstreams.clock.now}
