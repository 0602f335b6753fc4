"""How many calls to OrderCloud and CDP the caches save, on a day as shops have them.

`python -m benchmarks.zipf` replays visits on a simulated clock through the gateway's own steps and
caches, with upstreams that count: few guests come often and most hardly ever, and so it is with
placements (Zipf). Beside it stand no cache, and one that keeps each token's answers for a minute.
"""

import argparse
import asyncio
import itertools
import time
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import Any

from benchmarks.visitors import GUESTS, Upstreams, Visit, placements, shopper, visits
from proxy.audit import Audit
from proxy.cache.cache import Cache
from proxy.cache.journal import Journal
from proxy.cache.refusals import Refusals
from proxy.core.choose import circumstances, ladder
from proxy.core.placement import Placement
from proxy.core.scope import reach
from proxy.decisions import Decisions
from proxy.edge.memory import Memory
from proxy.edge.telemetry import Metrics
from proxy.model import (
    Asked,
    Facts,
    Page,
    Shopper,
)
from proxy.pages import Ask, Pages
from proxy.scopes import Scopes
from proxy.sections import Cache as CacheConfig
from proxy.shoppers import Shoppers
from proxy.tasks import Tasks

_SCOPES = ("anonymous", "groups")
_TTL_S = 60.0
_NOTHING = Asked()
_FACTS = Facts(at=datetime(2026, 11, 23, tzinfo=UTC))


class Gateway:
    """The product's own steps and caches, with a clock that is set from outside."""

    def __init__(self) -> None:
        self.now = 0.0
        self.upstreams = Upstreams()
        self._random = Random(7).random  # noqa: S311 - the same in every run
        self._tasks = Tasks()
        lives = CacheConfig()
        self.pages: Memory[Page] = self._memory(lives.pages)
        shoppers = Shoppers(
            self.upstreams,
            profiles=self._cache(self._memory(32 * 1024**2)),
            groups=self._cache(self._memory(32 * 1024**2)),
            fresh_s=lives.profile_fresh,
            error_s=lives.page_error,
            timeout_s=1.0,
        )
        self._scopes = Scopes(shoppers, timeout_s=1.0)
        self._decisions = Decisions(
            self.upstreams,
            shoppers=shoppers,
            cache=self._cache(self._memory(lives.decisions)),
            lifetimes=lives,
            timeout_s=1.0,
        )
        self._pages = self._listing(lives)

    async def answer(self, placement: Placement, shopper: Shopper) -> tuple[str, str]:
        """Return how the decision and the page came about: the pipeline's steps, one by one."""
        decision = await self._decisions.decide(placement, shopper, _NOTHING)
        sharing = reach(shopper, placement.resource, self._pages.sharing(placement))
        shared = await self._scopes.shared(shopper, sharing)
        ask = Ask(placement, shopper, _NOTHING, decision, shared)
        now = circumstances(placement, decision, _NOTHING, _FACTS)
        choices = ladder(placement, decision, _NOTHING, now)
        _, page = await self._pages.list_first(choices, ask)
        return decision.freshness, page.freshness

    def _listing(self, lives: CacheConfig) -> Pages:
        audit = Audit(
            self.upstreams,
            self._scopes,
            share=lives.audit,
            purge=lambda _: None,
            watch=Metrics(),
            tasks=self._tasks,
            clock=self._clock,
            random=self._random,
        )
        return Pages(
            self.upstreams,
            cache=self._cache(self.pages),
            refusals=Refusals(journal=Journal(), keep_s=lives.nothing_fresh, clock=self._clock),
            scopes=self._scopes,
            audit=audit,
            lifetimes=lives,
            patience_s=1.0,
        )

    def _clock(self) -> float:
        return self.now

    def _memory(self, max_bytes: int) -> Memory[Any]:
        return Memory(max_bytes, clock=self._clock, random=self._random)

    def _cache(self, memory: Memory[Any]) -> Cache[Any]:
        return Cache(
            memory,
            journal=Journal(),
            tasks=self._tasks,
            clock=self._clock,
            random=self._random,
            fetches_max=1000,
        )


@dataclass(frozen=True)
class Outcome:
    """What the visits took: calls to each upstream, and how many found something kept."""

    name: str
    cdp: int
    lists: int
    who: int = 0
    decisions_kept: int = 0
    pages_kept: int = 0


def uncached(trace: Iterable[Visit]) -> Outcome:
    """Ask both upstreams each time."""
    count = sum(1 for _ in trace)
    return Outcome("no cache", count, count)


def kept_by_token(trace: Iterable[Visit]) -> Outcome:
    """Keep what each token was shown by each placement for a minute, as a plain TTL cache does."""
    until: dict[tuple[int, int], float] = {}
    count = misses = 0
    for visit in trace:
        count += 1
        key = visit.guest, visit.placement
        if until.get(key, 0.0) <= visit.at:
            until[key] = visit.at + _TTL_S
            misses += 1
    kept = count - misses
    return Outcome("each token's answers for a minute", misses, misses, 0, kept, kept)


async def through_gateway(trace: Iterable[Visit], scope: str) -> Outcome:
    """Answer with the gateway's own steps and caches."""
    gateway, shown, kept = Gateway(), placements(scope), Counter[str]()
    guests = [shopper(number) for number in range(GUESTS)]
    for visit in trace:
        gateway.now = visit.at
        decision, page = await gateway.answer(shown[visit.placement], guests[visit.guest])
        kept["decisions"] += decision != "fresh"
        kept["pages"] += page != "fresh"
        if page == "stale":
            await asyncio.sleep(0)  # so that what renews it behind gets its turn
    calls = gateway.upstreams.calls
    return Outcome(
        f"the gateway, `scope: {scope}`",
        calls["cdp"],
        calls["lists"],
        calls["who"],
        kept["decisions"],
        kept["pages"],
    )


def report(outcomes: Iterable[Outcome], count: int) -> str:
    """Return the outcomes as a table, what was saved against the first of them."""
    lines = [
        "| | CDP calls | saved | lists | `/v1/me…` | saved | decisions kept | pages kept |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for one in outcomes:
        saved_cdp, saved_lists = 1 - one.cdp / count, 1 - (one.lists + one.who) / count
        kept = f"{one.decisions_kept / count:.1%} | {one.pages_kept / count:.1%}"
        lines.append(
            f"| {one.name} | {one.cdp:,} | {saved_cdp:.1%} | {one.lists:,} | {one.who:,} "
            f"| {saved_lists:.1%} | {kept} |"
        )
    return "\n".join(lines)


def _replayed(count: int, hours: float, scope: str) -> Outcome:
    return asyncio.run(through_gateway(visits(count, hours), scope))


def main() -> None:
    """Replay the visits each way, and print what they took."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--visits", type=int, default=1_000_000)
    arguments.add_argument("--hours", type=float, default=2.0)
    given = arguments.parse_args()
    trace = list(visits(given.visits, given.hours))
    started = time.monotonic()
    outcomes = [uncached(trace), kept_by_token(trace)]
    with ProcessPoolExecutor() as pool:
        outcomes += pool.map(
            _replayed, itertools.repeat(given.visits), itertools.repeat(given.hours), _SCOPES
        )
    print(report(outcomes, len(trace)))
    print(f"\n{len(trace):,} visits in {given.hours:g} h; took {time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    main()
