"""The cache by itself: what it serves at what age, and how many fetches that takes."""

import asyncio

import pytest

from proxy.cache.cache import Cache, Fetched, Served
from proxy.cache.journal import Journal
from proxy.core import tags
from proxy.core.freshness import ENDLESS, Lifetime, Terms
from proxy.core.keys import key_of
from proxy.edge.memory import Memory
from proxy.errors import OrderCloudRefused, ProxyError, UpstreamBusy, UpstreamTimeout
from proxy.model import Freshness
from proxy.tasks import Tasks
from tests.clock import Clock

_LIFETIME = Lifetime(fresh_s=10, revalidate_s=20, error_s=30)
_TERMS = Terms(_LIFETIME)
_KEY = key_of("page", "one")


class Origin:
    """What is fetched from: counts, answers with its count, fails and waits as it is told."""

    def __init__(self) -> None:
        self.fetches = 0
        self.error: ProxyError | None = None
        self.lifetime = ENDLESS
        self.tags: tuple[str, ...] = ()
        self.begun = asyncio.Event()
        self.gate = asyncio.Event()
        self.gate.set()

    async def __call__(self) -> Fetched[int]:
        self.fetches += 1
        number = self.fetches
        self.begun.set()
        await self.gate.wait()
        if self.error is not None:
            raise self.error
        return Fetched(number, self.lifetime, tags.pack(self.tags))


def _refused(status: int) -> OrderCloudRefused:
    return OrderCloudRefused(status=status, headers={}, body=b"")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def journal() -> Journal:
    return Journal()


@pytest.fixture
def cache(journal: Journal, clock: Clock, tasks: Tasks) -> Cache[int]:
    return make_cache(journal, clock, tasks)


def make_cache(
    journal: Journal, clock: Clock, tasks: Tasks, random: float = 0.0, fetches_max: int = 100
) -> Cache[int]:
    memory: Memory[int] = Memory(1_000_000, clock=clock, random=lambda: 0.5)
    return Cache(
        memory,
        journal=journal,
        tasks=tasks,
        clock=clock,
        random=lambda: random,
        fetches_max=fetches_max,
    )


@pytest.fixture
def origin() -> Origin:
    return Origin()


def _seen(served: Served[int]) -> tuple[int, Freshness]:
    return served.value, served.freshness


async def test_the_first_answer_is_fetched(cache: Cache[int], origin: Origin) -> None:
    served = await cache.get(_KEY, origin, _TERMS)
    assert _seen(served) == (1, Freshness.FRESH)
    assert (served.age_s, served.ttl_s) == (0, 10)


@pytest.mark.parametrize("age_s", [0, 9.9])
async def test_a_fresh_answer_is_served_without_asking(
    cache: Cache[int], origin: Origin, clock: Clock, age_s: float
) -> None:
    await cache.get(_KEY, origin, _TERMS)
    clock.now += age_s
    served = await cache.get(_KEY, origin, _TERMS)
    assert _seen(served) == (1, Freshness.CACHED)
    assert served.age_s == age_s
    await _settled(cache)
    assert origin.fetches == 1


async def test_keys_do_not_share(cache: Cache[int], origin: Origin) -> None:
    await cache.get(key_of("page", "alice", "list"), origin, _TERMS)
    served = await cache.get(key_of("page", "bob", "list"), origin, _TERMS)
    assert _seen(served) == (2, Freshness.FRESH)


@pytest.mark.parametrize("age_s", [10, 29.9])
async def test_a_stale_answer_is_served_while_one_fetch_renews_it(
    cache: Cache[int], origin: Origin, clock: Clock, age_s: float
) -> None:
    await cache.get(_KEY, origin, _TERMS)
    clock.now += age_s
    origin.gate.clear()
    for _ in range(3):
        served = await cache.get(_KEY, origin, _TERMS)
        assert _seen(served) == (1, Freshness.STALE)
        assert served.ttl_s == 10 - age_s
    origin.gate.set()
    renewed = await _renewed(cache, origin)
    assert _seen(renewed) == (2, Freshness.CACHED)
    assert origin.fetches == 2


async def _renewed(cache: Cache[int], origin: Origin) -> Served[int]:
    """Return what is served once the fetch behind has ended."""
    await _settled(cache)
    return await cache.get(_KEY, origin, _TERMS)


