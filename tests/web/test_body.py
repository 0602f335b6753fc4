"""Small bodies are read whole, large ones not at all."""

import pytest
from starlette.requests import Request
from starlette.types import Message

from proxy.errors import TooLarge
from proxy.web.body import read_body


class Sender:
    """Sends a body in the given parts, and counts how many were taken."""

    def __init__(self, *parts: bytes) -> None:
        self.left = list(parts)

    def request(self) -> Request:
        return Request({"type": "http", "method": "POST", "headers": []}, self._receive)

    async def _receive(self) -> Message:
        part = self.left.pop(0)
        return {"type": "http.request", "body": part, "more_body": bool(self.left)}


async def test_all_parts_are_read_up_to_the_bound() -> None:
    assert await read_body(Sender(b"ab", b"", b"cd").request(), 4) == b"abcd"


async def test_beyond_the_bound_nothing_more_is_read() -> None:
    sender = Sender(b"ab", b"cd", b"ef", b"gh")
    with pytest.raises(TooLarge):
        await read_body(sender.request(), 3)
    assert sender.left == [b"ef", b"gh"]
