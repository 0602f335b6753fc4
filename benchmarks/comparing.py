"""Peers side by side: the same load on each in turn, in rounds; at saturation and at half of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from benchmarks import samples
from benchmarks.load import Load
from benchmarks.peers.catalogue import Peer
from benchmarks.processes import Program
from benchmarks.results import Row
from benchmarks.samples import Sample
from benchmarks.stage import Stage

Taken = dict[str, Sample]
"""The medians of each peer, by its name."""


class Bench:
    """The programs of one section, ready to be loaded."""

    def __init__(self, on: Stage, programs: Mapping[str, Program]) -> None:
        self._on = on
        self._programs = programs

    def saturate(self, peers: Sequence[Peer], sent: Load) -> Taken:
        """Load each peer as much as it bears."""
        return self.each(peers, lambda _: sent)

    def at_half(self, peers: Sequence[Peer], sent: Load, full: Taken) -> Taken:
        """Load each peer half as much as it bore in *full*: connections rest in between."""
        return self.each(peers, lambda peer: at_rate(sent, full[peer.name].per_second / 2))

    def each(self, peers: Sequence[Peer], sent: Callable[[Peer], Load]) -> Taken:
        """Load each peer with its own."""
        upstream = [self._on.upstream]
        takers = {
            peer.name: partial(
                samples.take, self._programs[peer.name], sent(peer), peer.url, upstream
            )
            for peer in peers
        }
        return samples.interleaved(takers, self._on.extent.rounds)

    def alone(self, program: Program, url: str, sent: Load) -> Sample:
        """Load one program that is no peer."""
        taken = samples.interleaved(
            {url: lambda: samples.take(program, sent, url)}, self._on.extent.rounds
        )
        return taken[url]


def rows(case: str, taken: Taken) -> list[Row]:
    """Return what was taken as rows of *case*."""
    return [Row(case, peer, sample) for peer, sample in taken.items()]


def at_rate(sent: Load, per_second: float) -> Load:
    """Return *sent*, with connections resting so that all make about *per_second* requests."""
    rest_ms = sent.connections / max(per_second, 1.0) * 1000
    return replace(sent, rest_ms=rest_ms)
