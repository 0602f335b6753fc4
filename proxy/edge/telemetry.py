"""Metrics: every name that operations see is declared here, once."""

import time
from bisect import bisect_left
from collections.abc import Callable
from typing import TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from proxy import __version__
from proxy.core.events import Depth
from proxy.core.traffic import Kind, Traffic
from proxy.edge.recent import Recent

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
QUICK_S = _SECONDS[0]
"""What takes less is in the first bucket."""

T = TypeVar("T")


class Durations(Histogram):
    """A histogram of durations, each told in less time than `observe` takes, or many at once."""

    def note(self, seconds: float) -> None:
        """Count one duration."""
        self._sum.inc(seconds)
        self._buckets[bisect_left(self._upper_bounds, seconds)].inc(1)

    def observe_many(self, seconds: float, count: int) -> None:
        """Count *count* durations of *seconds* in all, each less than QUICK_S."""
        self._sum.inc(seconds)
        self._buckets[0].inc(count)


class _Labelled(dict[tuple[str, ...], T]):
    """The children of a metric by their label values, found sooner than by `labels`."""

    def __init__(self, labels: Callable[..., T]) -> None:
        super().__init__()
        self._labels = labels

    def __missing__(self, values: tuple[str, ...]) -> T:
        child = self[values] = self._labels(*values)
        return child


class _Each:
    """What nearly every request counts."""

    def __init__(self, metrics: "Metrics") -> None:
        self.requests = _Labelled(metrics.requests.labels)
        self.request_seconds = _Labelled(metrics.request_seconds.labels)
        self.upstream_seconds = _Labelled(metrics.upstream_seconds.labels)
        self.placements = _Labelled(metrics.placements.labels)
        self.pages = _Labelled(metrics.pages.labels)


