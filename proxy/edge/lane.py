"""Many small questions to one server as few exchanges: what is asked meanwhile travels together.

One exchange is under way at a time, and the next takes all that was asked since it began. So a
lone question leaves at once, and the more are asked, the more share the cost of an exchange.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from proxy.edge.breaker import Call
from proxy.errors import ProxyError, RedisAway
from proxy.tasks import Tasks

Q = TypeVar("Q")
A = TypeVar("A")

TOGETHER_MAX = 512
"""Questions in one exchange; what is asked beyond is refused, since it would only wait."""


class Lane(Generic[Q, A]):
    """Asks by *exchange*: questions in, as many answers out. Who asks waits at most *timeout_s*.

    *observe* is told of each batch as it begins; what it raises refuses the question. An exchange
    that takes longer than its questions wait goes on to its own limit: a connection that is being
    made is not broken off.
    """

    def __init__(
        self,
        exchange: Callable[[Sequence[Q]], Awaitable[Sequence[A]]],
        *,
        observe: Callable[[], Call],
        tasks: Tasks,
        timeout_s: float,
    ) -> None:
        self._exchange = exchange
        self._observe = observe
        self._tasks = tasks
        self._timeout_s = timeout_s
        self._waiting: _Batch[Q, A] | None = None
        self._is_busy = False

    def ask(self, question: Q) -> asyncio.Future[A]:
        """Return what will hold the answer.

        Raises:
            RedisAway: it cannot be asked now. The future may raise it as well.
        """
        batch = self._waiting or self._begin()
        if len(batch.questions) >= TOGETHER_MAX:
            raise RedisAway(f"{TOGETHER_MAX} questions wait for redis already")
        return batch.add(question)

    def _begin(self) -> "_Batch[Q, A]":
        batch = self._waiting = _Batch(self._observe())
        asyncio.get_running_loop().call_later(self._timeout_s, self._expire, batch)
        if not self._is_busy:
            self._is_busy = True
            self._tasks.spawn(self._run(), name="redis batches")
        return batch

    def _expire(self, batch: "_Batch[Q, A]") -> None:
        if batch is self._waiting:
            self._waiting = None
        batch.fail(RedisAway(f"redis did not answer within {self._timeout_s:g} s"))

    async def _run(self) -> None:
        try:
            while (batch := self._waiting) is not None:
                self._waiting = None
                await batch.send(self._exchange)
        finally:
            self._is_busy = False


class _Batch(Generic[Q, A]):
    """Questions that travel together, and who waits for their answers."""

    def __init__(self, call: Call) -> None:
        self.questions: list[Q] = []
        self._answers: list[asyncio.Future[A]] = []
        self._call = call

    def add(self, question: Q) -> asyncio.Future[A]:
        """Let *question* travel along."""
        answer: asyncio.Future[A] = asyncio.get_running_loop().create_future()
        self.questions.append(question)
        self._answers.append(answer)
        return answer

    async def send(self, exchange: Callable[[Sequence[Q]], Awaitable[Sequence[A]]]) -> None:
        """Ask, and hand out the answers."""
        try:
            answers = await exchange(self.questions)
        except ProxyError as exc:
            self.fail(exc)
            return
        except BaseException:
            self.fail(RedisAway("the exchange was broken off"), failed=None)
            raise
        self._call.end("ok", failed=False)
        for waiting, answer in zip(self._answers, answers, strict=True):
            if not waiting.done():
                waiting.set_result(answer)

    def fail(self, exc: ProxyError, *, failed: bool | None = True) -> None:
        """Tell everybody who still waits that there is no answer."""
        self._call.end(exc.code, failed=failed)
        for waiting in self._answers:
            if not waiting.done():
                waiting.set_exception(exc)
