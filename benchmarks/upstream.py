"""One light server that stands for OrderCloud, for CDP, and for what nginx and Varnish cache.

It says what the sandbox said, recorded beforehand, and marks each list with the shopper's token, so
that every shopper has a page of their own. It does nothing else: on the load generator's core it
must not take long. `python -m benchmarks.upstream PORT FOLDER`.
"""

import asyncio
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import cast

import httptools
import uvloop

LIST = "list-{size}.json"
DECISION = "decision.json"
CERTIFICATE = "certificate.json"
MARK = b"shopper-0000000000000000"
"""Stands in a recorded list where the shopper's own mark goes, of the same length."""

_MARK_BYTES = len(MARK)
_SIZE = re.compile(rb"[=/-](\d+k)")
_BIG_BYTES = 100 * 1024 * 1024
_CHUNK = bytes(256 * 1024)

Answers = Callable[[bytes, bytes], bytes]


class Recorded:
    """What was recorded, by the path that asks for it."""

    def __init__(self, folder: Path) -> None:
        read = {path.name: path.read_bytes() for path in folder.glob("*.json")}
        self._lists = {name: text.split(MARK) for name, text in read.items() if "list" in name}
        self._decision = _answer(read[DECISION])
        self._certificate = _answer(read[CERTIFICATE])

    def answer(self, target: bytes, authorization: bytes) -> bytes:
        """Return the whole answer to a request for *target*."""
        if target.startswith(b"/v2/callFlows"):
            return self._decision
        if target.startswith(b"/oauth/certs/"):
            return self._certificate
        named = _SIZE.search(target)
        before, after = self._lists[LIST.format(size=named[1].decode() if named else "4k")]
        mark = authorization[-_MARK_BYTES:].rjust(_MARK_BYTES, b"-")
        return _answer(before + mark + after, mark)


def _answer(body: bytes, mark: bytes = b"-") -> bytes:
    head = (
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncache-control: max-age=7200\r\n"
        b'etag: "%b"\r\ncontent-length: %d\r\n\r\n'
    )
    return head % (mark, len(body)) + body


class Connection(asyncio.Protocol):
    """A caller's connection, kept alive."""

    def __init__(self, recorded: Recorded) -> None:
        self._recorded = recorded
        self._parser = httptools.HttpRequestParser(self)
        self._target = b""
        self._authorization = b""
        self._may_write = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one by shape only
        self._may_write.set()

    def pause_writing(self) -> None:
        """Wait with what is left of a big answer."""
        self._may_write.clear()

    def resume_writing(self) -> None:
        """Go on with a big answer."""
        self._may_write.set()

    def data_received(self, data: bytes) -> None:
        """Hand on what came in."""
        self._parser.feed_data(data)

    def on_message_begin(self) -> None:
        """Forget the request before."""
        self._authorization = b""

    def on_url(self, url: bytes) -> None:
        """Keep what is asked for."""
        self._target = url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep who asks."""
        if name.lower() == b"authorization":
            self._authorization = value

    def on_headers_complete(self) -> None:
        """Note whether the caller will come again."""
        self._is_last = not self._parser.should_keep_alive()

    def on_message_complete(self) -> None:
        """Answer."""
        if self._target == b"/v1/big":
            self._giving = asyncio.ensure_future(self._give())  # noqa: TID251 - no part of proxy
        else:
            self._transport.write(self._recorded.answer(self._target, self._authorization))
            if self._is_last:
                self._transport.close()

    async def _give(self) -> None:
        self._transport.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % _BIG_BYTES)
        for _ in range(_BIG_BYTES // len(_CHUNK)):
            await self._may_write.wait()
            self._transport.write(_CHUNK)


async def serve(port: int, folder: Path) -> None:
    """Answer on loopback until killed."""
    recorded = Recorded(folder)
    server = await asyncio.get_running_loop().create_server(
        lambda: Connection(recorded), "127.0.0.1", port, backlog=4096
    )
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1]), Path(sys.argv[2])))
