"""Bodies in the coding that a caller prefers, each made once and kept while there is room.

They are kept by entity tag, which is a digest of the body: so there is nothing to expire or purge,
and pages that are alike share them. Who may see a page was decided before.
"""

import asyncio
from collections import deque

from proxy.core.codings import Coding, encoded
from proxy.model import Page

_ENTRY_BYTES = 250
"""What a kept body takes beside itself: its tag, and the maps' own slots."""

_QUICK_BYTES = 64 * 1024
"""A larger body is not compressed on the event loop, for it takes about a millisecond."""


def etag_of(page: Page, coding: Coding | None) -> str:
    """Return the strong tag of *page* in *coding*: each has its own (RFC 9110 section 8.8.3.3)."""
    return f'{page.etag[:-1]}-{coding}"' if coding else page.etag


async def encode(body: bytes, coding: Coding) -> bytes:
    """Return *body* in *coding*, without keeping others waiting."""
    if len(body) <= _QUICK_BYTES:
        return encoded(body, coding)
    return await asyncio.to_thread(encoded, body, coding)


class Encodings:
    """Encoded bodies, up to *max_bytes*: those kept longest go first, being soon made anew."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._bodies: dict[str, bytes] = {}
        self._oldest_first: deque[str] = deque()
        self.size_bytes = 0
        """What is kept now."""

    def find(self, etag: str) -> bytes | None:
        """Return the body with this tag, if it is kept."""
        return self._bodies.get(etag)

    async def body(self, page: Page, coding: Coding) -> bytes:
        """Return the body of *page* in *coding*."""
        etag = etag_of(page, coding)
        kept = self._bodies.get(etag)
        if kept is None:
            kept = await encode(page.body, coding)
            self._keep(etag, kept)
        return kept

    def _keep(self, etag: str, body: bytes) -> None:
        if etag in self._bodies:
            return
        self._bodies[etag] = body
        self._oldest_first.append(etag)
        self.size_bytes += len(body) + _ENTRY_BYTES
        while self.size_bytes > self._max_bytes:
            oldest = self._oldest_first.popleft()
            self.size_bytes -= len(self._bodies.pop(oldest)) + _ENTRY_BYTES