class Metrics:
    """What is counted. Labels are bounded: names from rules, routes, closed word lists."""

    def __init__(self) -> None:
        self._sources: list[Callable[[], None]] = []
        self._recent = Recent(clock=time.time)
        self.registry = CollectorRegistry()
        registry = self.registry
        Gauge(
            "decision_proxy_info",
            "Always 1; the version is a label.",
            ["version"],
            registry=registry,
        ).labels(__version__).set(1)
        self.requests = Counter(
            "decision_proxy_requests",
            "Requests answered, by route pattern and status.",
            ["method", "route", "status"],
            registry=registry,
        )
        self.request_seconds = Durations(
            "decision_proxy_request_seconds",
            "Time to answer, by route pattern.",
            ["route"],
            buckets=_SECONDS,
            registry=registry,
        )
        self.refused = Counter(
            "decision_proxy_refused",
            "Requests and connections refused before they were routed, by error code.",
            ["reason"],
            registry=registry,
        )
        self.placements = Counter(
            "decision_proxy_placements",
            "Placements answered: by which rule, on what kind of decision, and why.",
            ["placement", "rule", "decision", "reason"],
            registry=registry,
        )
        self.pages = Counter(
            "decision_proxy_pages",
            "Pages answered: fresh from OrderCloud, cached or stale.",
            ["placement", "freshness"],
            registry=registry,
        )
        self.rungs = Counter(
            "decision_proxy_rungs",
            "Placements answered with something that stands in for what was meant, by what it is.",
            ["placement", "rung"],
            registry=registry,
        )
        self.repeats = Counter(
            "decision_proxy_repeats",
            "Placements answered by the fast path.",
            ["placement"],
            registry=registry,
        )
        self.upstream_seconds = Durations(
            "decision_proxy_upstream_seconds",
            "Calls to an upstream, by HTTP status or the gateway's error code.",
            ["upstream", "outcome"],
            buckets=_SECONDS,
            registry=registry,
        )
        self.rules_loaded = Gauge(
            "decision_proxy_rules_loaded_timestamp_seconds",
            "When rules were last loaded.",
            registry=registry,
        )
        self.rules_problems = Gauge(
            "decision_proxy_rules_problems",
            "Mistakes in rules files; last good versions serve.",
            registry=registry,
        )
        self.upstream_open = Gauge(
            "decision_proxy_upstream_open",
            "1 while an upstream keeps failing and is left alone.",
            ["upstream"],
            registry=registry,
        )
        self.cache_bytes = Gauge(
            "decision_proxy_cache_bytes",
            "Memory that a cache takes now.",
            ["cache"],
            registry=registry,
        )
        self.purges = Counter(
            "decision_proxy_purges",
            "Tags purged from the caches, by what they are of and who purged them.",
            ["tag", "by"],
            registry=registry,
        )
        self.shared_lookups = Counter(
            "decision_proxy_shared_lookups",
            "Look-ups in Redis before an upstream was asked: hit, miss, broken or away.",
            ["cache", "outcome"],
            registry=registry,
        )
        self.purges_heard = Gauge(
            "decision_proxy_purges_heard",
            "1 while this replica hears the purges of the others.",
            registry=registry,
        )
        self.audits = Counter(
            "decision_proxy_audits",
            "Shared pages that were fetched again to compare, and what came of it.",
            ["placement", "outcome"],
            registry=registry,
        )
        self.sharing_off = Gauge(
            "decision_proxy_sharing_off",
            "1 while a placement shares no pages, since a shared one was not the same for all.",
            ["placement"],
            registry=registry,
        )
        self.snapshot_written = Gauge(
            "decision_proxy_snapshot_timestamp_seconds",
            "When the snapshot was last written; 0 where there is none.",
            registry=registry,
        )
        self.events_recorded = Counter(
            "decision_proxy_events_recorded",
            "Shopper events taken into the outbox, by CDP's type or as custom.",
            ["type"],
            registry=registry,
        )
        self.events_settled = Counter(
            "decision_proxy_events_settled",
            "Attempts to send an event to CDP: delivered, retried later, or dead.",
            ["outcome"],
            registry=registry,
        )
        self.events_lost = Counter(
            "decision_proxy_events_lost",
            "Deeds seen in OrderCloud's traffic that no event could be made of, and why.",
            ["reason"],
            registry=registry,
        )
        self.outbox_waiting = Gauge(
            "decision_proxy_outbox_waiting", "Events that wait for CDP.", registry=registry
        )
        self.outbox_dead = Gauge(
            "decision_proxy_outbox_dead",
            "Events that CDP refused: decision-proxy outbox dead.",
            registry=registry,
        )
        self.outbox_oldest = Gauge(
            "decision_proxy_outbox_oldest_timestamp_seconds",
            "When the oldest waiting event was accepted; 0 where none waits.",
            registry=registry,
        )

        self._each = _Each(self)

    def note_audit(self, placement: str, outcome: str) -> None:
        """Count one audit of a shared page."""
        self.audits.labels(placement, outcome).inc()

    def note_sharing(self, placement: str, *, is_off: bool) -> None:
        """Raise the alarm that a placement's pages must not be shared, or end it."""
        self.sharing_off.labels(placement).set(is_off)

    def observe_request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one request, answered."""
        self._each.requests[method, route, str(status)].inc()
        self._each.request_seconds[route,].note(seconds)

    def observe_upstream(self, upstream: str, outcome: str, seconds: float) -> None:
        """Count one call to *upstream*."""
        self._each.upstream_seconds[upstream, outcome].note(seconds)

    def observe_placement(self, *shown: str, page: str) -> None:
        """Count one placement, answered: *shown* are the label values, *page* is its freshness."""
        self._each.placements[shown].inc()
        self._each.pages[shown[0], page].inc()

    def observe_outbox(self, depth: Depth) -> None:
        """Note how much the outbox holds."""
        self.outbox_waiting.set(depth.waiting)
        self.outbox_dead.set(depth.dead)
        self.outbox_oldest.set(depth.oldest_at or 0)

    def note_shown(self, kind: Kind | None, answers: int = 1) -> None:
        """Count *answers* to shoppers of a kind, for `traffic`; None: of some kind or other."""
        self._recent.note(kind, answers)

    def before_reading(self, bring: Callable[[], None]) -> None:
        """Call *bring* each time before the metrics are read: it counts what it has put aside."""
        self._sources.append(bring)

    def render(self) -> bytes:
        """Return all metrics in Prometheus' text format."""
        self._bring()
        return generate_latest(self.registry)

    def traffic(self) -> Traffic:
        """Return what shoppers of each kind were shown in the last hours."""
        self._bring()
        return self._recent.traffic()

    def _bring(self) -> None:
        for bring in self._sources:
            bring()
