"""Audits one by one: what is asked of whom, what it comes to, and that nobody waits for it."""

import asyncio
from dataclasses import dataclass, field, replace

import pytest

from proxy.audit import Audit, Hit, Outcome
from proxy.core import listing
from proxy.core.keys import key_of
from proxy.core.scope import Membership, Shared, Sharing
from proxy.errors import OrderCloudRefused, ScopeChanged, UpstreamTimeout
from proxy.model import ListQuery, Page, Scope, Shopper
from proxy.tasks import Tasks
from tests.clock import Clock
from tests.core.making import slot

ALICE = Shopper(
    token="a",
    client_id="shop",
    username="alice",
    order_id=None,
    roles=frozenset(),
    impersonator=None,
    expires_at=1.0,
)
BOB = replace(ALICE, token="b", username="bob")
QUERY = ListQuery("me/products", ())
KEY = key_of("page", "vips")
SHARED = Shared(Scope("vips"), Membership("acme", frozenset({"vip"}), None, None))


def page(name: str) -> Page:
    return listing.read(b'{"Meta":{},"Items":[{"ID":"%s"}]}' % name.encode())


@dataclass
class World:
    """OrderCloud, its shoppers and who watches: what is listed to whom, in turn."""

    lists: dict[str, list[str | Exception]]
    moved: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)
    noted: list[str] = field(default_factory=list)
    alarms: list[tuple[str, bool]] = field(default_factory=list)
    purged: list[str] = field(default_factory=list)
    renewals: int = 0

    async def fetch_list(self, _: ListQuery, shopper: Shopper) -> Page:
        self.asked.append(shopper.username)
        answers = self.lists[shopper.username]
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, Exception):
            raise answer
        return page(answer)

    async def confirm(self, _: Shared, shopper: Shopper) -> None:
        if shopper.username in self.moved:
            raise ScopeChanged("moved")

    def note_audit(self, _: str, outcome: str) -> None:
        self.noted.append(outcome)

    def note_sharing(self, placement: str, *, is_off: bool) -> None:
        self.alarms.append((placement, is_off))

    async def renew(self) -> None:
        self.renewals += 1


@dataclass
class Bench:
    """An audit of one placement in a *world*, and chance that comes up as *drawn*."""

    world: World
    tasks: Tasks
    share: float = 1.0
    drawn: float = 0.0
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        self.placement = slot(more="scope: groups")
        self.audit = Audit(
            self.world,
            self.world,
            share=self.share,
            purge=self.world.purged.append,
            watch=self.world,
            tasks=self.tasks,
            clock=self.clock,
            random=lambda: self.drawn,
        )

    async def hit(self, shopper: Shopper = BOB, kept: str = "kept") -> list[str]:
        """Let *shopper* see what is kept, and return how the audits have ended by then."""
        renew = self.world.renew
        self.audit.consider(Hit(self.placement, KEY, QUERY, page(kept), SHARED, shopper, renew))
        await asyncio.gather(*self.tasks._running)
        return self.world.noted


@pytest.mark.parametrize(
    ("lists", "outcome", "asked", "renewals"),
    [
        ((["kept"], ["kept"]), Outcome.SAME, ["bob"], 0),
        ((["new"], ["new"]), Outcome.CHANGED, ["bob", "alice", "bob"], 1),
        ((["kept"], ["other"]), Outcome.LEAK, ["bob", "alice", "bob"], 0),
        ((["new"], ["other"]), Outcome.LEAK, ["bob", "alice", "bob"], 0),
        ((["kept"], ["one", "two"]), Outcome.UNSURE, ["bob", "alice", "bob"], 1),
        ((["kept"], [UpstreamTimeout("late")]), Outcome.UNSURE, ["bob"], 1),
        (([UpstreamTimeout("late")], ["other"]), Outcome.UNSURE, ["bob", "alice"], 1),
        (
            ([OrderCloudRefused(status=401, headers={}, body=b"")], ["other"]),
            Outcome.UNSURE,
            ["bob", "alice"],
            1,
        ),
    ],
)
async def test_a_difference_is_a_leak_only_between_shoppers_never_between_moments(
    tasks: Tasks,
    lists: tuple[list[str | Exception], list[str | Exception]],
    outcome: Outcome,
    asked: list[str],
    renewals: int,
) -> None:
    world = World({"alice": lists[0], "bob": lists[1]})
    bench = Bench(world, tasks)
    bench.audit.note_filled(KEY, ALICE)
    assert await bench.hit() == [outcome]
    assert (world.asked, world.renewals) == (asked, renewals)
    assert bool(world.alarms) is (outcome is Outcome.LEAK)


@pytest.mark.parametrize("moved", ["alice", "bob"])
async def test_who_has_moved_to_another_scope_is_no_leak(tasks: Tasks, moved: str) -> None:
    world = World({"alice": ["kept"], "bob": ["other"]}, moved={moved})
    bench = Bench(world, tasks)
    bench.audit.note_filled(KEY, ALICE)
    assert await bench.hit() == [Outcome.MOVED]


async def test_without_its_filler_a_page_is_fetched_anew(tasks: Tasks) -> None:
    world = World({"bob": ["other"]})
    assert await Bench(world, tasks).hit() == [Outcome.UNSURE]
    assert world.renewals == 1


async def test_what_shoppers_filled_themselves_is_not_audited(tasks: Tasks) -> None:
    world = World({"bob": ["other"]})
    bench = Bench(world, tasks)
    bench.audit.note_filled(KEY, replace(BOB, token="another"))
    assert await bench.hit() == []


@pytest.mark.parametrize(("drawn", "audits"), [(0.0, 1), (0.0009, 1), (0.001, 0), (0.5, 0)])
async def test_a_small_share_is_audited(tasks: Tasks, drawn: float, audits: int) -> None:
    bench = Bench(World({"bob": ["kept"]}), tasks, share=0.001, drawn=drawn)
    assert len(await bench.hit()) == audits


async def test_none_is_where_none_is_wanted(tasks: Tasks) -> None:
    assert await Bench(World({"bob": ["kept"]}), tasks, share=0.0).hit() == []


async def test_one_is_made_at_a_time_and_one_a_second(tasks: Tasks) -> None:
    bench = Bench(World({"bob": ["kept"]}), tasks)
    for _ in range(2):
        assert len(await bench.hit()) == 1
    bench.clock.now += 1.0
    assert len(await bench.hit()) == 2


async def test_a_leak_ends_the_placements_sharing_until_its_rules_change(tasks: Tasks) -> None:
    world = World({"alice": ["kept"], "bob": ["other"]})
    bench = Bench(world, tasks)
    bench.audit.note_filled(KEY, ALICE)
    assert bench.audit.sharing(bench.placement) is Sharing.GROUPS
    await bench.hit()
    assert bench.audit.sharing(bench.placement) is Sharing.SHOPPER
    assert (bench.audit.leaky, world.purged) == (["slot"], ["slot"])
    assert bench.audit.sharing(slot(more="scope: groups")) is Sharing.GROUPS
    assert bench.audit.leaky == []
    assert world.alarms == [("slot", True), ("slot", False)]
