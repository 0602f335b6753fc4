"""Answers that may be given again: known by the bytes of the request, made anew from what is kept.

An answer is remembered as a recipe: its head with gaps for what changes, and where its body is. It
holds neither page nor decision, so that the caches alone say what stays in memory. Of a request all
bytes count, but for the lines that only trace it.
"""

import re
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from weakref import WeakValueDictionary

import msgspec
from starlette.types import Message, Scope

from proxy.core.traffic import Kind
from proxy.edge.telemetry import QUICK_S, Metrics
from proxy.model import Held, Page
from proxy.pipeline import Basis
from proxy.ruleset import RuleSet
from proxy.web import heads
from proxy.web.entrance import REQUEST_ID, request_ids
from proxy.web.heads import AGE, DATE, ETAG, FIRST_TTL, ID, LENGTH, Cut

_HEARD, _PLAIN = "heard", "plain"
_ENTRY_BYTES = 900
"""What a remembered answer takes beside the request: 700 with two holds, 1150 with four."""

_KINDS_MAX = 5_000
_TRACE = re.compile(
    rb"\r\n(?:x-request-id|traceparent|tracestate|x-amzn-trace-id|x-cloud-trace-context|cf-ray"
    rb"|x-correlation-id):[^\r\n]*",
    re.IGNORECASE,
)
"""Header lines that front proxies write differently for each request, and that change no answer."""

_ID_LINE = re.compile(rb"\r\nx-request-id:([^\r\n]*)", re.IGNORECASE)
_FOLDED = re.compile(rb"\n[ \t]")
_NUMBERS_KEPT = 24 * 3600


class _Numbers(dict[int, bytes]):
    """Whole numbers as text, those that come up often written once."""

    def __missing__(self, number: int) -> bytes:
        text = b"%d" % number
        if number < _NUMBERS_KEPT:
            self[number] = text
        return text


_NUMBERS = _Numbers()

Pick: TypeAlias = Callable[[Page], bytes | None]
"""Finds what is sent of a page, if that is still kept."""

Answer: TypeAlias = tuple[bytes, bytes]
"""Head and body."""


class Plain(msgspec.Struct, frozen=True):
    """Left by the app with an answer that does nothing else than being counted.

    *version* is that of the rules, *pick* finds what was sent of the page; *placement* and
    *page* are the label values of the metrics of these names.
    """

    basis: Basis
    version: str
    pick: Pick
    placement: tuple[str, ...]
    page: tuple[str, ...]
    kind: Kind | None


def hear(state: dict[str, Any], request: bytes) -> None:
    """Say that *request* is all that its caller has sent, and asks for no more than an answer."""
    state[_HEARD] = request


def leave(scope: Scope, plain: Plain) -> None:
    """Say that the answer to the request of *scope* may be given again."""
    scope["state"][_PLAIN] = plain


@dataclass(slots=True)
class Tally:
    """Counts answers that have all their labels in common, until the metrics take them over."""

    request: tuple[str, str, str]
    placement: tuple[str, ...]
    page: tuple[str, ...]
    kind: Kind | None
    count: int = 0
    seconds: float = 0.0
    slow: list[float] = field(default_factory=list)

    def add(self, seconds: float) -> None:
        """Count an answer that took *seconds*."""
        self.count += 1
        if seconds < QUICK_S:
            self.seconds += seconds
        else:
            self.slow.append(seconds)

    def move_to(self, metrics: Metrics) -> None:
        """Count all in *metrics*, and begin anew."""
        metrics.requests.labels(*self.request).inc(self.count)
        took = metrics.request_seconds.labels(self.request[1])
        took.observe_many(self.seconds, self.count - len(self.slow))
        for seconds in self.slow:
            took.note(seconds)
        metrics.placements.labels(*self.placement).inc(self.count)
        metrics.pages.labels(*self.page).inc(self.count)
        metrics.note_shown(self.kind, self.count)
        metrics.repeats.labels(self.placement[0]).inc(self.count)
        self.count, self.seconds, self.slow = 0, 0.0, []


@dataclass(slots=True, weakref_slot=True, eq=False)
class Head:
    """What the heads of many answers have in common, their gaps open; what counts them; the rules.

    *version* is that of the rules.
    """

    texts: list[bytes]
    tally: Tally
    version: str


