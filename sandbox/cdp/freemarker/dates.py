"""Dates by Java's pattern letters, as far as templates commonly use them."""

import re
from collections.abc import Callable, Collection
from datetime import UTC, datetime

_PART = re.compile(r"'((?:[^']|'')*)'|([A-Za-z])\2*|[^A-Za-z']+")

_WRITERS: dict[str, Callable[[datetime], str]] = {
    "yyyy": lambda at: f"{at.year:04}",
    "yy": lambda at: f"{at.year % 100:02}",
    "MMMM": lambda at: at.strftime("%B"),
    "MMM": lambda at: at.strftime("%b"),
    "MM": lambda at: f"{at.month:02}",
    "M": lambda at: str(at.month),
    "dd": lambda at: f"{at.day:02}",
    "d": lambda at: str(at.day),
    "HH": lambda at: f"{at.hour:02}",
    "H": lambda at: str(at.hour),
    "hh": lambda at: f"{(at.hour + 11) % 12 + 1:02}",
    "h": lambda at: str((at.hour + 11) % 12 + 1),
    "mm": lambda at: f"{at.minute:02}",
    "m": lambda at: str(at.minute),
    "ss": lambda at: f"{at.second:02}",
    "s": lambda at: str(at.second),
    "SSS": lambda at: f"{at.microsecond // 1000:03}",
    "a": lambda at: "AM" if at.hour < 12 else "PM",  # noqa: PLR2004 - noon
    "EEEE": lambda at: at.strftime("%A"),
    "EEE": lambda at: at.strftime("%a"),
    "Z": lambda at: at.strftime("%z"),
    "XXX": lambda _: "Z",
}
_READERS = {
    "yyyy": "%Y",
    "yy": "%y",
    "MMMM": "%B",
    "MMM": "%b",
    "MM": "%m",
    "M": "%m",
    "dd": "%d",
    "d": "%d",
    "HH": "%H",
    "H": "%H",
    "hh": "%I",
    "h": "%I",
    "mm": "%M",
    "m": "%M",
    "ss": "%S",
    "s": "%S",
    "SSS": "%f",
    "a": "%p",
    "Z": "%z",
    "XXX": "%z",
}


def to_text(at: datetime, pattern: str) -> str:
    """Write *at* (UTC) by a pattern such as `yyyy-MM-dd'T'HH:mm`; raises ValueError for others."""
    return "".join(
        _WRITERS[letters](at) if letters in _WRITERS else literal
        for letters, literal in _parts(pattern, _WRITERS)
    )


def from_text(text: str, pattern: str) -> datetime:
    """Read a time, which is in UTC unless it says otherwise; raises ValueError if it is none."""
    read_as = "".join(
        _READERS[letters] if letters in _READERS else literal.replace("%", "%%")
        for letters, literal in _parts(pattern, _READERS)
    )
    at = datetime.strptime(text, read_as)  # noqa: DTZ007 - the zone is set below
    return in_utc(at)


def in_utc(at: datetime) -> datetime:
    """Return *at* in UTC, which a time without zone is in already."""
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)


def _parts(pattern: str, known: Collection[str]) -> list[tuple[str, str]]:
    """Split *pattern* into (letters, literal text), one of the two empty in each part."""
    parts = []
    for match in _PART.finditer(pattern):
        if match[2] and match[0] not in known:
            raise ValueError(f"The date pattern {match[0]!r} is not supported")
        parts.append((match[0], "") if match[2] else ("", _unquoted(match[0])))
    return parts


def _unquoted(literal: str) -> str:
    """Return what `'text'` says; two quotes stand for one."""
    if literal == "''":
        return "'"
    return literal[1:-1].replace("''", "'") if literal.startswith("'") else literal
