"""Misses: the token is known, but CDP and OrderCloud are asked, and what they say is stored."""

from collections.abc import Iterator

from benchmarks import comparing, stage
from benchmarks.load import Load
from benchmarks.peers import catalogue
from benchmarks.results import Fact, Measured
from benchmarks.samples import Sample
from benchmarks.stage import Stage
from benchmarks.warming import warm

PEERS = (catalogue.GATEWAY, catalogue.FASTIFY, catalogue.USUAL)
_TARGET = "/placements/home-4k?browserId=b@&search=4k-@"
_KNOWN = "/placements/home-4k"
_CONCURRENT = (32, 256)
_CROWD = 1_000
_LONGER = 2  # so that the requests under way at a sample's end do not weigh
_LONGEST = 5  # of a thousand, even more so
_ADDED_P50_MS, _ADDED_P99_MS = 0.5, 2.0


def measure(on: Stage) -> Iterator[Measured]:
    """Give the rows of all cases, and what the gateway adds to its upstreams' own time."""
    with stage.running(on, PEERS) as programs:
        stage.compare(on, PEERS, _KNOWN)
        for peer in PEERS:
            warm(peer, on.file("known", [_KNOWN]))
        bench = comparing.Bench(on, programs)
        file = on.file("misses", [_TARGET])
        full = {}
        for concurrent in _CONCURRENT:
            sent = Load(file, concurrent, _LONGER * on.extent.seconds, is_miss=True)
            full = bench.saturate(PEERS, sent)
            yield from comparing.rows(f"{concurrent} at once", full)
            half = bench.at_half(PEERS[:1], sent, full)
            yield from comparing.rows(f"{concurrent} at once, half load", half)
            yield from _added(on, bench, concurrent, half[catalogue.GATEWAY.name])
        crowd = Load(file, _CROWD, _LONGEST * on.extent.seconds, is_miss=True)
        yield from comparing.rows(f"{_CROWD:,} at once", bench.saturate(PEERS[:1], crowd))


def _added(on: Stage, bench: comparing.Bench, concurrent: int, ours: Sample) -> Iterator[Fact]:
    """Compare with two calls to the upstream, one after the other, at the same rate."""
    sent = Load(on.file("upstream", [_KNOWN]), concurrent, on.extent.seconds)
    calm = comparing.at_rate(sent, 2 * ours.per_second)
    alone = bench.alone(on.upstream, catalogue.UPSTREAM_URL, calm)
    p50_ms, p99_ms = ours.p50_ms - 2 * alone.p50_ms, ours.p99_ms - 2 * alone.p99_ms
    what = f"added to two upstream calls, {concurrent} at once, half load"
    yield Fact(f"p50 {what}", p50_ms, "ms", _ADDED_P50_MS)
    yield Fact(f"p99 {what}", p99_ms, "ms", _ADDED_P99_MS)