async def test_a_renewal_that_fails_is_tried_again_by_the_next(
    cache: Cache[int], origin: Origin, clock: Clock
) -> None:
    await cache.get(_KEY, origin, _TERMS)
    clock.now += 10
    origin.error = UpstreamTimeout("slow")
    await cache.get(_KEY, origin, _TERMS)
    await _settled(cache)
    origin.error = None
    assert _seen(await cache.get(_KEY, origin, _TERMS)) == (1, Freshness.STALE)
    assert (await _renewed(cache, origin)).value == 3


async def _settled(cache: Cache[int]) -> None:
    """Wait for the fetches under way."""
    await asyncio.gather(*cache._flights._under_way.values(), return_exceptions=True)


@pytest.mark.parametrize("age_s", [30, 59.9])
async def test_older_answers_stand_in_only_during_an_outage(
    cache: Cache[int], origin: Origin, clock: Clock, age_s: float
) -> None:
    await cache.get(_KEY, origin, _TERMS)
    clock.now += age_s
    origin.error = UpstreamTimeout("slow")
    served = await cache.get(_KEY, origin, _TERMS)
    assert _seen(served) == (1, Freshness.STALE)
    assert served.stands_in_for is origin.error
    origin.error = None
    assert _seen(await cache.get(_KEY, origin, _TERMS)) == (3, Freshness.FRESH)


async def test_nothing_stands_in_once_it_is_too_old(
    cache: Cache[int], origin: Origin, clock: Clock
) -> None:
    await cache.get(_KEY, origin, _TERMS)
    clock.now += 60
    origin.error = UpstreamTimeout("slow")
    assert cache.last_good(_KEY, _TERMS) is None
    with pytest.raises(UpstreamTimeout):
        await cache.get(_KEY, origin, _TERMS)


async def test_a_clear_no_is_passed_on_and_forgets_what_was_kept(
    cache: Cache[int], origin: Origin, clock: Clock
) -> None:
    await cache.get(_KEY, origin, _TERMS)
    clock.now += 30
    origin.error = _refused(404)
    with pytest.raises(OrderCloudRefused):
        await cache.get(_KEY, origin, _TERMS)
    assert cache.last_good(_KEY, _TERMS) is None


async def test_an_error_is_not_kept(cache: Cache[int], origin: Origin) -> None:
    origin.error = UpstreamTimeout("slow")
    with pytest.raises(UpstreamTimeout):
        await cache.get(_KEY, origin, _TERMS)
    origin.error = None
    assert _seen(await cache.get(_KEY, origin, _TERMS)) == (2, Freshness.FRESH)


async def test_age_counts_from_when_it_was_asked_for(
    cache: Cache[int], origin: Origin, clock: Clock, tasks: Tasks
) -> None:
    origin.gate.clear()
    asking = tasks.spawn(cache.get(_KEY, origin, _TERMS), name="asks")
    await origin.begun.wait()
    clock.now += 4
    origin.gate.set()
    served = await asking
    assert (served.age_s, served.ttl_s) == (4, 6)


async def test_the_last_good_answer_is_there_while_a_fetch_is_under_way(
    cache: Cache[int], origin: Origin, clock: Clock
) -> None:
    assert cache.last_good(_KEY, _TERMS) is None
    await cache.get(_KEY, origin, _TERMS)
    clock.now += 45
    served = cache.last_good(_KEY, _TERMS)
    assert served is not None
    assert _seen(served) == (1, Freshness.STALE)
    assert origin.fetches == 1


async def test_an_answer_that_was_overtaken_takes_no_later_one_s_place(
    cache: Cache[int], origin: Origin, clock: Clock, tasks: Tasks
) -> None:
    origin.gate.clear()
    asking = tasks.spawn(cache.get(_KEY, origin, _TERMS), name="asks")
    await origin.begun.wait()
    clock.now += 1
    later = Origin()
    later.fetches = 10
    assert await cache.renew(_KEY, later, _TERMS) == 11
    origin.gate.set()
    assert (await asking).value == 1
    assert (await cache.get(_KEY, origin, _TERMS)).value == 11


