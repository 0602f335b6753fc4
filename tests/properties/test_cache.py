"""Two replicas of the gateway against what a shop promises its shoppers, whatever happens.

Shoppers in groups, edits, purges, logins, expiries, faults, cancellations, restarts, in any order
on a virtual clock. `make model STEPS=200000` takes as many steps; the suite takes a few.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from proxy.errors import TokenError
from proxy.model import Asked
from proxy.pipeline import Personalized
from tests.clock import Clock
from tests.issuer import Issuer
from tests.properties import shop
from tests.properties.promises import Asking, Check, Promises, Subject
from tests.properties.shop import Common, Replica, VirtualLoop
from tests.properties.upstreams import Person, Upstreams
from tests.shared import SharedMemory

_USERS, _ANONYMOUS = ("alice", "bob", "carol"), ("ann", "abe")
_PEOPLE = st.sampled_from(_USERS + _ANONYMOUS)
_REPLICAS = st.sampled_from((0, 1))
_PLACEMENTS = st.sampled_from(sorted(shop.PLACEMENTS))
_ITEMS = st.sampled_from(("p1", "p2", "p3", "p4", "x1"))
_SECONDS = st.sampled_from((0.1, 0.5, 1.1, 3.0, 5.5, 9.5, 12.0, 12.0, 21.0, 35.0, 65.0, 130.0))
_FAULTS = (None, None, None, None, "outage", "forbidden", "missing")
_TOKEN_S = 300

_FORGED: Mapping[str, Callable[[Issuer], str]] = {
    "expired": lambda issuer: issuer.token(exp=int(issuer.now) - 1),
    "malformed": lambda _: "a.b.c",
    "signed by another": lambda issuer: issuer.token(key="forged"),
    "of another issuer": lambda issuer: issuer.token(iss="https://elsewhere.test"),
    "of another client": lambda issuer: issuer.token(cid="another-client"),
    "for another API": lambda issuer: issuer.token(aud="https://elsewhere.test"),
}


@dataclass(frozen=True)
class Purge:
    """A purge that every replica hears of: what it promises of which subject, from then on."""

    position: int
    tags: tuple[str, ...]
    hard: bool
    promises: Promises


@dataclass
class Gateway:
    """A replica, and the promises that it has to keep by what it has heard of."""

    replica: Replica
    heard: int = 0
    promised: dict[Subject, float] = field(default_factory=dict)


class CacheModel(RuleBasedStateMachine):
    """What shoppers are shown is checked as soon as it is there; bounds after every step."""

    steps: ClassVar[int] = 0
    ends: ClassVar[Counter[str]] = Counter()

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock(1_800_000_000.0)
        self.loop = VirtualLoop(self.clock)
        self.upstreams = Upstreams(self.clock)
        self.common = Common(self.clock, SharedMemory(self.clock), SharedMemory(self.clock))
        self.issuer = Issuer(now=self.clock.now)
        self.gateways = [self._started(number) for number in (0, 1)]
        self.log: list[Purge] = []
        self.asking: list[Asking] = []
        self.groups = 0

    @initialize()
    def open(self) -> None:
        for name in _USERS + _ANONYMOUS:
            person = Person(name, is_anonymous=name in _ANONYMOUS)
            person.memberships = [(0.0, "anonymous" if person.is_anonymous else "vip")]
            self.upstreams.people[name] = person
            self.login(name)

    def teardown(self) -> None:
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
        self.loop.settle()
        self.loop.close()

    # What shoppers do

    @rule(visits=st.lists(st.tuples(_PEOPLE, _REPLICAS, _PLACEMENTS), min_size=1, max_size=5))
    def ask(self, visits: list[tuple[str, int, str]]) -> None:
        for visit in visits:
            self._ask(*visit)
            self._settle()

    @rule(name=_PEOPLE, placement=_PLACEMENTS)
    def ask_again_and_again(self, name: str, placement: str) -> None:
        for _ in range(12):
            self._ask(name, 0, placement)
            self._settle()

    @rule(number=_REPLICAS, placement=_PLACEMENTS)
    def crowd(self, number: int, placement: str) -> None:
        for name in (*_USERS, *_ANONYMOUS, "alice", "ann"):
            self._ask(name, number, placement)
        self._settle()

    @rule(number=_REPLICAS, placement=_PLACEMENTS, kind=st.sampled_from(sorted(_FORGED)))
    def come_with_a_bad_token(self, number: int, placement: str, kind: str) -> None:
        shown = self._shown(number, placement, f"Bearer {_FORGED[kind](self.issuer)}")
        task = self.loop.create_task(shown)
        self._settle()
        assert isinstance(task.exception(), TokenError), kind

    @rule(which=st.integers(0, 30))
    def leave(self, which: int) -> None:
        if self.asking:
            asking = self.asking[which % len(self.asking)]
            asking.has_left = asking.task.cancel()
        self._settle()

    @rule(name=_PEOPLE)
    def login(self, name: str) -> None:
        person = self.upstreams.people[name]
        self.issuer.now, expires = self.clock.now, int(self.clock.now) + _TOKEN_S
        who = {"usr": "template", "orderid": name} if person.is_anonymous else {"usr": name}
        person.token, person.expires_at = self.issuer.token(exp=expires, **who), expires

    @rule(name=_PEOPLE, number=_REPLICAS)
    def do_something(self, name: str, number: int) -> None:
        person = self.upstreams.people[name]
        person.segment = "other" if person.segment == "vip" else "vip"
        promises: Promises = {("decided", name): self.clock.now}
        self._purge(number, _guest(person), hard=False, promises=promises)

    @rule(name=st.sampled_from(_USERS), to=st.sampled_from(_USERS), number=_REPLICAS)
    def move(self, name: str, to: str, number: int) -> None:
        """Move somebody into another's groups, or new ones; never back, where nobody could tell."""
        person, other = self.upstreams.people[name], self.upstreams.people[to]
        groups = other.membership
        if groups in {known for _, known in person.memberships}:
            self.groups += 1
            groups = f"g{self.groups}"
        person.memberships.append((self.clock.now, groups))
        self._purge(number, _guest(person), promises={("moved", name): self.clock.now})

    # What the shop does

    @rule(item=_ITEMS, number=_REPLICAS, hard=st.booleans())
    def edit(self, item: str, number: int, *, hard: bool) -> None:
        self.upstreams.versions[item] += 1
        kind = "category" if item == "x1" else "product"
        tags = (f"{kind}:{item}", "promotion:x1") if item == "x1" else (f"{kind}:{item}",)
        version = self.upstreams.versions[item]
        self._purge(
            number, *tags, hard=hard, promises={("hard" if hard else "soft", item): version}
        )

    @rule(what=st.sampled_from((*sorted(shop.PLACEMENTS), "all", "too much")), number=_REPLICAS)
    def purge(self, what: str, number: int) -> None:
        if what == "all":
            self._purge(number, what, promises={(what,): self.clock.now})
        elif what == "too much":
            for other in range(shop.TAGS_MAX + 1):
                self._purge(number, f"product:other-{other}", promises={})
        else:
            since = self.clock.now
            self._purge(number, f"placement:{what}", promises={("placement", what): since})

    # What happens to everybody

    @rule(seconds=_SECONDS)
    def pass_time(self, seconds: float) -> None:
        self.clock.now += seconds
        self._settle()

    @rule(slow=st.sampled_from((False, False, True)), fault=st.sampled_from(_FAULTS))
    def upstreams_change(self, fault: str | None, *, slow: bool) -> None:
        self.upstreams.is_slow, self.upstreams.fault = slow, fault

    @rule(which=st.integers(0, 30), all_of_them=st.booleans())
    def answer(self, which: int, *, all_of_them: bool) -> None:
        waiting = self.upstreams.waiting
        chosen = [*waiting] if all_of_them or not waiting else [waiting[which % len(waiting)]]
        for asked in chosen:
            if not asked.answer.done():
                asked.answer.set_result(None)
        self._settle()

    @rule(number=_REPLICAS)
    def hear(self, number: int) -> None:
        gateway = self.gateways[number]
        for purge in self.log[gateway.heard :]:
            gateway.replica.journals.note(purge.tags, purge.position, hard=purge.hard)
            gateway.promised.update(purge.promises)
        gateway.heard = len(self.log)

    @rule(away=st.booleans())
    def redis_goes_or_comes(self, *, away: bool) -> None:
        self.common.pages.is_away = self.common.decisions.is_away = away

    @rule(number=_REPLICAS)
    def restart(self, number: int) -> None:
        self._send_away()
        self.loop.run_until_complete(self.gateways[number].replica.tasks.close())
        self.gateways[number] = self._started(number)
        self.hear(number)

    # How it is done

    def _started(self, number: int) -> Gateway:
        return Gateway(Replica(number, self.upstreams, self.common))

    def _send_away(self) -> None:
        """Let everybody leave who waits."""
        for asking in self.asking:
            asking.has_left |= asking.task.cancel()
        self._settle()

    def _ask(self, name: str, number: int, placement: str) -> None:
        person, gateway = self.upstreams.people[name], self.gateways[number]
        self.asking.append(
            Asking(
                person,
                placement,
                self.loop.create_task(self._shown(number, placement, f"Bearer {person.token}")),
                self.clock.now,
                has_expired=person.expires_at <= self.clock.now,
                promised=dict(gateway.promised),
            )
        )

    async def _shown(self, number: int, placement: str, authorization: str) -> Personalized:
        pipeline = self.gateways[number].replica.pipeline
        return await pipeline.personalize(shop.PLACEMENTS[placement], authorization, Asked())

    def _purge(self, number: int, *tags: str, hard: bool = True, promises: Promises) -> None:
        """Purge on one replica at once; the others hear of it later."""
        last = self.log[-1].position if self.log else 0
        position = max(last + (1 << 10), int(self.clock.now * 1000) << 22)
        self.log.append(Purge(position, tags, hard, promises))
        gateway = self.gateways[number]
        gateway.replica.journals.note(tags, gateway.replica.journals.position + 1, hard=hard)
        gateway.promised.update(promises)
        self._settle()

    def _settle(self) -> None:
        """Let happen what can, and check what was shown."""
        self.loop.settle()
        done = [asking for asking in self.asking if asking.task.done()]
        self.asking = [asking for asking in self.asking if not asking.task.done()]
        for asking in done:
            CacheModel.ends[Check(asking, self.upstreams).run()] += 1

    @invariant()
    def bounds_hold(self) -> None:
        CacheModel.steps += 1
        for number, gateway in enumerate(self.gateways):
            replica = gateway.replica
            for memory in replica.memories:
                assert memory.size_bytes <= shop.MEMORY_BYTES
            for journal in (replica.journals.pages, replica.journals.decisions):
                assert max(len(journal._soft._at), len(journal._hard._at)) <= shop.TAGS_MAX
            waiting = Counter(
                asked.kind for asked in self.upstreams.waiting if asked.replica == number
            )
            assert waiting["list"] <= len(replica.pages._flights)
            assert waiting["decide"] <= len(replica.decisions._flights)

    @invariant()
    def nobody_cancels_a_call(self) -> None:
        assert not any(asked.answer.cancelled() for asked in self.upstreams.waiting)


def _guest(person: Person) -> str:
    return f"guest:anon-{person.name}" if person.is_anonymous else f"guest:acme-{person.name}"


TestCache = CacheModel.TestCase
TestCache.settings = settings(max_examples=20, stateful_step_count=50, deadline=None)
