"""What was measured, kept by section in `var/benchmarks`, and what it has to keep to."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from benchmarks.samples import Sample


@dataclass(frozen=True, slots=True)
class Row:
    """The medians of one peer in one case."""

    case: str
    peer: str
    sample: Sample


@dataclass(frozen=True, slots=True)
class Fact:
    """One number that stands by itself, such as a start time; *limit* is the most it may be."""

    name: str
    value: float
    unit: str
    limit: float | None = None

    @property
    def is_kept(self) -> bool:
        """Say whether it is within its limit."""
        return self.limit is None or self.value <= self.limit


Measured = Row | Fact


@dataclass(frozen=True, slots=True)
class Section:
    """All that one section measured, on what machine and when."""

    machine: str
    rows: Sequence[Row] = ()
    facts: Sequence[Fact] = ()


def keep(folder: Path, name: str, section: Section) -> None:
    """Keep a section until it is measured again."""
    (folder / f"{name}.json").write_bytes(msgspec.json.encode(section))


def load(folder: Path, names: Iterable[str]) -> dict[str, Section]:
    """Return the sections that have been measured, by name."""
    files = {name: folder / f"{name}.json" for name in names}
    return {
        name: msgspec.json.decode(file.read_bytes(), type=Section)
        for name, file in files.items()
        if file.exists()
    }


def ratio(ours: Row, theirs: Row) -> float:
    """Return our CPU time per request as a share of theirs."""
    return ours.sample.cpu_us / theirs.sample.cpu_us
