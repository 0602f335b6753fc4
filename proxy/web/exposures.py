"""Tells CDP who saw which variant of an experiment: once per browser, experiment and session."""

import time
import uuid
from collections.abc import Callable

from cachetools import TTLCache
from starlette.requests import Request

from proxy.core import events
from proxy.errors import ProxyError
from proxy.model import Asked
from proxy.pipeline import Personalized
from proxy.recorder import Recorder
from proxy.sections import Consent
from proxy.tasks import Tasks
from proxy.web.browsers import may_be_told_of

_SESSION_S = 30 * 60.0
"""A session ends when nothing happens for so long, as at CDP by default."""

_SEEN_MAX = 100_000


class Exposures:
    """Remembers what each browser was shown, in this process: a restart may tell it once more."""

    def __init__(
        self,
        recorder: Recorder,
        *,
        consent: Consent,
        tasks: Tasks,
        on_lost: Callable[[str], None],
    ) -> None:
        self._recorder = recorder
        self._consent = consent
        self._tasks = tasks
        self._on_lost = on_lost
        self._seen: TTLCache[tuple[str, str, str, str], None] = TTLCache(
            _SEEN_MAX, _SESSION_S, timer=time.monotonic
        )

    def note(self, request: Request, asked: Asked, shown: Personalized) -> None:
        """Take note of an answer; return at once."""
        variant, browser_id = shown.choice.variant, asked.visitor.browser_id
        if variant is None or browser_id is None or not may_be_told_of(request, self._consent):
            return
        exposure = browser_id, shown.placement, shown.choice.rule, variant
        is_known = exposure in self._seen
        self._seen[exposure] = None
        if not is_known:
            self._tasks.spawn(self._tell(*exposure), name="exposure")

    async def _tell(self, browser_id: str, placement: str, rule: str, variant: str) -> None:
        origin = self._recorder.origin(browser_id)
        event = events.exposed(
            origin, placement=placement, rule=rule, variant=variant, key=f"exposure:{uuid.uuid4()}"
        )
        try:
            await self._recorder.record(origin, [event])
        except ProxyError as exc:
            self._on_lost(exc.code)
