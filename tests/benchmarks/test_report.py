"""What the page shows: shares of each peer, what missed its limit in bold, and a chart."""

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from benchmarks import chart, report, results
from benchmarks.peers import catalogue
from benchmarks.results import Fact, Row, Section
from benchmarks.samples import Sample

_CASE = "4 KB, 32 connections"


def _row(peer: str, cpu_us: float, *, case: str = _CASE, p99_ms: float = 2.0) -> Row:
    return Row(case, peer, Sample(1e6 / cpu_us, cpu_us, 1.0, p99_ms, 0, 0.0))


def _section(*rows: Row) -> Section:
    return Section("2026-11-23, 2 cores", rows)


def _cells(section: Section, peer: str, name: str = "hits") -> list[str]:
    (line,) = (line for line in report.tables(name, section) if line.startswith(f"| {peer} "))
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_the_share_of_a_peer_is_shown_beside_what_it_may_be() -> None:
    section = _section(_row("gateway", 6.0), _row("nginx", 12.0))
    assert _cells(section, "nginx")[-2:] == ["0.50", "0.65"]
    assert _cells(section, "gateway")[-2:] == ["", ""]


def test_what_missed_its_limit_is_bold() -> None:
    section = _section(_row("gateway", 6.0), _row("varnish", 8.0))
    assert _cells(section, "varnish")[-2:] == ["**0.75**", "0.50"]


def test_at_half_load_it_is_the_slowest_answers_that_count() -> None:
    case = f"{_CASE}, half load"
    rows = _row("gateway", 6.0, case=case, p99_ms=1.0), _row("nginx", 12.0, case=case, p99_ms=2.0)
    assert _cells(_section(*rows), "nginx")[-2:] == ["p99 0.50", "p99 1.50"]


def test_a_number_by_itself_is_held_to_its_limit() -> None:
    facts = Fact("ready after", 1.25, "s", 1.0), Fact("memory", 47.0, "MB", 80.0)
    lines = list(report.tables("starting", Section("here", (), facts)))
    assert "| ready after | **1.25 s** | 1.00 s |" in lines
    assert "| memory | 47.00 MB | 80.00 MB |" in lines


def test_a_section_is_written_into_its_place_and_no_other(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "a\n<!-- hits -->\nold\n<!-- end -->\nb\n<!-- misses -->\nold\n<!-- end -->\nc\n"
    )
    for _ in range(2):
        report.write(page, {"hits": _section(_row("gateway", 6.0))})
    text = page.read_text()
    assert text.startswith("a\n<!-- hits -->\nMeasured on 2026-11-23, 2 cores.\n")
    assert text.endswith("\n<!-- end -->\nb\n<!-- misses -->\nold\n<!-- end -->\nc\n")


def test_the_page_in_docs_has_a_place_for_each_section() -> None:
    from benchmarks.__main__ import _PAGE, SECTIONS  # noqa: PLC0415 - a program, not a module

    assert re.findall(r"<!-- (\w+) -->\n", _PAGE.read_text())[::2] == list(SECTIONS)


def test_sections_are_known_again(tmp_path: Path) -> None:
    section = Section("here", [_row("gateway", 6.0)], [Fact("ready after", 0.5, "s")])
    results.keep(tmp_path, "hits", section)
    assert results.load(tmp_path, ["hits", "misses"]) == {"hits": section}


def test_the_chart_ranks_peers_and_is_well_formed() -> None:
    rows = [_row("nginx", 20.0), _row("gateway", 10.0), _row("a & b", 40.0)]
    drawn = ET.fromstring(chart.draw("Hits", rows, "gateway"))  # noqa: S314 - our own
    texts = [one.text for one in drawn.iter() if one.text and one.text.strip()]
    assert texts == ["Hits", "gateway", "100,000/s", "nginx", "50,000/s", "a & b", "25,000/s"]


@pytest.mark.parametrize("case", [_CASE, "24 KB, 128 connections", "304"])
def test_every_peer_of_hits_has_a_limit(case: str) -> None:
    from benchmarks import hits, targets  # noqa: PLC0415 - beside what it is about

    peers = [peer.name for peer in hits.PEERS if peer is not catalogue.GATEWAY]
    assert all(targets.cpu("hits", case, peer) for peer in peers)


def test_who_answered_nothing_is_given_no_numbers() -> None:
    silent = Row(_CASE, "usual bff", Sample(0.0, 4e6, 0.0, 0.0, 256.0, 0.0))
    cells = _cells(_section(_row("gateway", 6.0), silent), "usual bff")
    assert cells == ["usual bff", "answered none", "", "", "", "", ""]
