"""Results as tables: on the terminal while they come, and in docs/benchmarks.md."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from benchmarks import targets
from benchmarks.peers.catalogue import GATEWAY
from benchmarks.results import Fact, Measured, Row, Section

_COLUMNS = ("", "CPU µs", "requests/s", "p50 ms", "p99 ms", "gateway's share", "at most")
_NOTHING = "answered none"
_FACTS = ("", "measured", "at most")
_DISTURBED = 0.05
_END = "<!-- end -->"


def line(one: Measured) -> str:
    """Return a line for the terminal."""
    if isinstance(one, Fact):
        limit = "" if one.limit is None else f"   at most {_number(one.limit)}"
        return f"{one.name:60} {_number(one.value)} {one.unit}{limit}"
    sample = one.sample
    disturbed = f"  disturbed {sample.foreign:.0%}" if sample.foreign > _DISTURBED else ""
    failed = f"  {sample.errors:.0f} ERRORS" if sample.errors else ""
    return (
        f"{one.case:36} {one.peer:18} {sample.cpu_us:9.1f} µs {sample.per_second:9,.0f}/s"
        f"  p50 {sample.p50_ms:7.2f}  p99 {sample.p99_ms:7.2f} ms{disturbed}{failed}"
    )


def write(page: Path, sections: dict[str, Section]) -> None:
    """Put the tables of *sections* in their places on the page."""
    text = page.read_text(encoding="utf-8")
    for name, section in sections.items():
        before, _, rest = text.partition(f"<!-- {name} -->\n")
        _, end, after = rest.partition(_END)
        body = "\n".join(tables(name, section))
        text = f"{before}<!-- {name} -->\n{body}\n{end}{after}"
    page.write_text(text, encoding="utf-8")


def tables(name: str, section: Section) -> Iterator[str]:
    """Give the Markdown of one section, line by line."""
    yield f"Measured on {section.machine}."
    for case in dict.fromkeys(row.case for row in section.rows):
        yield from ("", f"**{case}**", "")
        yield from _table(_COLUMNS, _rows(name, [row for row in section.rows if row.case == case]))
    if section.facts:
        yield ""
        yield from _table(_FACTS, (_fact(fact) for fact in section.facts))


def _rows(section: str, rows: Sequence[Row]) -> Iterator[Sequence[str]]:
    ours = next(row for row in rows if row.peer == GATEWAY.name)
    for row in rows:
        sample = row.sample
        if not sample.per_second:
            yield row.peer, _NOTHING, *[""] * (len(_COLUMNS) - 2)
            continue
        yield (
            row.peer,
            f"{sample.cpu_us:,.1f}",
            f"{sample.per_second:,.0f}",
            f"{sample.p50_ms:.2f}",
            f"{sample.p99_ms:.2f}",
            *_verdict(section, ours, row),
        )


def _verdict(section: str, ours: Row, theirs: Row) -> tuple[str, str]:
    """Return what the gateway takes as a share of a peer, and what it may take."""
    if theirs is ours:
        return "", ""
    if (most := targets.p99(section, ours.case, theirs.peer)) is not None:
        return _judged(ours.sample.p99_ms / theirs.sample.p99_ms, most, "p99 ")
    share = ours.sample.cpu_us / theirs.sample.cpu_us
    most = targets.cpu(section, ours.case, theirs.peer)
    return (f"{share:.2f}", "") if most is None else _judged(share, most)


def _judged(share: float, most: float, what: str = "") -> tuple[str, str]:
    text = f"{what}{share:.2f}"
    return text if share <= most else f"**{text}**", f"{what}{most:.2f}"


def _fact(fact: Fact) -> Sequence[str]:
    measured = f"{_number(fact.value)} {fact.unit}"
    limit = "" if fact.limit is None else f"{_number(fact.limit)} {fact.unit}"
    return fact.name, measured if fact.is_kept else f"**{measured}**", limit


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.2f}"  # noqa: PLR2004 - three digits


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(columns)} |"
    yield f"|---|{'--:|' * (len(columns) - 1)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"
