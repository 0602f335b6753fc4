"""The worker between outbox and CDP: at least once, in order per guest, patient in an outage.

An event leaves the outbox when CDP has taken it, or is put aside when CDP never will. What CDP
cannot take now is tried again, later each time; only the guest whose event it is waits for that,
and not for ever: what fails again and again while CDP takes others is put aside as well.
"""

import asyncio
import contextlib
import logging
import random
import time
from collections.abc import Awaitable, Callable, Collection
from typing import Protocol

from proxy.core.events import RETRY_MAX_S, Depth, Pending
from proxy.errors import EventRefused, OutboxFull, UpstreamBusy, UpstreamError, UpstreamOpen

_POLL_S = 1.0
_REPORT_S = 5.0
_FIRST_RETRY_S = 1.0
_JITTER = (0.5, 1.0)
_DOUBLINGS_MAX = 20

_log = logging.getLogger(__name__)


class Outbox(Protocol):
    """Keeps events until they are settled."""

    @property
    def is_shared(self) -> bool:
        """Say whether other gateways deliver from it as well."""

    async def due(self, *, limit: int, busy: Collection[str]) -> list[Pending]:
        """Return the first event of guests whose turn it is."""

    async def done(self, event: Pending) -> None:
        """Forget *event*."""

    async def dead(self, event: Pending, reason: str) -> None:
        """Put *event* aside."""

    async def retry(self, event: Pending, *, after_s: float, reason: str) -> None:
        """Let the guest wait."""

    async def depth(self) -> Depth:
        """Return how much there is."""


class Sink(Protocol):
    """Takes events."""

    async def send(self, content: bytes) -> None:
        """Send one, or raise EventRefused (never) or UpstreamError (not now)."""


OnSettled = Callable[[str], None]
"""Told of each attempt: `delivered`, `dead` or `retried`."""

OnDelivered = Callable[[Pending], None]
"""Told of each event that CDP has taken."""


class Delivery:
    """Sends what is due, at most *in_flight* events at once, one per guest."""

    def __init__(
        self,
        outbox: Outbox,
        sink: Sink,
        *,
        in_flight: int,
        attempts_max: int,
        on_delivered: OnDelivered = lambda _: None,
        on_settled: OnSettled = lambda _: None,
        on_depth: Callable[[Depth], None] = lambda _: None,
    ) -> None:
        self._outbox = outbox
        self._sink = sink
        self._in_flight = in_flight
        self._attempts_max = attempts_max
        self._on_delivered = on_delivered
        self._on_settled = on_settled
        self._on_depth = on_depth
        self._busy: set[str] = set()
        self._woken = asyncio.Event()
        self._is_ending = False
        self._resting_until = 0.0
        self._taken_at = float("-inf")

    def wake(self) -> None:
        """Look at once: something was appended."""
        self._woken.set()

    async def run(self) -> None:
        """Deliver until cancelled; what is under way then is sent again by the next run."""
        async with asyncio.TaskGroup() as sending:
            sending.create_task(self._report(), name="outbox depth")
            while True:
                self._woken.clear()
                if not await self._start_due(sending):
                    await self._rest()

    async def drain(self, *, within_s: float) -> None:
        """Wait until nothing is due or under way any more, *within_s* seconds at most.

        Where other gateways deliver too, what is due is left to them.
        """
        self._is_ending = self._outbox.is_shared
        with contextlib.suppress(TimeoutError, OutboxFull):
            async with asyncio.timeout(within_s):
                while self._busy or await self._is_due():
                    await self._rest()

    async def _is_due(self) -> bool:
        return self._may_send() and bool(await self._outbox.due(limit=1, busy=()))

    def _may_send(self) -> bool:
        return not self._is_ending and time.monotonic() >= self._resting_until

    async def _start_due(self, sending: asyncio.TaskGroup) -> bool:
        """Begin to send what is due and has room; say whether there was any."""
        room = self._in_flight - len(self._busy)
        if room == 0 or not self._may_send():
            return False
        try:
            due = await self._outbox.due(limit=room, busy=self._busy)
        except OutboxFull as exc:
            _log.warning("the outbox cannot be read", extra={"error": str(exc)})
            return False
        for event in due:
            self._busy.add(event.guest)
            sending.create_task(self._deliver(event), name="event delivery")
        return bool(due)

    async def _rest(self) -> None:
        """Wait until something was appended or settled; now and then look for what fell due."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_POLL_S):
                await self._woken.wait()

    async def _report(self) -> None:
        while True:
            with contextlib.suppress(OutboxFull):
                self._on_depth(await self._outbox.depth())
            await asyncio.sleep(_REPORT_S)

    async def _deliver(self, event: Pending) -> None:
        try:
            await self._send(event)
        finally:
            self._busy.discard(event.guest)
            self._woken.set()

    async def _send(self, event: Pending) -> None:
        try:
            await self._sink.send(event.content)
        except (UpstreamOpen, UpstreamBusy):
            self._leave_alone(_POLL_S)  # CDP's outage, not this guest's
        except UpstreamError as exc:
            await self._put_off(event, exc)
        except EventRefused as exc:
            await self._put_aside(event, str(exc))
        else:
            self._taken_at = time.monotonic()
            self._on_delivered(event)
            await self._settle("delivered", lambda: self._outbox.done(event))

    async def _put_off(self, event: Pending, exc: UpstreamError) -> None:
        """Let the guest wait, and everybody where CDP asked for it."""
        told, asked_s = str(exc), min(exc.retry_after_s, RETRY_MAX_S)
        if self._is_hopeless(event):
            await self._put_aside(event, f"given up after {event.attempts + 1} attempts: {told}")
            return
        self._leave_alone(asked_s)
        after_s = max(asked_s, _backoff_s(event.attempts))
        await self._settle(
            "retried", lambda: self._outbox.retry(event, after_s=after_s, reason=told)
        )

    def _is_hopeless(self, event: Pending) -> bool:
        """Say whether it is about *event* that it fails, and no outage: CDP takes others."""
        others_are_taken = time.monotonic() - self._taken_at < RETRY_MAX_S
        return others_are_taken and event.attempts + 1 >= self._attempts_max

    async def _put_aside(self, event: Pending, reason: str) -> None:
        _log.warning("event refused", extra={"type": event.type, "reason": reason})
        await self._settle("dead", lambda: self._outbox.dead(event, reason))

    def _leave_alone(self, wait_s: float) -> None:
        self._resting_until = max(self._resting_until, time.monotonic() + wait_s)

    async def _settle(self, outcome: str, write: Callable[[], Awaitable[None]]) -> None:
        """Write down what became of an event, however long the disk does not take it.

        Until then the guest stays busy: rather late than the same event again and again.
        """
        while True:
            try:
                await write()
            except OutboxFull as exc:
                _log.warning("the outbox cannot be written", extra={"error": str(exc)})
                await asyncio.sleep(_POLL_S)
            else:
                self._on_settled(outcome)
                return


def _backoff_s(attempts: int) -> float:
    """Return a wait that doubles with each failure, spread so that guests do not come at once."""
    longest = min(RETRY_MAX_S, _FIRST_RETRY_S * 2.0 ** min(attempts, _DOUBLINGS_MAX))
    return longest * random.uniform(*_JITTER)  # noqa: S311 - guards nothing
