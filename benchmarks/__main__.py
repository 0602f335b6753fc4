"""`make bench`: measures the gateway and its peers side by side, and writes docs/benchmarks.md.

`ONLY=hits,misses` measures some sections and keeps what is known of the others. `ROUNDS=1` is a
quick look: one short round with few shoppers, printed and not written. Nothing else should run on
the machine meanwhile; samples that were disturbed are taken again, and marked if that did not help.
"""

import argparse
import os
import platform
import signal
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from benchmarks import chart, growth, hits, misses, passing, report, results, starting
from benchmarks.peers.catalogue import GATEWAY
from benchmarks.processes import LOAD_CORE
from benchmarks.results import Fact, Measured, Row, Section
from benchmarks.stage import ROOT, VAR, Extent, Stage, standing

SECTIONS: dict[str, Callable[[Stage], Iterator[Measured]]] = {
    "hits": hits.measure,
    "misses": misses.measure,
    "passing": passing.measure,
    "starting": starting.measure,
    "growth": growth.measure,
}
_PAGE, _CHART = ROOT / "docs" / "benchmarks.md", ROOT / "docs" / "benchmarks.svg"
_DRAWN = "4 KB, 32 connections"
_FULL_ROUNDS = 5
_QUICK = Extent(rounds=1, seconds=1, shoppers=500, entries=5_000)


def main() -> None:
    """Measure what was asked for; write it down, section by section, if it is more than a look."""
    asked = _arguments()
    is_full = asked.rounds >= _FULL_ROUNDS
    extent = Extent(rounds=asked.rounds) if is_full else _QUICK
    os.sched_setaffinity(0, {LOAD_CORE})
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))  # what runs is ended first
    growth.raise_limits()
    with standing(extent) as on:
        for name in asked.only:
            section = _measured(name, on)
            if is_full:
                results.keep(VAR, name, section)
                write()


def write() -> None:
    """Write page and chart from all that has been measured so far."""
    known = results.load(VAR, SECTIONS)
    report.write(_PAGE, known)
    if "hits" in known:
        drawn = [row for row in known["hits"].rows if row.case == _DRAWN]
        title = f"Personalized hits per second and core ({_DRAWN})"
        _CHART.write_text(chart.draw(title, drawn, GATEWAY.name), encoding="utf-8")


def _measured(name: str, on: Stage) -> Section:
    print(f"\n{name}", flush=True)
    rows, facts = [], []
    for one in SECTIONS[name](on):
        print("  " + report.line(one), flush=True)
        if isinstance(one, Row):
            rows.append(one)
        elif isinstance(one, Fact):
            facts.append(one)
    return Section(_machine(), rows, facts)


def _machine() -> str:
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    versions = f"CPython {platform.python_version()}, uvloop {version('uvloop')}"
    return f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores of {model}, {versions}"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("--only", type=_sections, default=list(SECTIONS))
    parser.add_argument("--rounds", type=int, default=_FULL_ROUNDS)
    return parser.parse_args()


def _sections(text: str) -> list[str]:
    names = text.split(",") if text else list(SECTIONS)
    if unknown := set(names) - set(SECTIONS):
        raise argparse.ArgumentTypeError(f"no section {', '.join(unknown)}: {', '.join(SECTIONS)}")
    return names


if __name__ == "__main__":
    main()
