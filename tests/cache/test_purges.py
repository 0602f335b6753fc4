"""The door of purges: which journals hear of which, in what order, and who counts them."""

import pytest

from proxy.cache.journal import Journal, Journals, position_at
from proxy.cache.purges import Purger, Purges
from proxy.core import tags
from proxy.core.entry import Entry
from proxy.core.freshness import Stamp, State
from tests.clock import Clock


class Door:
    """Purges, and what they lead to."""

    def __init__(self) -> None:
        self.clock = Clock(1000.0)
        self.journals = Journals(Journal(), Journal(), Journal())
        self.counted: list[tuple[str, Purger]] = []
        self.purges = Purges(
            self.journals,
            clock=self.clock,
            on_purged=lambda kind, by: self.counted.append((kind, by)),
        )
        self.page = Entry("page", Stamp(0.0), tags.pack(["product:p1"]))

    @property
    def state(self) -> State:
        return self.journals.pages.check(self.page)


@pytest.fixture
def door() -> Door:
    return Door()


@pytest.mark.parametrize(("hard", "state"), [(True, State.EXPIRED), (False, State.REVALIDATE)])
async def test_a_purge_is_as_hard_as_it_is_said_to_be(
    door: Door, *, hard: bool, state: State
) -> None:
    await door.purges.purge(["product:P1"], hard=hard, by=Purger.ADMIN)
    assert door.state is state
    assert door.counted == [("product", Purger.ADMIN)]


async def test_what_is_purged_in_one_moment_is_purged_in_turn(door: Door) -> None:
    for hard in (False, True):
        await door.purges.purge(["product:p1"], hard=hard, by=Purger.WEBHOOK)
    assert door.state is State.EXPIRED
    assert door.journals.position == position_at(1000.0) + 1


async def test_a_clock_that_falls_back_holds_up_no_purge(door: Door) -> None:
    await door.purges.purge(["category:k"], hard=True, by=Purger.ADMIN)
    door.clock.now -= 500.0
    await door.purges.purge(["product:p1"], hard=True, by=Purger.ADMIN)
    assert door.state is State.EXPIRED


async def test_a_purge_of_nothing_is_none(door: Door) -> None:
    await door.purges.purge([], hard=True, by=Purger.EVENT)
    assert (door.journals.position, door.counted) == (0, [])


async def test_what_guests_do_lets_pages_be(door: Door) -> None:
    await door.purges.purge(["guest:b1", "shopper:alice"], hard=True, by=Purger.EVENT)
    assert door.journals.pages.position == 0
    assert door.state is State.FRESH
