"""SQLite behind one thread, so that whoever writes at the same moment shares one commit.

Nobody is answered before the commit: WAL with synchronous FULL, so that a power cut loses nothing
either.
"""

import asyncio
import contextlib
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Generic, TypeVar

from proxy.errors import OutboxFull

T = TypeVar("T")

_SETTINGS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA busy_timeout = 5000",
    "PRAGMA journal_size_limit = 4194304",
)
_JOBS_MAX = 1000
_BATCH_MAX = 200


@dataclass(frozen=True, slots=True)
class _Job(Generic[T]):
    """Something to do with the database, and who waits for what comes of it."""

    work: Callable[[sqlite3.Connection], T]
    outcome: Future[T]


class Database:
    """A thread with a connection of its own. What waits for it is done in one transaction."""

    def __init__(self, path: Path, *, schema: str) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        for statement in _SETTINGS:
            self._connection.execute(statement)
        self._connection.executescript(schema)
        self._jobs: SimpleQueue[_Job[Any] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="outbox", daemon=True)
        self._thread.start()

    async def do(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do *work* and commit it, together with what else waits.

        Raises:
            OutboxFull: too much waits, or the disk does not take it.
        """
        if self._jobs.qsize() >= _JOBS_MAX:
            raise OutboxFull(f"{_JOBS_MAX} writers wait for the disk")
        outcome: Future[T] = Future()
        self._jobs.put(_Job(work, outcome))
        return await asyncio.wrap_future(outcome)

    def close(self) -> None:
        """Do what waits, then end."""
        self._jobs.put(None)
        self._thread.join()
        self._connection.close()

    def _run(self) -> None:
        while (first := self._jobs.get()) is not None:
            jobs = [first, *self._waiting()]
            self._commit([job for job in jobs if job.outcome.set_running_or_notify_cancel()])

    def _waiting(self) -> Iterator[_Job[Any]]:
        """Give what else waits by now, up to a batch."""
        for _ in range(min(self._jobs.qsize(), _BATCH_MAX)):
            job = self._jobs.get()
            if job is None:
                self._jobs.put(None)  # the end, for `_run` to see
                return
            yield job

    def _commit(self, jobs: Sequence[_Job[Any]]) -> None:
        """Do all *jobs* at once; where that fails each by itself, so that one spoils no other."""
        try:
            with self._transaction():
                done = [job.work(self._connection) for job in jobs]
        except (sqlite3.Error, OutboxFull) as exc:
            if len(jobs) > 1:
                for job in jobs:
                    self._commit([job])
            else:
                jobs[0].outcome.set_exception(_ours(exc))
        else:
            for job, value in zip(jobs, done, strict=True):
                job.outcome.set_result(value)

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise


def _ours(exc: Exception) -> Exception:
    if isinstance(exc, OutboxFull):
        return exc
    full = OutboxFull(f"the outbox cannot be written: {exc}")
    full.__cause__ = exc
    return full