class TestSingleFlight:
    async def test_however_many_ask_one_fetch_answers_them(
        self, cache: Cache[int], origin: Origin
    ) -> None:
        answers = await asyncio.gather(*(cache.get(_KEY, origin, _TERMS) for _ in range(50)))
        assert {_seen(served) for served in answers} == {(1, Freshness.FRESH)}
        assert origin.fetches == 1

    @pytest.mark.parametrize("leaving", [range(1), range(25), range(25, 50), range(50)], ids=str)
    async def test_who_leaves_fails_no_other_and_the_answer_is_kept(
        self, cache: Cache[int], origin: Origin, tasks: Tasks, leaving: range
    ) -> None:
        origin.gate.clear()
        asking = [tasks.spawn(cache.get(_KEY, origin, _TERMS), name=f"asks {n}") for n in range(50)]
        await origin.begun.wait()
        for n in leaving:
            asking[n].cancel()
        origin.gate.set()
        await asyncio.wait(asking)
        stayed = [task.result().value for n, task in enumerate(asking) if n not in leaving]
        assert stayed == [1] * (50 - len(leaving))
        await _settled(cache)
        assert _seen(await cache.get(_KEY, origin, _TERMS)) == (1, Freshness.CACHED)
        assert origin.fetches == 1

    async def test_an_outage_is_told_to_all_after_one_fetch(
        self, cache: Cache[int], origin: Origin
    ) -> None:
        origin.error = UpstreamTimeout("slow")
        asking = (cache.get(_KEY, origin, _TERMS) for _ in range(50))
        answers = await asyncio.gather(*asking, return_exceptions=True)
        assert {type(answer) for answer in answers} == {UpstreamTimeout}
        assert origin.fetches == 1

    async def test_a_query_that_cannot_be_is_refused_to_all_after_one_fetch(
        self, cache: Cache[int], origin: Origin
    ) -> None:
        origin.error = _refused(404)
        asking = (cache.get(_KEY, origin, _TERMS) for _ in range(50))
        answers = await asyncio.gather(*asking, return_exceptions=True)
        assert {type(answer) for answer in answers} == {OrderCloudRefused}
        assert origin.fetches == 1

    @pytest.mark.parametrize("status", [401, 403])
    @pytest.mark.parametrize("refused_count", [1, 2, 5])
    async def test_whose_token_is_refused_fails_no_other(
        self, cache: Cache[int], status: int, refused_count: int
    ) -> None:
        """Whoever leads a shared fetch, it is with a token of their own."""

        async def refused() -> Fetched[int]:
            await asyncio.sleep(0)
            raise _refused(status)

        bad = (cache.get(_KEY, refused, _TERMS) for _ in range(refused_count))
        good = (cache.get(_KEY, Origin(), _TERMS) for _ in range(3))
        answers = await asyncio.gather(*bad, *good, return_exceptions=True)
        assert [type(one) for one in answers[:refused_count]] == [OrderCloudRefused] * refused_count
        assert [one.value for one in answers[refused_count:] if isinstance(one, Served)] == [1] * 3

    async def test_a_leader_who_is_cancelled_is_followed_by_another(
        self, cache: Cache[int], origin: Origin, tasks: Tasks
    ) -> None:
        origin.gate.clear()
        asking = [tasks.spawn(cache.get(_KEY, origin, _TERMS), name=f"asks {n}") for n in range(9)]
        await origin.begun.wait()
        (flight,) = cache._flights._under_way.values()
        flight.cancel()
        origin.gate.set()
        assert [_seen(served) for served in await asyncio.gather(*asking)] == [
            (2, Freshness.FRESH)
        ] * 9
        assert origin.fetches == 2

    async def test_a_refusal_of_one_token_forgets_nothing(
        self, cache: Cache[int], origin: Origin, clock: Clock
    ) -> None:
        await cache.get(_KEY, origin, _TERMS)
        clock.now += 30
        origin.error = _refused(403)
        with pytest.raises(OrderCloudRefused):
            await cache.get(_KEY, origin, _TERMS)
        assert cache.last_good(_KEY, _TERMS) is not None


