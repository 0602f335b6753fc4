"""Small bodies are read whole, large ones not at all."""

import asyncio

import pytest
from starlette.requests import Request
from starlette.types import Message

from proxy.errors import CallerLeft, TooLarge
from proxy.web.body import read_body

HANGS, LEAVES = b"hangs", b"leaves"


class Sender:
    """Sends a body in the given parts, and counts how many were taken."""

    def __init__(self, *parts: bytes) -> None:
        self.left = list(parts)

    def request(self, *headers: tuple[bytes, bytes]) -> Request:
        return Request({"type": "http", "method": "POST", "headers": headers}, self._receive)

    async def _receive(self) -> Message:
        part = self.left.pop(0)
        if part == HANGS:
            await asyncio.Event().wait()
        if part == LEAVES:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": part, "more_body": bool(self.left)}


async def test_all_parts_are_read_up_to_the_bound() -> None:
    assert await read_body(Sender(b"ab", b"", b"cd").request(), 4) == b"abcd"


async def test_beyond_the_bound_nothing_more_is_read() -> None:
    sender = Sender(b"ab", b"cd", b"ef", b"gh")
    with pytest.raises(TooLarge):
        await read_body(sender.request(), 3)
    assert sender.left == [b"ef", b"gh"]


async def test_what_announces_too_much_is_not_even_begun() -> None:
    sender = Sender(b"ab")
    with pytest.raises(TooLarge):
        await read_body(sender.request((b"content-length", b"4")), 3)
    assert sender.left == [b"ab"]


@pytest.mark.parametrize(
    ("part", "said"), [(HANGS, "took longer than 0.01 s"), (LEAVES, "before the body was over")]
)
async def test_who_stops_or_leaves_is_not_waited_for(part: bytes, said: str) -> None:
    with pytest.raises(CallerLeft, match=said):
        await read_body(Sender(b"ab", part, b"c").request(), 10, within_s=0.01)
