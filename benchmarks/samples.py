"""Samples, and what is made of many: repeated when others used the cores, interleaved, medians."""

import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields

from benchmarks import load
from benchmarks.load import Load
from benchmarks.processes import LOAD_CORE, SERVER_CORE, Program, busy_s

_CORES = (SERVER_CORE, LOAD_CORE)
_FOREIGN_MAX = 0.05
_TRIES = 3


@dataclass(frozen=True, slots=True)
class Sample:
    """One measurement: *cpu_us* is the server's, per request.

    *foreign* is the share of both cores that neither server, upstream nor load generator took.
    """

    per_second: float
    cpu_us: float
    p50_ms: float
    p99_ms: float
    errors: float
    foreign: float


def take(server: Program, sent: Load, url: str, others: Sequence[Program] = ()) -> Sample:
    """Send a load to *url* and measure *server*; *others* work for it. No more than three tries."""
    tries = (_take(server, sent, url, others) for _ in range(_TRIES))
    return least_disturbed(tries)


def least_disturbed(tries: Iterable[Sample]) -> Sample:
    """Return the first sample that nobody disturbed, or the one that was disturbed least."""
    seen = []
    for sample in tries:
        seen.append(sample)
        if sample.foreign <= _FOREIGN_MAX:
            break
    return min(seen, key=lambda sample: sample.foreign)


def _take(server: Program, sent: Load, url: str, others: Sequence[Program]) -> Sample:
    programs = [server, *others]
    before, busy = [program.cpu_s() for program in programs], busy_s(_CORES)
    outcome = load.send(sent, url)
    busy = busy_s(_CORES) - busy
    used = [after.cpu_s() - was for after, was in zip(programs, before, strict=True)]
    foreign = busy - sum(used) - outcome.cpu_s
    return Sample(
        per_second=outcome.per_second,
        cpu_us=used[0] / max(outcome.requests, 1) * 1e6,
        p50_ms=outcome.p50_ms,
        p99_ms=outcome.p99_ms,
        errors=outcome.errors,
        foreign=max(foreign, 0.0) / (outcome.seconds * len(_CORES)),
    )


def interleaved(takers: Mapping[str, Callable[[], Sample]], rounds: int) -> dict[str, Sample]:
    """Let each taker take a sample in each round, in turn; return the medians by name."""
    taken: dict[str, list[Sample]] = {name: [] for name in takers}
    for _ in range(rounds):
        for name, taker in takers.items():
            taken[name].append(taker())
    return {name: median(samples) for name, samples in taken.items()}


def median(samples: Sequence[Sample]) -> Sample:
    """Return the sample of medians: each number by itself."""
    names = [field.name for field in fields(Sample)]
    return Sample(
        **{name: statistics.median(getattr(one, name) for one in samples) for name in names}
    )
