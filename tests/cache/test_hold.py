"""What is held on to is had again only while it is kept and no purge concerns it."""

import pytest

from proxy.cache.hold import Hold, hold_on_to
from proxy.cache.journal import Journal
from proxy.core import tags
from proxy.core.entry import Entry

_TAG = tags.hash_of("placement:hero")


@pytest.fixture
def journal() -> Journal:
    return Journal(start=1)


def _entry() -> Entry[str]:
    return Entry("answer", 5.0, tags=tags.pack(["product:a"]), born=1, seen=1)


def _hold(entry: Entry[str], journal: Journal) -> Hold[str]:
    return hold_on_to(entry, journal, tag=_TAG, until=9.0, due=8.0)


def test_it_tells_when_it_was_asked_for_and_until_when_it_is_fresh(journal: Journal) -> None:
    hold = _hold(_entry(), journal)
    assert (hold.asked_at, hold.due, hold.until) == (5.0, 8.0, 9.0)


def test_each_look_counts_as_a_use(journal: Journal) -> None:
    entry = _entry()
    hold = _hold(entry, journal)
    assert [hold.value(), hold.value()] == ["answer", "answer"]
    assert entry.uses == 2


def test_what_nobody_keeps_is_gone(journal: Journal) -> None:
    hold = _hold(_entry(), journal)
    assert hold.value() is None


@pytest.mark.parametrize("hard", [True, False])
@pytest.mark.parametrize("tag", ["all", "product:a", "placement:hero"])
def test_a_purge_that_concerns_it_ends_it(journal: Journal, tag: str, *, hard: bool) -> None:
    entry = _entry()
    hold = _hold(entry, journal)
    journal.note([tag], 2, hard=hard)
    assert hold.value() is None
    assert hold.value() is None


def test_another_purge_leaves_it(journal: Journal) -> None:
    entry = _entry()
    hold = _hold(entry, journal)
    journal.note(["product:b", "placement:offers"], 2, hard=True)
    assert hold.value() == "answer"
    journal.note(["product:a"], 3, hard=True)
    assert hold.value() is None
