"""How soon the gateway is ready, and what it takes while nobody asks anything."""

import statistics
import time
from collections.abc import Iterator

from benchmarks import stage
from benchmarks.peers import catalogue
from benchmarks.processes import answers
from benchmarks.results import Fact, Measured
from benchmarks.stage import Stage

_READY_S, _IDLE_MB = 1.0, 80.0
_SETTLE_S = 2.0


def measure(on: Stage) -> Iterator[Measured]:
    """Give the medians of as many starts as there are rounds."""
    starts = [_start(on) for _ in range(on.extent.rounds)]
    ready_s, idle_mb = zip(*starts, strict=True)
    yield Fact("ready after", statistics.median(ready_s), "s", _READY_S)
    yield Fact("idle memory (PSS)", statistics.median(idle_mb), "MB", _IDLE_MB)


def _start(on: Stage) -> tuple[float, float]:
    gateway = catalogue.GATEWAY
    with stage.running(on, [gateway]) as programs:
        program = programs[gateway.name]
        ready = f"http://127.0.0.1:{catalogue.admin_port(gateway)}/readyz"
        ready_s = program.wait_until(lambda: answers(ready))
        time.sleep(_SETTLE_S)
        return ready_s, program.memory_mb()
