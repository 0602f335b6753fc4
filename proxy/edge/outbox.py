"""The outbox: events on disk (SQLite) until CDP has taken them."""

import asyncio
import contextlib
import fcntl
import json
import sqlite3
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from proxy.core.events import RETRY_MAX_S, Depth, Event, Listed, Pending
from proxy.edge.sqlite import Database
from proxy.errors import DocumentError, OutboxFull, Problem
from proxy.sections import Events as EventsConfig

_SCHEMA = """
CREATE TABLE IF NOT EXISTS events (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  guest TEXT NOT NULL,
  type TEXT NOT NULL,
  content BLOB NOT NULL,
  accepted_at REAL NOT NULL,
  dead_at REAL,
  reason TEXT
) STRICT;
CREATE INDEX IF NOT EXISTS waiting_events ON events (guest, number) WHERE dead_at IS NULL;
CREATE INDEX IF NOT EXISTS dead_events ON events (dead_at) WHERE dead_at IS NOT NULL;
CREATE TABLE IF NOT EXISTS guests (
  guest TEXT PRIMARY KEY,
  due_at REAL NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  reason TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS due_guests ON guests (due_at);
CREATE TABLE IF NOT EXISTS marks (
  key TEXT PRIMARY KEY,
  guest TEXT NOT NULL,
  at REAL NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS old_marks ON marks (at);
CREATE TABLE IF NOT EXISTS identities (
  guest TEXT PRIMARY KEY,
  identifier TEXT NOT NULL,
  at REAL NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS identified_guests ON identities (identifier, at);
CREATE INDEX IF NOT EXISTS old_identities ON identities (at);
CREATE INDEX IF NOT EXISTS marks_of_guests ON marks (guest);
"""
"""`guests` holds those with waiting events: a guest's first event is tried at `due_at`, after
`attempts` failures, the last of them for `reason`. `marks` holds the keys of accepted events."""

_MARK = "INSERT INTO marks VALUES (:key, :guest, :now) ON CONFLICT DO NOTHING"
_IDENTIFY = """
INSERT INTO identities VALUES (:guest, :identifier, :now)
ON CONFLICT DO UPDATE SET identifier = excluded.identifier, at = excluded.at
WHERE identifier <> excluded.identifier
"""
_APPEND = """
INSERT INTO events (guest, type, content, accepted_at) VALUES (:guest, :type, :content, :now)
"""
_QUEUE = "INSERT INTO guests (guest, due_at) VALUES (:guest, :now) ON CONFLICT DO NOTHING"
_DUE = """
SELECT number, guest, type, content, attempts FROM guests JOIN events USING (guest)
WHERE number = (SELECT min(number) FROM events WHERE guest = guests.guest AND dead_at IS NULL)
AND (due_at <= :now OR due_at > :never) AND guest NOT IN (SELECT value FROM json_each(:busy))
ORDER BY due_at LIMIT :limit
"""
_DONE = "DELETE FROM events WHERE number = :number"
_DEAD = "UPDATE events SET dead_at = :now, reason = :reason WHERE number = :number"
_NEXT = "UPDATE guests SET due_at = :now, attempts = 0, reason = NULL WHERE guest = :guest"
_IDLE = """
DELETE FROM guests WHERE guest = :guest
AND NOT EXISTS (SELECT 1 FROM events WHERE guest = :guest AND dead_at IS NULL)
"""
_RETRY = """
UPDATE guests SET due_at = :due, attempts = attempts + 1, reason = :reason WHERE guest = :guest
"""
_PRUNE = (
    "DELETE FROM marks WHERE at < :marks_before",
    "DELETE FROM identities WHERE at < :marks_before",
    "DELETE FROM events WHERE dead_at < :dead_before",
)
_MAKE_ROOM = """
DELETE FROM events WHERE number IN
(SELECT number FROM events WHERE dead_at IS NOT NULL ORDER BY dead_at LIMIT 500)
"""
_SIZE = """
SELECT (page_count - freelist_count) * page_size
FROM pragma_page_count, pragma_freelist_count, pragma_page_size
"""
_GUEST_OF = "SELECT guest FROM identities WHERE identifier = :identifier ORDER BY at DESC LIMIT 1"
_FORGET = (
    "DELETE FROM events WHERE guest = :guest",
    "DELETE FROM guests WHERE guest = :guest",
    "DELETE FROM identities WHERE guest = :guest",
    "DELETE FROM marks WHERE guest = :guest",
)
_LIST = """
SELECT number, guest, type, accepted_at, attempts, guests.reason
FROM guests JOIN events USING (guest) WHERE dead_at IS NULL ORDER BY number LIMIT :limit
"""
_LIST_DEAD = """
SELECT number, guest, type, accepted_at, 0, reason
FROM events WHERE dead_at IS NOT NULL ORDER BY number LIMIT :limit
"""
_REVIVE = """
UPDATE events SET dead_at = NULL, reason = NULL WHERE dead_at IS NOT NULL AND
(:numbers IS NULL OR number IN (SELECT value FROM json_each(:numbers))) RETURNING guest
"""
_COUNT = """
SELECT (SELECT count(*) FROM events WHERE dead_at IS NULL),
(SELECT count(*) FROM events WHERE dead_at IS NOT NULL),
(SELECT accepted_at FROM events WHERE dead_at IS NULL ORDER BY number LIMIT 1)
"""


