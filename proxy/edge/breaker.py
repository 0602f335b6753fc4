"""A circuit breaker: an upstream that keeps failing is left alone for a while, then probed.

It opens when at least half of the last calls failed, admits one probe once its rest is over, and
rests twice as long after each failed probe. Calls that were cancelled count for nothing, and so do
those that began before it last opened or closed: they tell of a time that is over.
"""

import random
import time
from collections import deque
from collections.abc import Callable
from typing import NewType

from proxy.errors import UpstreamOpen

_WINDOW = 32
_LEAST = 8
_SHARE = 0.5
_REST_S = 1.0
_REST_MAX_S = 30.0


OnCall = Callable[[str, str, float], None]
"""Told of each call: the upstream's name, its status or our error's code, seconds."""

Permit = NewType("Permit", int)
"""Leave to make one call: how often the breaker had opened or closed until then."""


class Breaker:
    """Guards calls to the upstream called *name*; it rests *rest_max_s* at most."""

    def __init__(
        self, *, name: str, clock: Callable[[], float], rest_max_s: float = _REST_MAX_S
    ) -> None:
        self._name = name
        self._clock = clock
        self._rest_max_s = rest_max_s
        self._failures: deque[bool] = deque(maxlen=_WINDOW)
        self._rest_s = _REST_S
        self._rests_until: float | None = None
        self._is_probing = False
        self._turns = 0

    @property
    def is_open(self) -> bool:
        """Say whether calls are refused."""
        return self._rests_until is not None

    def admit(self) -> Permit:
        """Let a call through.

        Raises:
            UpstreamOpen: the upstream rests, or its one probe is under way.
        """
        if self._rests_until is not None:
            if self._is_probing or self._clock() < self._rests_until:
                raise UpstreamOpen(f"{self._name} keeps failing and is left alone for a moment")
            self._is_probing = True
        return Permit(self._turns)

    def note(self, permit: Permit, *, failed: bool | None) -> None:
        """Note how the call ended; None: it was cancelled, which says nothing."""
        if permit != self._turns:
            return
        self._is_probing = False
        if failed is None:
            return
        if self.is_open:
            self._open() if failed else self._close()
            return
        self._failures.append(failed)
        if len(self._failures) >= _LEAST and sum(self._failures) >= _SHARE * len(self._failures):
            self._open()

    def _open(self) -> None:
        """Rest, a little longer or shorter, so that replicas do not all probe at once."""
        jitter = random.uniform(0.8, 1.2)  # noqa: S311 - spreads probes, guards nothing
        self._rests_until = self._clock() + self._rest_s * jitter
        self._rest_s = min(self._rest_s * 2, self._rest_max_s)
        self._failures.clear()
        self._turns += 1

    def _close(self) -> None:
        self._rests_until = None
        self._rest_s = _REST_S
        self._turns += 1


class Call:
    """One call under way to *name*, and whom to tell how it ends: only its first end counts.

    Raises:
        UpstreamOpen: the upstream is left alone.
    """

    def __init__(self, breaker: Breaker, on_call: OnCall, name: str) -> None:
        self._breaker = breaker
        self._on_call = on_call
        self._name = name
        self._permit = breaker.admit()
        self._started = time.perf_counter()
        self._has_ended = False

    def end(self, outcome: str, *, failed: bool | None) -> None:
        """Tell breaker and metrics, unless they know."""
        if self._has_ended:
            return
        self._has_ended = True
        self._breaker.note(self._permit, failed=failed)
        self._on_call(self._name, outcome, time.perf_counter() - self._started)
