"""What OrderCloud refused a moment ago: said again without asking, for a short while."""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from cachetools import TTLCache

from proxy.cache.journal import Journal
from proxy.core.keys import Key, key_of
from proxy.errors import OrderCloudRefused
from proxy.model import ListQuery, Scope

_MOST = 1000
_BODY_MAX_BYTES = 4096


@dataclass(frozen=True, slots=True)
class _Refusal:
    """What was refused, and the journal's position when it was asked for."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    born: int


class Refusals:
    """Refused calls, each remembered for *keep_s*, but for none of them once anything is purged.

    A purge tells that something was written, which may be what was missing. Outages are no
    refusals.
    """

    def __init__(self, *, journal: Journal, keep_s: float, clock: Callable[[], float]) -> None:
        self._journal = journal
        self._refusals: TTLCache[Key, _Refusal] = TTLCache(_MOST, keep_s, clock)

    @contextlib.contextmanager
    def remembered(self, scope: Scope, token: str, query: ListQuery) -> Iterator[None]:
        """Run the block's call, unless it was refused lately.

        What is refused to a token is kept under it, where nobody else looks; what is refused to
        whoever asks, for the *scope*.

        Raises:
            OrderCloudRefused: it was.
        """
        if self._refusals:
            self._repeat(_key(scope, query))
            self._repeat(_key(token, query))
        born = self._journal.position
        try:
            yield
        except OrderCloudRefused as exc:
            if not exc.is_outage and len(exc.body) <= _BODY_MAX_BYTES:
                key = _key(token if exc.is_personal else scope, query)
                self._refusals[key] = _Refusal(exc.answer_status, exc.headers, exc.body, born)
            raise

    def _repeat(self, key: Key) -> None:
        known = self._refusals.get(key)
        if known is not None and known.born == self._journal.position:
            raise OrderCloudRefused(status=known.status, headers=known.headers, body=known.body)


def _key(whose: str, query: ListQuery) -> Key:
    return key_of("refusal", whose, query)