class Recipe:
    """How to give an answer again: what it has for itself, beside the *head*."""

    __slots__ = (
        "_asked_at",
        "_decision",
        "_due",
        "_etag",
        "_expires_at",
        "_length",
        "_page",
        "_pick",
        "_shopper",
        "head",
    )

    def __init__(self, head: Head, own: Cut, plain: Plain) -> None:
        basis = plain.basis
        every = (*_caches(basis), *basis.shopper)
        self.head = head
        self._etag = own.etag
        self._length = own.length
        self._shopper = basis.shopper
        self._decision = basis.decision
        self._page = basis.page
        self._pick = plain.pick
        self._asked_at = min(hold.asked_at for hold in every)
        self._due = min(hold.due for hold in every)
        self._expires_at = basis.until

    def answer(self, now: float, date: bytes, request_id: bytes) -> Answer | None:
        """Return the answer at *now* (of the caches' clock), or None: the app has to be asked."""
        if now >= self._due or time.time() >= self._expires_at:
            return None
        for known in self._shopper:
            if known.value() is None:
                return None
        parts = self.head.texts.copy()
        gap = FIRST_TTL
        if (decision := self._decision) is not None:
            if decision.value() is None:
                return None
            parts[gap] = _NUMBERS[int(decision.until - now)]
            gap += 2
        page = self._page.value()
        if page is None or (body := self._pick(page)) is None:
            return None
        parts[gap] = _NUMBERS[int(self._page.until - now)]
        parts[DATE] = date
        parts[ETAG] = self._etag
        parts[AGE] = _NUMBERS[int(now - self._asked_at)]
        parts[LENGTH] = self._length
        parts[ID] = request_id
        return b"".join(parts), body


class Recipes:
    """The recipes known, up to *max_bytes*: those known longest go first, as all soon run out."""

    def __init__(self, max_bytes: int, *, metrics: Metrics) -> None:
        self._max_bytes = max_bytes
        self._metrics = metrics
        self._known: dict[bytes, Recipe] = {}
        self._oldest_first: deque[bytes] = deque()
        self.size_bytes = 0
        self._tallies: dict[tuple[object, ...], Tally] = {}
        self._heads: WeakValueDictionary[tuple[object, ...], Head] = WeakValueDictionary()
        self._version = ""
        self._ids = request_ids()
        metrics.before_reading(self._count)
        metrics.cache_bytes.labels("answers").set_function(lambda: self.size_bytes)

    def follow(self, rules: RuleSet) -> None:
        """Take *rules* for those that serve: what was answered by others is no longer known."""
        self._version = rules.version

    def answer(self, request: bytes, now: float, date: bytes) -> Answer | None:
        """Return the answer to this very request once more, and count it.

        None if it is not known, or no longer holds. *now* is of the caches' clock.
        """
        recipe = self._known.get(request)
        request_id = None
        if recipe is None and (bare := _TRACE.sub(b"", request)) != request:
            recipe = self._known.get(bare)
            request_id = _given_id(request)
        if recipe is None or recipe.head.version != self._version:
            return None
        answer = recipe.answer(now, date, request_id or next(self._ids))
        if answer is not None:
            recipe.head.tally.add(time.monotonic() - now)
        return answer

    def learn(self, scope: Scope, start: Message) -> None:
        """Remember the answer that begins with *start*, if the app lets it be given again."""
        request: bytes | None = scope["state"].get(_HEARD)
        plain: Plain | None = scope["state"].get(_PLAIN)
        if request is None or plain is None or plain.version != self._version:
            return
        if _FOLDED.search(request):
            return
        own = heads.cut(start["status"], start["headers"], caches=len(_caches(plain.basis)))
        if own is not None:
            head = self._head(own.texts, self._tally(scope, start["status"], plain))
            self._keep(_TRACE.sub(b"", request), Recipe(head, own, plain))

    def _keep(self, request: bytes, recipe: Recipe) -> None:
        if request not in self._known:
            self._oldest_first.append(request)
            self.size_bytes += len(request) + _ENTRY_BYTES
        self._known[request] = recipe
        while self.size_bytes > self._max_bytes:
            oldest = self._oldest_first.popleft()
            del self._known[oldest]
            self.size_bytes -= len(oldest) + _ENTRY_BYTES

    def _head(self, texts: list[bytes], tally: Tally) -> Head:
        """Return the head that others with the same texts have, too."""
        key = self._version, tally.request, tally.placement, tally.page, tally.kind, *texts
        head = self._heads.get(key)
        if head is None:
            head = self._heads[key] = Head(texts, tally, self._version)
        return head

    def _tally(self, scope: Scope, status: int, plain: Plain) -> Tally:
        request = scope["method"], scope["route"].path, str(status)
        kind = plain.kind if len(self._tallies) < _KINDS_MAX else None
        labels = request, plain.placement, plain.page, kind
        return self._tallies.setdefault(labels, Tally(*labels))

    @property
    def tallies(self) -> Iterable[Tally]:
        """Return what was counted since the metrics were last read."""
        return self._tallies.values()

    def _count(self) -> None:
        for tally in self.tallies:
            tally.move_to(self._metrics)


def _given_id(request: bytes) -> bytes | None:
    """Return the id that the caller gave the request, if it is one that the app would take."""
    found = _ID_LINE.search(request)
    given = found[1].lstrip(b" \t") if found else b""
    return given if REQUEST_ID.fullmatch(given) else None


def _caches(basis: Basis) -> tuple[Held, ...]:
    """Return what is held, in the order of the members of Cache-Status."""
    return (basis.page,) if basis.decision is None else (basis.decision, basis.page)
