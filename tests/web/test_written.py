"""What an answer that is written already sends."""

from starlette.types import Message, Scope

from proxy.web.written import Written

_SCOPE: Scope = {"type": "http"}


async def _sent(written: Written) -> list[Message]:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        raise AssertionError("there is nothing to read")

    await written(_SCOPE, receive, send)
    return sent


async def test_a_body_is_sent_with_its_length() -> None:
    start, body = await _sent(Written([(b"x-a", b"1")], b"four"))
    assert (start["status"], body["body"]) == (200, b"four")
    assert start["headers"] == [(b"x-a", b"1"), (b"content-length", b"4")]


async def test_an_empty_body_has_a_length_too() -> None:
    start, _ = await _sent(Written([], b""))
    assert start["headers"] == [(b"content-length", b"0")]


async def test_no_body_has_none() -> None:
    start, body = await _sent(Written([(b"etag", b'"a"')], None, status=304))
    assert (start["status"], start["headers"], body["body"]) == (304, [(b"etag", b'"a"')], b"")
