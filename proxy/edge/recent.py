"""Answers counted by kinds of shoppers over the last hours, in bounded memory."""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime

from proxy.core.traffic import Counted, Kind, Traffic

_SPAN_S = 12 * 3600.0
_KINDS_MAX = 5_000


class Recent:
    """Counts in spans of half a day, and tells of the present one and the one before."""

    def __init__(self, *, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._since = self._before_since = clock()
        self._now: Counter[Kind | None] = Counter()
        self._before: Counter[Kind | None] = Counter()

    def note(self, kind: Kind | None, answers: int = 1) -> None:
        """Count *answers* to *kind*; None: of some kind or other, as once there are too many."""
        self._move_on()
        is_counted = kind in self._now or len(self._now) < _KINDS_MAX
        self._now[kind if is_counted else None] += answers

    def traffic(self) -> Traffic:
        """Return all that is counted."""
        self._move_on()
        every = self._before + self._now
        others = every.pop(None, 0)
        return Traffic(
            since=datetime.fromtimestamp(self._before_since, UTC),
            until=datetime.fromtimestamp(self._clock(), UTC),
            counted=tuple(Counted(kind, count) for kind, count in every.most_common() if kind),
            others=others,
        )

    def _move_on(self) -> None:
        """Begin a new span when its time has come; what is older than two is forgotten."""
        spans = int((self._clock() - self._since) // _SPAN_S)
        if spans <= 0:
            return
        self._before = self._now if spans == 1 else Counter()
        self._now = Counter()
        self._before_since = self._since + (spans - 1) * _SPAN_S
        self._since += spans * _SPAN_S
