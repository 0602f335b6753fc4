"""Where connections come in: all that wait are taken at once.

libuv takes one in each turn of the loop. A turn of a busy gateway answers hundreds of requests, so
that whoever came meanwhile would wait for seconds before a byte of theirs is read.
"""

import asyncio
import logging
import socket
from collections.abc import Callable

from proxy.tasks import Tasks

_AT_ONCE = 256
_BACKLOG_MAX = 65_536  # more do not wait, whatever the system allows
_REST_S = 0.5
"""How long nobody is taken after it failed: mostly there are no descriptors left."""

_log = logging.getLogger(__name__)


class Door:
    """Takes connections from *listener* and hands each to what *connect* makes."""

    def __init__(
        self, listener: socket.socket, connect: Callable[[], asyncio.Protocol], *, backlog: int
    ) -> None:
        self._listener = listener
        self._connect = connect
        self._tasks = Tasks()
        self._loop = asyncio.get_running_loop()
        self._is_open = True
        listener.setblocking(False)
        listener.listen(backlog)
        self._watch()

    def close(self) -> None:
        """Take who has come so far, and nobody any more: who waited would be turned out."""
        if not self._is_open:
            return
        self._is_open = False
        self._loop.remove_reader(self._listener.fileno())
        self._let_in(most=_BACKLOG_MAX)
        self._listener.close()

    async def wait_closed(self) -> None:
        """Wait for who is on the way in."""
        await self._tasks.finish()

    def _watch(self) -> None:
        if self._is_open:
            self._loop.add_reader(self._listener.fileno(), self._let_in)

    def _let_in(self, most: int = _AT_ONCE) -> None:
        """Take who waits, a good many at most: others want their turn as well."""
        for _ in range(most):
            try:
                caller, _ = self._listener.accept()
            except (BlockingIOError, InterruptedError):
                return
            except ConnectionAbortedError:
                continue
            except OSError as exc:
                self._rest(exc)
                return
            self._tasks.spawn(self._take(caller), name="connection taken")

    async def _take(self, caller: socket.socket) -> None:
        caller.setblocking(False)
        caller.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await self._loop.connect_accepted_socket(self._connect, caller)

    def _rest(self, fault: OSError) -> None:
        """Leave who waits where they are for a moment, which may mend it."""
        _log.error("no connection can be taken", extra={"error": str(fault)})
        self._loop.remove_reader(self._listener.fileno())
        self._loop.call_later(_REST_S, self._watch)
