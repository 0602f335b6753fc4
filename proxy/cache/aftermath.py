"""What follows a write of OrderCloud's: a purge at once, and again when its index has caught up.

The index of product lists trails writes by seconds to minutes, so what is fetched right after a
write may be the old list. Source: docs/sources.md#webhook-routes.
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence

from proxy.cache.purges import Purger, Purges
from proxy.core.writes import LISTS, Outdated

_MOST = 10_000
_PACE_S = 1.0
_REST_MAX_S = 60.0


class Later:
    """Tags that are due *delay_s* after they were put in the last time; each stands once.

    Of more than *most* the oldest are forgotten. Lists are put in with every write, so they are
    not among those.
    """

    def __init__(self, delay_s: float, *, most: int = _MOST) -> None:
        self._delay_s = delay_s
        self._most = most
        self._due_at: dict[tuple[str, bool], float] = {}

    def put(self, purged: Iterable[str], now: float, *, hard: bool) -> None:
        """Let *purged* be due in time, and not before."""
        for one in purged:
            self._due_at.pop((one, hard), None)
            self._due_at[one, hard] = now + self._delay_s
        while len(self._due_at) > self._most:
            del self._due_at[next(iter(self._due_at))]

    def take(self, now: float) -> Iterator[tuple[str, bool]]:
        """Give what is due, each with whether it is purged hard; then it is due no more."""
        while self.next_at <= now:
            first = next(iter(self._due_at))
            del self._due_at[first]
            yield first

    @property
    def next_at(self) -> float:
        """Return when something falls due; infinity where nothing does."""
        return next(iter(self._due_at.values()), float("inf"))


class Aftermath:
    """Purges what writes made wrong, and again after each of *lags_s*. *clock* is monotonic.

    A purge that is repeated is as hard as it was: what was fetched in between may be as wrong.
    """

    def __init__(
        self, purges: Purges, *, lags_s: Sequence[float], clock: Callable[[], float]
    ) -> None:
        self._purges = purges
        self._clock = clock
        self._later = [Later(lag_s) for lag_s in lags_s]
        self._lists_purged_at: dict[str, float] = {}
        self._woken = asyncio.Event()

    def follow(self, outdated: Outdated) -> None:
        """Purge what a write made wrong, now and later."""
        now = self._clock()
        for later in self._later:
            later.put(outdated.hard, now, hard=True)
            later.put(outdated.soft, now, hard=False)
        self._woken.set()
        at_once = {one for one in outdated.soft if self._is_its_turn(one, now)}
        self._purges.purge(outdated.hard, hard=True, by=Purger.WEBHOOK)
        self._purges.purge(at_once, hard=False, by=Purger.WEBHOOK)

    async def run(self) -> None:
        """Purge again what falls due, until cancelled."""
        while True:
            self._woken.clear()
            self.repeat()
            await self._rest()

    def repeat(self) -> None:
        """Purge again what is due now."""
        now = self._clock()
        due = {one for later in self._later for one in later.take(now)}
        for hard in (True, False):
            again = {one for one, is_hard in due if is_hard is hard}
            self._purges.purge(again, hard=hard, by=Purger.REPEAT)

    def _is_its_turn(self, one: str, now: float) -> bool:
        """Say whether a doubtful tag is purged at once: a list once a second, however many writes.

        What is written within that second is left to the repeat.
        """
        if one not in LISTS or not self._later:
            return True
        if now - self._lists_purged_at.get(one, float("-inf")) < _PACE_S:
            return False
        self._lists_purged_at[one] = now
        return True

    async def _rest(self) -> None:
        """Wait until something falls due, or is put in that may fall due before."""
        now = self._clock()
        wait_s = min([_REST_MAX_S, *(later.next_at - now for later in self._later)])
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, wait_s)):
                await self._woken.wait()
