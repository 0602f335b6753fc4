"""The other end of a streamed request: its body as it comes, its leaving as it happens."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from starlette.types import Message, Receive, Send

from proxy.errors import CallerLeft
from proxy.tasks import Tasks

_GONE = "http.disconnect"


class Caller:
    """Who sent a request; it may keep silent for *silence_s* while it is its turn."""

    def __init__(self, receive: Receive, send: Send, *, silence_s: float) -> None:
        self._receive = receive
        self._send = send
        self._silence_s = silence_s
        self._body_is_over = asyncio.Event()
        self.is_answered = False

    async def body(self) -> AsyncIterator[bytes]:
        """Give the request's body; asking for its first part is what permits a caller to send it.

        Raises:
            CallerLeft: before the body was over.
        """
        try:
            more = True
            while more:
                message = await self._next()
                if message["type"] == _GONE:
                    raise CallerLeft("the caller left before the body was over")
                yield message.get("body", b"")
                more = message.get("more_body", False)
        finally:
            self._body_is_over.set()

    async def answer(self, message: Message) -> None:
        """Send part of the answer, waiting while the caller reads more slowly than we write.

        Raises:
            CallerLeft: nothing was read for too long.
        """
        self.is_answered = True
        try:
            async with asyncio.timeout(self._silence_s):
                await self._send(message)
        except TimeoutError as exc:
            raise CallerLeft("the caller stopped to read the answer") from exc

    @contextlib.asynccontextmanager
    async def staying(self, tasks: Tasks, *, sends_body: bool) -> AsyncIterator[None]:
        """Cancel the block once the caller leaves.

        Raises:
            CallerLeft: they did.
        """
        if not sends_body:
            self._body_is_over.set()
        stay = asyncio.timeout(None)
        try:
            async with stay:
                watch = tasks.spawn(self._watch(stay), name="watch over a caller")
                try:
                    yield
                finally:
                    watch.cancel()
        except TimeoutError as exc:
            if not stay.expired():
                raise
            raise CallerLeft("the caller left before the answer was over") from exc

    async def _watch(self, stay: asyncio.Timeout) -> None:
        """End *stay* once the caller leaves. Until the body is over, `body` would notice."""
        await self._body_is_over.wait()
        while (await self._receive())["type"] != _GONE:
            pass
        stay.reschedule(asyncio.get_running_loop().time())

    async def _next(self) -> Message:
        try:
            async with asyncio.timeout(self._silence_s):
                return await self._receive()
        except TimeoutError as exc:
            raise CallerLeft("the caller stopped to send the body") from exc
