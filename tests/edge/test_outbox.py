"""The outbox on a real disk."""

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from proxy.core.events import Event, Pending
from proxy.edge import outbox
from proxy.edge.outbox import Outbox
from proxy.errors import DocumentError
from proxy.sections import Events
from tests.clock import Clock

_SMALL = Events.model_validate({"size": "256KiB"})
_START = 1_700_000_000.0


def _event(guest: str = "g", key: str = "k", **content: Any) -> Event:
    return Event(guest, "VIEW", {"type": "VIEW", **content}, key)


def _identity(guest: str, identifier: str) -> Event:
    return Event(guest, "IDENTITY", {"id": identifier}, "", identifier=identifier)


@pytest.fixture
def clock() -> Clock:
    return Clock(_START)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "made" / "outbox.db"


@pytest.fixture
async def box(path: Path, clock: Clock) -> AsyncIterator[Outbox]:
    async with outbox.opened(path, Events(), clock=clock) as opened:
        yield opened


async def _due(box: Outbox, *busy: str, limit: int = 10) -> list[Pending]:
    return await box.due(limit=limit, busy=busy)


async def test_an_accepted_event_is_on_disk_before_append_returns(box: Outbox, path: Path) -> None:
    assert await box.append([_event(n=1)]) == 1
    with sqlite3.connect(path) as other:
        assert other.execute("SELECT count(*) FROM events").fetchone() == (1,)
    other.close()


async def test_a_key_is_forgotten_when_its_time_is_over(box: Outbox, clock: Clock) -> None:
    await box.append([_event(key="a")])
    clock.now += Events().remember + 1
    assert await box.append([_event(key="a")]) == 1


async def test_a_forgotten_guest_leaves_nothing(box: Outbox, path: Path) -> None:
    await box.append([_identity("a", "alice"), _event("a", "1"), _event("a", "2")])
    await box.append([_event("b", "3")])
    await box.dead((await _due(box))[0], "no")
    await box.forget("a")
    assert [one.guest for one in await _due(box)] == ["b"]
    other = sqlite3.connect(path)
    for table in ("events", "guests", "marks", "identities"):
        assert other.execute(f"SELECT count(*) FROM {table} WHERE guest = 'a'").fetchone() == (0,)  # noqa: S608 - a table of this test
    other.close()


def test_a_second_gateway_is_refused(path: Path) -> None:
    with (
        outbox.owned(path),
        pytest.raises(DocumentError, match="another gateway"),
        outbox.owned(path),
    ):
        pass
    with outbox.owned(path):
        pass


@pytest.fixture
def nonsense(tmp_path: Path) -> Path:
    path = tmp_path / "nonsense"
    path.write_text("x" * 5000)
    return path


async def test_what_is_no_database_is_refused(nonsense: Path, clock: Clock) -> None:
    with pytest.raises(DocumentError, match="cannot be used"):
        async with outbox.opened(nonsense, Events(), clock=clock):
            pass
