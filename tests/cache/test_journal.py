"""Purges: which answers they concern, and which they do not."""

import pytest

from proxy.cache.journal import Journal, Journals
from proxy.core import tags
from proxy.core.entry import Entry
from proxy.core.freshness import State


def _entry(*of: str, born: int = 0) -> Entry[str]:
    return Entry("page", 0.0, tags=tags.pack(of), born=born, seen=born)


class TestWhatAPurgeConcerns:
    @pytest.mark.parametrize(("hard", "state"), [(True, State.EXPIRED), (False, State.REVALIDATE)])
    @pytest.mark.parametrize("purged", ["product:w1", "Product:W1", "category:watches", "all"])
    def test_an_answer_with_any_of_the_tags(self, purged: str, *, hard: bool, state: State) -> None:
        journal, entry = Journal(), _entry("product:w1", "category:watches")
        journal.note([purged, "product:other"], 1, hard=hard)
        assert journal.check(entry) is state
        assert journal.check(entry) is state

    @pytest.mark.parametrize("purged", ["product:w2", "category:w1", "w1", "product:"])
    def test_no_answer_without_them(self, purged: str) -> None:
        journal, entry = Journal(), _entry("product:w1")
        journal.note([purged], 1, hard=True)
        assert journal.check(entry) is State.FRESH

    def test_all_concerns_also_what_has_no_tag(self) -> None:
        journal, entry = Journal(), _entry()
        journal.note(["all"], 1, hard=True)
        assert journal.check(entry) is State.EXPIRED

    def test_nothing_that_was_asked_for_since(self) -> None:
        journal = Journal()
        journal.note(["product:w1", "all"], 5, hard=True)
        assert journal.check(_entry("product:w1", born=5)) is State.FRESH

    def test_what_was_asked_for_before_however_often_it_was_compared(self) -> None:
        journal, entry = Journal(), _entry("product:w1")
        for position in range(1, 5):
            journal.note(["product:w2"], position, hard=True)
            assert journal.check(entry) is State.FRESH
        journal.note(["product:w1"], 5, hard=True)
        assert journal.check(entry) is State.EXPIRED

    def test_a_hard_purge_ends_what_a_soft_one_left(self) -> None:
        journal, entry = Journal(), _entry("product:w1")
        journal.note(["product:w1"], 1, hard=False)
        assert journal.check(entry) is State.REVALIDATE
        journal.note(["product:w1"], 2, hard=True)
        assert journal.check(entry) is State.EXPIRED

    def test_a_soft_purge_brings_back_nothing(self) -> None:
        journal, entry = Journal(), _entry("product:w1")
        journal.note(["product:w1"], 1, hard=True)
        journal.note(["product:w1"], 2, hard=False)
        assert journal.check(entry) is State.EXPIRED

    def test_a_purge_that_is_known_already_concerns_nothing_more(self) -> None:
        journal = Journal(start=5)
        journal.note(["all"], 5, hard=True)
        assert journal.check(_entry(born=4)) is State.FRESH


class TestWhatAnAnswerIsTakenFor:
    HERO = tags.hash_of("placement:hero")
    LIST = tags.hash_of("placement:list")

    @pytest.mark.parametrize(("hard", "state"), [(True, State.EXPIRED), (False, State.REVALIDATE)])
    def test_a_purge_of_it_concerns_that_use_only(self, *, hard: bool, state: State) -> None:
        journal, entry = Journal(), _entry("product:w1")
        assert journal.check(entry, self.HERO) is State.FRESH
        journal.note(["placement:hero"], 1, hard=hard)
        assert journal.check(entry, self.LIST) is State.FRESH
        assert journal.check(entry, self.HERO) is state
        assert journal.check(_entry(born=1), self.HERO) is State.FRESH


class TestBounds:
    def test_it_never_holds_more_tags_than_it_may(self) -> None:
        journal = Journal(most=10)
        for position in range(1, 1000):
            journal.note([f"product:{position}"], position, hard=position % 2 == 0)
        assert len(journal._hard._at) == len(journal._soft._at) == 10

    def test_what_was_compared_before_a_purge_that_is_forgotten_counts_as_purged(self) -> None:
        journal = Journal(most=2)
        old, newer = _entry("product:w9"), _entry("product:w9", born=1)
        for position in (1, 2, 3):
            journal.note([f"product:{position}"], position, hard=True)
        assert journal.check(old) is State.EXPIRED
        assert journal.check(newer) is State.FRESH

    def test_what_was_compared_since_stays(self) -> None:
        journal, entry = Journal(most=2), _entry("product:w9")
        for position in range(1, 10):
            journal.note([f"product:{position}"], position, hard=True)
            assert journal.check(entry) is State.FRESH

    def test_a_use_may_have_been_purged_where_that_is_forgotten(self) -> None:
        journal, entry = Journal(most=2), _entry("product:w9")
        for position, purged in enumerate(("placement:hero", "product:1", "product:2"), 1):
            journal.note([purged], position, hard=True)
            journal.check(entry)
        assert journal.check(entry, tags.hash_of("placement:hero")) is State.EXPIRED

    def test_a_tag_purged_again_is_not_the_oldest(self) -> None:
        journal = Journal(most=2)
        for position, purged in enumerate(("product:1", "product:2", "product:1"), 1):
            journal.note([purged], position, hard=True)
        journal.note(["product:3"], 4, hard=True)
        assert journal.check(_entry("product:1", born=2)) is State.EXPIRED

    def test_what_is_older_than_all_that_is_known_counts_as_purged(self) -> None:
        journal = Journal(start=7, floor=3)
        assert journal.check(_entry("product:w1", born=2)) is State.EXPIRED
        assert journal.check(_entry("product:w1", born=3)) is State.FRESH


class TestKinds:
    @pytest.mark.parametrize(
        ("purged", "concerned"),
        [
            ("product:w1", "pages"),
            ("category:c", "pages"),
            ("promotion:p", "pages"),
            ("catalog:c", "pages"),
            ("priceschedule:p", "pages"),
            ("scope:s", "pages"),
            ("placement:hero", "pages decisions"),
            ("resource:me/usergroups", "pages shoppers"),
            ("guest:g", "decisions shoppers"),
            ("shopper:s", "decisions shoppers"),
            ("flow:f", "decisions"),
            ("all", "pages decisions shoppers"),
            ("unheard-of:x", "pages decisions shoppers"),
        ],
    )
    def test_a_purge_is_noted_where_it_can_concern_something(
        self, purged: str, concerned: str
    ) -> None:
        journals = Journals(Journal(), Journal(), Journal())
        journals.note([purged], 3, hard=True)
        kinds = ("pages", "decisions", "shoppers")
        noted = [kind for kind in kinds if getattr(journals, kind).position == 3]
        assert noted == concerned.split()
        assert journals.position == 3

    def test_what_one_guest_does_makes_no_page_look_it_up(self) -> None:
        journals = Journals(Journal(start=2), Journal(start=2), Journal(start=2))
        journals.note(["guest:g"], 3, hard=True)
        assert journals.pages.position == 2


def test_what_a_soft_purge_leaves_of_an_answer_is_its_kind_s_own() -> None:
    decisions, entry = Journal(outdated=State.ON_ERROR), _entry("guest:b1")
    decisions.note(["guest:b1"], 1, hard=False)
    assert [decisions.check(entry) for _ in range(2)] == [State.ON_ERROR, State.ON_ERROR]
