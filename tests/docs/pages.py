"""Reads Markdown pages: their sections, tables and code blocks."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
DOCS = ROOT / "docs"
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`([^`]+)`")
_CELL_END = re.compile(r"(?<!\\)\|")


@dataclass(frozen=True, slots=True)
class Table:
    """A table: its header, and its rows as written."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def column(self, number: int) -> list[str]:
        """Return the code in a column, one per row."""
        return [code(row[number]) for row in self.rows]


@dataclass(frozen=True, slots=True)
class Page:
    """A page, or a part of one."""

    text: str

    def section(self, heading: str) -> "Page":
        """Return what stands below a heading, up to the next of its rank."""
        found = re.search(rf"^(#+) {re.escape(heading)}\n", self.text, re.MULTILINE)
        assert found, f"there is no heading '{heading}'"
        rest = self.text[found.end() :]
        end = re.search(rf"^#{{1,{len(found[1])}}} ", rest, re.MULTILINE)
        return Page(rest[: end.start()] if end else rest)

    def blocks(self, language: str) -> list[str]:
        """Return the code blocks of a language."""
        return [body for kind, body in _BLOCK.findall(self.text) if kind == language]

    def tables(self) -> list[Table]:
        """Return all tables."""
        return [*self._tables()]

    def table(self, *header: str) -> Table:
        """Return the first table whose header starts so."""
        return next(one for one in self._tables() if one.header[: len(header)] == header)

    def anchors(self) -> set[str]:
        """Return the anchors of the headings, as GitHub makes them."""
        headings = re.findall(r"^#+ (.+)$", self.text, re.MULTILINE)
        return {re.sub(r"[^\w\- ]", "", one).strip().lower().replace(" ", "-") for one in headings}

    def _tables(self) -> Iterator[Table]:
        plain = _BLOCK.sub("", self.text)
        for lines in re.findall(r"(?:^\|.*\n)+", f"{plain}\n", re.MULTILINE):
            header, _, *rows = (_cells(line) for line in lines.splitlines())
            yield Table(header, tuple(rows))


def page(name: str) -> Page:
    """Read a page of the documentation."""
    return Page((DOCS / name).read_text("utf-8"))


def code(cell: str) -> str:
    """Return the first code of a cell, or nothing."""
    found = _CODE.search(cell)
    return found[1] if found else ""


def codes(cell: str) -> list[str]:
    """Return all code of a cell."""
    return _CODE.findall(cell)


def _cells(line: str) -> tuple[str, ...]:
    cells = _CELL_END.split(line.strip())[1:-1]
    return tuple(cell.strip().replace("\\|", "|") for cell in cells)