class TestTooManyAtOnce:
    @pytest.fixture
    def cache(self, journal: Journal, clock: Clock, tasks: Tasks) -> Cache[int]:
        return make_cache(journal, clock, tasks, fetches_max=2)

    @pytest.fixture
    async def busy(self, cache: Cache[int], origin: Origin, tasks: Tasks) -> None:
        """Let as many fetches be under way as may be."""
        origin.gate.clear()
        for name in ("a", "b"):
            tasks.spawn(cache.get(key_of("page", name), origin, _TERMS), name="asks")
        while origin.fetches < 2:
            await origin.begun.wait()
            origin.begun.clear()

    @pytest.mark.usefixtures("busy")
    async def test_one_more_is_shed(self, cache: Cache[int], origin: Origin) -> None:
        with pytest.raises(UpstreamBusy):
            await cache.get(_KEY, origin, _TERMS)
        assert origin.fetches == 2

    @pytest.mark.usefixtures("busy")
    async def test_who_asks_for_what_is_under_way_is_not(
        self, cache: Cache[int], origin: Origin, tasks: Tasks
    ) -> None:
        asking = tasks.spawn(cache.get(key_of("page", "a"), origin, _TERMS), name="asks too")
        origin.gate.set()
        assert (await asking).value in {1, 2}

    @pytest.mark.parametrize("age_s", [10, 30])
    async def test_what_is_stale_is_served_instead(
        self, cache: Cache[int], origin: Origin, clock: Clock, tasks: Tasks, age_s: float
    ) -> None:
        await cache.get(_KEY, origin, _TERMS)
        clock.now += age_s
        origin.gate.clear()
        for name in ("a", "b"):
            tasks.spawn(cache.get(key_of("page", name), origin, _TERMS), name="asks")
        while origin.fetches < 3:
            origin.begun.clear()
            await origin.begun.wait()
        assert _seen(await cache.get(_KEY, origin, _TERMS)) == (1, Freshness.STALE)
        assert origin.fetches == 3


class TestPurges:
    @pytest.fixture
    def origin(self) -> Origin:
        origin = Origin()
        origin.tags = ("product:w1",)
        return origin

    async def test_what_was_purged_hard_is_fetched_anew(
        self, cache: Cache[int], origin: Origin, journal: Journal
    ) -> None:
        await cache.get(_KEY, origin, _TERMS)
        journal.note(["product:w1"], 1, hard=True)
        assert cache.last_good(_KEY, _TERMS) is None
        assert _seen(await cache.get(_KEY, origin, _TERMS)) == (2, Freshness.FRESH)
        assert _seen(await cache.get(_KEY, origin, _TERMS)) == (2, Freshness.CACHED)

    async def test_what_was_purged_hard_stands_in_for_nothing(
        self, cache: Cache[int], origin: Origin, journal: Journal
    ) -> None:
        await cache.get(_KEY, origin, _TERMS)
        journal.note(["product:w1"], 1, hard=True)
        origin.error = UpstreamTimeout("slow")
        with pytest.raises(UpstreamTimeout):
            await cache.get(_KEY, origin, _TERMS)

    async def test_what_was_purged_softly_is_served_as_stale_while_one_fetch_renews_it(
        self, cache: Cache[int], origin: Origin, journal: Journal
    ) -> None:
        await cache.get(_KEY, origin, _TERMS)
        journal.note(["product:w1"], 1, hard=False)
        served = await cache.get(_KEY, origin, _TERMS)
        assert _seen(served) == (1, Freshness.STALE)
        assert served.ttl_s <= 0
        assert _seen(await _renewed(cache, origin)) == (2, Freshness.CACHED)

    async def test_what_has_not_the_tag_stays(
        self, cache: Cache[int], origin: Origin, journal: Journal
    ) -> None:
        await cache.get(_KEY, origin, _TERMS)
        journal.note(["product:w2"], 1, hard=True)
        assert _seen(await cache.get(_KEY, origin, _TERMS)) == (1, Freshness.CACHED)

    async def test_a_purge_during_a_fetch_concerns_what_it_brings(
        self, cache: Cache[int], origin: Origin, journal: Journal, tasks: Tasks
    ) -> None:
        origin.gate.clear()
        before = tasks.spawn(cache.get(_KEY, origin, _TERMS), name="asks before")
        await origin.begun.wait()
        journal.note(["product:w1"], 1, hard=True)
        after = tasks.spawn(cache.get(_KEY, origin, _TERMS), name="asks after")
        await asyncio.sleep(0)
        origin.gate.set()
        assert ((await before).value, (await after).value) == (1, 2)
        assert _seen(await cache.get(_KEY, origin, _TERMS)) == (2, Freshness.CACHED)

    async def test_a_purge_of_what_it_is_taken_for_concerns_no_other_use(
        self, cache: Cache[int], origin: Origin, journal: Journal
    ) -> None:
        hero, offers = (
            Terms(_LIFETIME, tags.hash_of(f"placement:{n}")) for n in ("hero", "offers")
        )
        await cache.get(_KEY, origin, hero)
        journal.note(["placement:hero"], 1, hard=True)
        assert _seen(await cache.get(_KEY, origin, offers)) == (1, Freshness.CACHED)
        assert _seen(await cache.get(_KEY, origin, hero)) == (2, Freshness.FRESH)


