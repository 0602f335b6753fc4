"""Hits: each shopper with a token and a page of their own; and the same, unchanged (304)."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from benchmarks import comparing, stage
from benchmarks.comparing import Bench
from benchmarks.load import Load
from benchmarks.peers import catalogue
from benchmarks.peers.catalogue import Peer
from benchmarks.results import Measured
from benchmarks.stage import Stage
from benchmarks.warming import warm

PEERS = (
    catalogue.GATEWAY,
    catalogue.NGINX,
    catalogue.VARNISH,
    catalogue.FASTIFY,
    catalogue.PLAIN,
    catalogue.USUAL,
)
_CALM = (catalogue.GATEWAY, catalogue.NGINX, catalogue.VARNISH, catalogue.FASTIFY)
_SIZES = {"4 KB": "/placements/home-4k", "24 KB": "/placements/home-24k"}
_ASKED_AGAIN = "4 KB"
_FEW, _MANY = 32, 128
_UNCHANGED = 1_000
_ETAG = re.compile(rb'^etag: (?:W/)?("[^"]*")', re.IGNORECASE | re.MULTILINE)


def measure(on: Stage) -> Iterator[Measured]:
    """Give the rows of all cases."""
    with stage.running(on, PEERS) as programs:
        bench = Bench(on, programs)
        for size, target in _SIZES.items():
            stage.compare(on, PEERS, target)
            file = on.file(f"hits-{size}", [target])
            heads = {peer.name: _warmed(peer, file) for peer in PEERS}
            yield from _loaded(bench, size, Load(file, _FEW, on.extent.seconds))
            if size == _ASKED_AGAIN:
                yield from comparing.rows("304", _unchanged(on, bench, target, heads))


def _warmed(peer: Peer, file: Path) -> list[bytes]:
    """Ask twice: the gateway learns from a first hit how to answer the next one sooner."""
    warm(peer, file)
    return warm(peer, file)


def _loaded(bench: Bench, size: str, sent: Load) -> Iterator[Measured]:
    full = bench.saturate(PEERS, sent)
    yield from comparing.rows(f"{size}, {_FEW} connections", full)
    half = bench.at_half(_CALM, sent, full)
    yield from comparing.rows(f"{size}, {_FEW} connections, half load", half)
    crowd = bench.saturate(PEERS, replace(sent, connections=_MANY))
    yield from comparing.rows(f"{size}, {_MANY} connections", crowd)


def _unchanged(
    on: Stage, bench: Bench, target: str, heads: dict[str, list[bytes]]
) -> comparing.Taken:
    """Let shoppers ask for what they have already, by the entity tag in their peer's *heads*."""

    def sent(peer: Peer) -> Load:
        known = [_if_none_match(head) for head in heads[peer.name][:_UNCHANGED]]
        file = on.file(f"unchanged-{peer.name}", [target], known)
        warm(peer, file)
        return Load(file, _FEW, on.extent.seconds)

    return bench.each(PEERS, sent)


def _if_none_match(head: bytes) -> list[str]:
    found = _ETAG.search(head)
    assert found is not None, head
    return [f"If-None-Match: {found[1].decode('ascii')}"]