class Outbox:
    """Events by guest, in the order in which they were accepted. *clock* gives epoch seconds."""

    is_shared = False

    def __init__(
        self, database: Database, config: EventsConfig, *, clock: Callable[[], float]
    ) -> None:
        self._database = database
        self._config = config
        self._clock = clock

    async def append(self, events: Sequence[Event]) -> int:
        """Keep what is new of *events*, all or nothing; return how many were.

        They are on disk when it returns, and so are the marks by which they are known again.

        Raises:
            OutboxFull: nothing was kept.
        """
        now = self._clock()
        rows = [_row(event, now) for event in events]
        size = sum(len(row["content"]) for row in rows)

        def work(db: sqlite3.Connection) -> int:
            self._prune(db, now)
            if not self._has_room(db, size):
                raise OutboxFull("the outbox has reached events.size")
            return sum(_accept(db, row) for row in rows)

        return await self._database.do(work)

    async def due(self, *, limit: int, busy: Collection[str]) -> list[Pending]:
        """Return the first event of up to *limit* guests whose turn it is, but of none *busy*.

        A turn further away than any retry is long was written by a clock that went wrong.
        """
        now = self._clock()
        times = {"now": now, "never": now + RETRY_MAX_S}
        wanted = {**times, "busy": json.dumps(list(busy)), "limit": limit}
        return await self._database.do(
            lambda db: [Pending(*row) for row in db.execute(_DUE, wanted)]
        )

    async def done(self, event: Pending) -> None:
        """Forget *event*: CDP has it."""
        await self._settle(_DONE, event, {})

    async def dead(self, event: Pending, reason: str) -> None:
        """Put *event* aside: CDP will never take it. The guest's next one has its turn."""
        await self._settle(_DEAD, event, {"reason": reason})

    async def _settle(self, statement: str, event: Pending, more: dict[str, str]) -> None:
        row = {"number": event.number, "guest": event.guest, "now": self._clock(), **more}
        await self._database.do(lambda db: _execute(db, (statement, _NEXT, _IDLE), row))

    async def retry(self, event: Pending, *, after_s: float, reason: str) -> None:
        """Let the guest wait; what comes after *event* waits as well."""
        row = {"guest": event.guest, "due": self._clock() + after_s, "reason": reason}
        await self._database.do(lambda db: _execute(db, (_RETRY,), row))

    async def guest_of(self, identifier: str) -> str | None:
        """Return the browser at which *identifier* was seen last."""
        row = {"identifier": identifier}
        return await self._database.do(lambda db: _one(db, _GUEST_OF, row))

    async def forget(self, guest: str) -> None:
        """Delete all that is known of a guest, waiting and dead events included."""
        await self._database.do(lambda db: _execute(db, _FORGET, {"guest": guest}))

    async def depth(self) -> Depth:
        """Return how much waits and how much is dead."""
        return await self._database.do(lambda db: Depth(*db.execute(_COUNT).fetchone()))

    async def waiting(self, limit: int) -> list[Listed]:
        """Return the first *limit* waiting events; `reason` is why the guest's turn is later."""
        return await self._list(_LIST, limit)

    async def dead_letters(self, limit: int) -> list[Listed]:
        """Return the first *limit* dead events, each with the reason."""
        return await self._list(_LIST_DEAD, limit)

    async def _list(self, statement: str, limit: int) -> list[Listed]:
        return await self._database.do(
            lambda db: [Listed(*row) for row in db.execute(statement, {"limit": limit})]
        )

    async def replay(self, numbers: Sequence[int] | None = None) -> int:
        """Let dead events, all or those *numbers*, wait again in their old order; count them."""
        chosen = {"numbers": None if numbers is None else json.dumps(numbers)}
        now = self._clock()

        def work(db: sqlite3.Connection) -> int:
            guests = db.execute(_REVIVE, chosen).fetchall()
            db.executemany(_QUEUE, [{"guest": guest, "now": now} for (guest,) in guests])
            return len(guests)

        return await self._database.do(work)

    def _has_room(self, db: sqlite3.Connection, size: int) -> bool:
        """Say whether there is room; where there is none, the oldest dead events make some."""
        if _one(db, _SIZE) + size > self._config.size:
            db.execute(_MAKE_ROOM)
        return bool(_one(db, _SIZE) + size <= self._config.size)

    def _prune(self, db: sqlite3.Connection, now: float) -> None:
        ages = {
            "marks_before": now - self._config.remember,
            "dead_before": now - self._config.keep_dead,
        }
        _execute(db, _PRUNE, ages)