class TestHowLong:
    async def test_each_taker_has_a_time_of_their_own(
        self, cache: Cache[int], origin: Origin, clock: Clock
    ) -> None:
        patient, hasty = Terms(Lifetime(60)), Terms(Lifetime(5))
        await cache.get(_KEY, origin, hasty)
        clock.now += 5
        assert _seen(await cache.get(_KEY, origin, patient)) == (1, Freshness.CACHED)
        assert _seen(await cache.get(_KEY, origin, hasty)) == (2, Freshness.FRESH)

    async def test_no_answer_lives_longer_than_it_says_itself(
        self, cache: Cache[int], origin: Origin, clock: Clock
    ) -> None:
        origin.lifetime = Lifetime(3)
        assert (await cache.get(_KEY, origin, _TERMS)).ttl_s == 3
        clock.now += 3
        assert _seen(await cache.get(_KEY, origin, _TERMS)) == (2, Freshness.FRESH)

    @pytest.mark.parametrize("random", [0.0, 0.5, 255 / 256])
    async def test_answers_of_one_moment_do_not_run_out_at_one(
        self, journal: Journal, clock: Clock, tasks: Tasks, origin: Origin, *, random: float
    ) -> None:
        ttl_s = 10 / (1 + 0.1 * random)
        cache = make_cache(journal, clock, tasks, random=random)
        assert (await cache.get(_KEY, origin, _TERMS)).ttl_s == pytest.approx(ttl_s)
        clock.now += ttl_s - 0.001
        assert _seen(await cache.get(_KEY, origin, _TERMS)) == (1, Freshness.CACHED)
        clock.now += 0.002
        assert _seen(await cache.get(_KEY, origin, _TERMS)) == (1, Freshness.STALE)


class TestBeforeItRunsOut:
    async def _use(self, cache: Cache[int], origin: Origin, times: int) -> None:
        for _ in range(times):
            await cache.get(_KEY, origin, _TERMS)

    async def test_what_is_hot_is_renewed_once_and_served_on(
        self, cache: Cache[int], origin: Origin, clock: Clock
    ) -> None:
        await self._use(cache, origin, 11)
        clock.now += 9.5
        origin.gate.clear()
        for _ in range(5):
            assert _seen(await cache.get(_KEY, origin, _TERMS)) == (1, Freshness.CACHED)
        origin.gate.set()
        served = await _renewed(cache, origin)
        assert _seen(served) == (2, Freshness.CACHED)
        assert (served.age_s, origin.fetches) == (0, 2)

    async def test_what_is_hardly_used_is_not(
        self, cache: Cache[int], origin: Origin, clock: Clock
    ) -> None:
        await self._use(cache, origin, 9)
        clock.now += 9.5
        await self._use(cache, origin, 1)
        await _settled(cache)
        assert origin.fetches == 1

    async def test_what_has_time_left_is_not(
        self, cache: Cache[int], origin: Origin, clock: Clock
    ) -> None:
        await self._use(cache, origin, 100)
        clock.now += 8.9
        await self._use(cache, origin, 100)
        await _settled(cache)
        assert origin.fetches == 1

    async def test_a_renewal_that_fails_takes_nothing_away(
        self, cache: Cache[int], origin: Origin, clock: Clock
    ) -> None:
        await self._use(cache, origin, 11)
        clock.now += 9.5
        origin.error = UpstreamTimeout("slow")
        await self._use(cache, origin, 1)
        await _settled(cache)
        assert _seen(await cache.get(_KEY, origin, _TERMS)) == (1, Freshness.CACHED)
        assert origin.fetches == 2

    async def test_how_often_an_answer_was_used_is_half_forgotten_by_its_successor(
        self, cache: Cache[int], origin: Origin, clock: Clock
    ) -> None:
        await self._use(cache, origin, 41)
        clock.now += 60
        await self._use(cache, origin, 1)
        entry = cache._store.get(_KEY)
        assert entry is not None
        assert entry.uses == 20
