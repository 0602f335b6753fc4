"""Plain hits, answered by the connection itself: who asks the same again is told the same again.

What the app answered from its caches is remembered under the request's bytes (`web.recipes`), so
that nothing in it can be overlooked, and the same bytes need no parsing. They are answered here
only while all that the answer rests on still holds; everything else is the app's to answer.
"""

import asyncio
import time
from typing import Any

import uvicorn
from uvicorn.server import ServerState

from proxy.web.connection import Connection
from proxy.web.recipes import Recipes, hear

_READING = frozenset({"GET", "HEAD"})
_REQUEST_MAX_BYTES = 8192


class FastConnection(Connection):
    """A connection that knows *recipes*."""

    def __init__(
        self,
        config: uvicorn.Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        recipes: Recipes,
        **limits: Any,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop, **limits)
        self._recipes = recipes

    def data_received(self, data: bytes) -> None:
        """Answer at once what is known; else parse it, and mark it to be known next time."""
        if self._is_busy() or len(data) > _REQUEST_MAX_BYTES:
            super().data_received(data)
            return
        now = time.monotonic()
        date = self.server_state.default_headers[0][1]
        answer = self._recipes.answer(data, now, date)
        if answer is None:
            self._parse_and_mark(data)
            return
        self._deadline = now + self._limits.keep_alive_s
        head, body = answer
        if body:
            self.transport.writelines(answer)  # the body is not copied
        else:
            self.transport.write(head)

    def _is_busy(self) -> bool:
        """Say whether something is under way, in either direction."""
        return (
            self.cycle is not None
            or self._in_message
            or self.flow.write_paused
            or self._is_refused
            or self._is_last
        )

    def _parse_and_mark(self, data: bytes) -> None:
        before = self._message_count
        super().data_received(data)
        if self._message_count == before + 1 and self._is_plain():
            hear(self.scope["state"], data)

    def _is_plain(self) -> bool:
        """Say whether the request that has just come in asks for no more than an answer."""
        return (
            not self._in_message
            and not self._is_refused
            and self.cycle.keep_alive
            and not self.cycle.body
            and not self.expect_100_continue
            and self.scope["method"] in _READING
        )
