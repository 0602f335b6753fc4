"""A bar chart as SVG: hits that one core serves in a second, by peer."""

from collections.abc import Iterator, Sequence
from xml.sax.saxutils import escape

from benchmarks.results import Row

_WIDTH, _LABELS, _ROW, _BAR, _TOP = 720, 150, 30, 18, 34
_ROOM = _WIDTH - _LABELS - 110
_OURS, _THEIRS, _TEXT = "#0b7285", "#adb5bd", "#343a40"


def draw(title: str, rows: Sequence[Row], ours: str) -> str:
    """Return the chart of *rows*, the most able first; *ours* stands out."""
    ranked = sorted(rows, key=lambda row: row.sample.cpu_us)
    most = 1e6 / ranked[0].sample.cpu_us
    height = _TOP + _ROW * len(ranked) + 10
    bars = (_bar(place, row, most, row.peer == ours) for place, row in enumerate(ranked))
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}"',
            f' font-family="sans-serif" font-size="13" fill="{_TEXT}">',
            '<rect width="100%" height="100%" fill="#ffffff"/>',
            f'<text x="10" y="20" font-weight="bold">{escape(title)}</text>',
            *(line for bar in bars for line in bar),
            "</svg>\n",
        ]
    )


def _bar(place: int, row: Row, most: float, is_ours: bool) -> Iterator[str]:  # noqa: FBT001
    per_second = 1e6 / row.sample.cpu_us
    top = _TOP + _ROW * place
    width = max(1.0, _ROOM * per_second / most)
    middle = top + _BAR * 0.75
    yield f'<text x="{_LABELS - 8}" y="{middle}" text-anchor="end">{escape(row.peer)}</text>'
    color = _OURS if is_ours else _THEIRS
    yield f'<rect x="{_LABELS}" y="{top}" width="{width:.1f}" height="{_BAR}" fill="{color}"/>'
    yield f'<text x="{_LABELS + width + 6:.1f}" y="{middle}">{per_second:,.0f}/s</text>'