@contextlib.asynccontextmanager
async def opened(
    path: Path, config: EventsConfig, *, clock: Callable[[], float]
) -> AsyncIterator[Outbox]:
    """Open the outbox at *path* (made, if there is none) for the block.

    Raises:
        DocumentError: it cannot be opened.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        database = Database(path, schema=_SCHEMA)
    except (OSError, sqlite3.Error) as exc:
        what, mend = f"{path} cannot be used: {exc}", "name a file on a disk with room"
        raise DocumentError((Problem("events.outbox", 0, 0, what, mend),)) from exc
    try:
        yield Outbox(database, config, clock=clock)
    finally:
        await asyncio.to_thread(database.close)


@contextlib.contextmanager
def owned(path: Path) -> Iterator[None]:
    """Let no second gateway deliver from the outbox at *path*: the order would be lost.

    Raises:
        DocumentError: another gateway has it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_name(f"{path.name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            what, mend = f"{path} is used by another gateway", "give each one a file of its own"
            raise DocumentError((Problem("events.outbox", 0, 0, what, mend),)) from exc
        yield


def _row(event: Event, now: float) -> dict[str, Any]:
    return {
        "guest": event.browser_id,
        "type": event.type,
        "content": msgspec.json.encode(event.content),
        "key": event.key,
        "identifier": event.identifier,
        "now": now,
    }


def _accept(db: sqlite3.Connection, row: dict[str, Any]) -> bool:
    """Mark an event as accepted and append it, unless it is no news."""
    statement = _IDENTIFY if row["identifier"] else _MARK
    is_news = db.execute(statement, row).rowcount > 0
    if is_news:
        _execute(db, (_APPEND, _QUEUE), row)
    return is_news


def _execute(db: sqlite3.Connection, statements: Sequence[str], row: dict[str, Any]) -> None:
    for statement in statements:
        db.execute(statement, row)


def _one(db: sqlite3.Connection, statement: str, row: dict[str, Any] | None = None) -> Any:
    found = db.execute(statement, row or {}).fetchone()
    return found[0] if found else None
