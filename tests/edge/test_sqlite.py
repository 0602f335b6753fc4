"""One thread, one commit for all who wait."""

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from proxy.edge.sqlite import Database
from proxy.errors import OutboxFull

_SCHEMA = "CREATE TABLE IF NOT EXISTS numbers (number INTEGER PRIMARY KEY) STRICT;"


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(tmp_path / "numbers.db", schema=_SCHEMA)
    yield database
    database.close()


async def _add(database: Database, number: int) -> None:
    await database.do(lambda db: db.execute("INSERT INTO numbers VALUES (?)", (number,)).close())


async def _numbers(database: Database) -> list[int]:
    return await database.do(
        lambda db: [number for (number,) in db.execute("SELECT number FROM numbers")]
    )


async def test_what_is_done_can_be_read_by_others(database: Database, tmp_path: Path) -> None:
    await _add(database, 1)
    other = sqlite3.connect(tmp_path / "numbers.db")
    assert other.execute("SELECT number FROM numbers").fetchall() == [(1,)]
    other.close()


async def test_it_is_as_durable_as_sqlite_can_be(database: Database) -> None:
    def settings(db: sqlite3.Connection) -> list[object]:
        asked = ("journal_mode", "synchronous")
        return [db.execute(f"PRAGMA {name}").fetchone()[0] for name in asked]

    assert await database.do(settings) == ["wal", 2]


async def test_who_fails_spoils_nobody_s_work(database: Database) -> None:
    outcomes = await asyncio.gather(
        *(_add(database, number) for number in (1, 2, 2, 3)), return_exceptions=True
    )
    assert [type(one) for one in outcomes] == [type(None), type(None), OutboxFull, type(None)]
    assert await _numbers(database) == [1, 2, 3]


async def test_half_done_work_leaves_no_trace(database: Database) -> None:
    def half(db: sqlite3.Connection) -> None:
        db.execute("INSERT INTO numbers VALUES (7)")
        raise OutboxFull("enough")

    with pytest.raises(OutboxFull, match="enough"):
        await database.do(half)
    assert await _numbers(database) == []


async def test_too_many_who_wait_are_turned_away(database: Database) -> None:
    outcomes = await asyncio.gather(
        *(_add(database, number) for number in range(3000)), return_exceptions=True
    )
    refused = [one for one in outcomes if isinstance(one, OutboxFull)]
    assert len(await _numbers(database)) == 3000 - len(refused)


async def test_closing_does_what_waits_first(tmp_path: Path) -> None:
    database = Database(tmp_path / "closing.db", schema=_SCHEMA)
    held = threading.Event()
    holding = asyncio.ensure_future(database.do(lambda _: held.wait()))  # noqa: TID251 - awaited below
    waiting = [asyncio.ensure_future(_add(database, number)) for number in range(50)]  # noqa: TID251 - awaited below
    await asyncio.sleep(0)
    closing = asyncio.ensure_future(asyncio.to_thread(database.close))  # noqa: TID251 - awaited below
    await asyncio.sleep(0)
    held.set()
    await asyncio.gather(holding, closing)
    await asyncio.gather(*waiting)
    again = Database(tmp_path / "closing.db", schema=_SCHEMA)
    assert len(await _numbers(again)) == 50
    again.close()
