"""The door of purges: which journals hear of which, in what order, and who counts them."""

from collections.abc import Collection

import pytest

from proxy.cache.journal import Journal, Journals
from proxy.cache.purges import Purger, Purges
from proxy.core import tags
from proxy.core.entry import Entry
from proxy.core.freshness import State


class Door:
    """Purges, and what they lead to."""

    def __init__(self) -> None:
        self.journals = Journals(Journal(), Journal(), Journal())
        self.counted: list[tuple[str, Purger]] = []
        self.told: list[tuple[tuple[str, ...], bool]] = []
        self.purges = Purges(
            self.journals,
            tell=self._tell,
            on_purged=lambda kind, by: self.counted.append((kind, by)),
        )
        self.page = Entry("page", 0.0, tags=tags.pack(["product:p1"]))

    def _tell(self, purged: Collection[str], *, hard: bool) -> None:
        self.told.append((tuple(purged), hard))

    @property
    def state(self) -> State:
        return self.journals.pages.check(self.page)


@pytest.fixture
def door() -> Door:
    return Door()


@pytest.mark.parametrize(("hard", "state"), [(True, State.EXPIRED), (False, State.REVALIDATE)])
def test_a_purge_is_as_hard_as_it_is_said_to_be(door: Door, *, hard: bool, state: State) -> None:
    door.purges.purge(["product:P1"], hard=hard, by=Purger.ADMIN)
    assert door.state is state
    assert door.counted == [("product", Purger.ADMIN)]
    assert door.told == [(("product:P1",), hard)]


def test_what_is_purged_in_one_moment_is_purged_in_turn(door: Door) -> None:
    for hard in (False, True):
        door.purges.purge(["product:p1"], hard=hard, by=Purger.WEBHOOK)
    assert door.state is State.EXPIRED
    assert door.journals.position == 2


def test_a_purge_of_nothing_is_none(door: Door) -> None:
    door.purges.purge([], hard=True, by=Purger.EVENT)
    assert (door.journals.position, door.counted, door.told) == (0, [], [])


def test_what_guests_do_lets_pages_be(door: Door) -> None:
    door.purges.purge(["guest:b1", "shopper:alice"], hard=True, by=Purger.EVENT)
    assert door.journals.pages.position == 0
    assert door.state is State.FRESH
