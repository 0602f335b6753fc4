"""Heads of placements' answers, cut at what changes from one time to the next.

Millions of answers have all the rest in common, and it is kept once.
"""

import re
from collections.abc import Iterable
from typing import NamedTuple

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from proxy.core.hops import Header

DATE, ETAG, FIRST_TTL = 1, 3, 5
"""Where in `Cut.texts` a gap is; one more of a TTL is two places behind."""

AGE, LENGTH, ID = -7, -5, -3

_GAP = b"\0"  # which no header may hold
_TTL = re.compile(rb"(?<=;ttl=)\d+")
_DURATION = re.compile(rb"(?<=;dur=)\d+\.\d+")
_LENGTH = b"content-length"
_CHANGING = [b"etag", b"cache-status", b"age", _LENGTH, b"x-request-id"]
_WITHOUT_LENGTH = [name for name in _CHANGING if name != _LENGTH]


class Cut(NamedTuple):
    """A head in pieces: every second of *texts* is a gap. *etag* and *length* stay an answer's."""

    texts: list[bytes]
    etag: bytes
    length: bytes


def cut(status: int, headers: Iterable[Header], *, caches: int) -> Cut | None:
    """Cut a head that tells of so many *caches*; names are in lower case.

    None where it is not the head of a placement's answer: not all that changes is in its place.
    """
    headers = list(headers)
    own = dict(headers)
    changing = [name for name, _ in headers if name in _CHANGING]
    lines = [b"date: \0\r\n", *(b"%b: %b\r\n" % (name, _open(name, of)) for name, of in headers)]
    pieces = b"".join((STATUS_LINE[status], *lines, b"\r\n")).split(_GAP)
    if changing == _WITHOUT_LENGTH:
        pieces.insert(-1, b"")
    elif changing != _CHANGING:
        return None
    if len(pieces) != len(_CHANGING) + caches + 1:
        return None
    texts = [text for piece in pieces for text in (piece, b"")]
    return Cut(texts, own[b"etag"], own.get(_LENGTH, b""))


def _open(name: bytes, value: bytes) -> bytes:
    """Return the value with gaps for what changes of it."""
    match name:
        case b"cache-status":
            return _TTL.sub(_GAP, value)
        case b"server-timing":
            return _DURATION.sub(b"0.00", value)  # what no step takes any more
        case _:
            return _GAP if name in _CHANGING else value
