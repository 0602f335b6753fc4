"""The file of what is kept: whole or not at all, bounded, private, never younger than it was."""

import logging
import math
import random
import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from proxy.core import listing
from proxy.core.entry import Entry
from proxy.core.freshness import RESTORED, Lifetime, State
from proxy.core.keys import key_of
from proxy.edge import snapshot
from proxy.edge.codec import PAGES
from proxy.edge.memory import Memory
from proxy.edge.snapshot import Part, Record, Snapshot
from proxy.errors import UpstreamFailed
from proxy.model import Page
from tests.clock import Clock

_MAX_BYTES = 1_000_000


def page(name: str = "p1", size: int = 0) -> Page:
    return listing.read(b'{"Meta":{},"Items":[{"ID":"%s%s"}]}' % (name.encode(), b"x" * size))


@dataclass
class Gateway:
    """Memory that outlives its process in *path*."""

    path: Path
    clock: Clock = field(default_factory=lambda: Clock(1000.0))
    max_bytes: int = _MAX_BYTES
    max_age_s: float = 3600.0
    ended: set[bytes] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.memory = Memory[Page](100_000_000, clock=self.clock, random=random.random)
        self.file = Snapshot(self.path, max_bytes=self.max_bytes)
        self.file.add(
            snapshot.of_memory(
                "pages",
                self.memory,
                PAGES,
                is_ended=lambda entry: entry.tags in self.ended,
                max_age_s=self.max_age_s,
                clock=self.clock,
            )
        )

    def keep(self, name: str, *, age_s: float = 0.0, tags: bytes = b"", size: int = 0) -> None:
        entry = Entry(page(name, size), self.clock() - age_s, tags=tags, born=7, seen=9)
        self.memory.put(key_of("page", name), entry)

    def kept(self, name: str) -> Entry[Page] | None:
        return self.memory.get(key_of("page", name))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "snapshot"


def test_what_was_kept_is_found_again_with_all_that_tells_whether_it_holds(path: Path) -> None:
    before = Gateway(path)
    before.keep("a", tags=b"12345678")
    assert before.file.write()
    found = Gateway(path, clock=Clock(5.0)).kept("a")
    assert found is not None
    assert (found.value, found.tags, found.born, found.seen) == (page("a"), b"12345678", 7, 7)


def test_it_stands_in_for_what_cannot_be_had_and_no_more(path: Path) -> None:
    before = Gateway(path)
    before.keep("a")
    before.file.write()
    after = Gateway(path)
    found = after.kept("a")
    assert found is not None
    assert found.lifetime is RESTORED
    assert found.state(after.clock(), Lifetime(60, 60, 3600)) is State.ON_ERROR


def test_it_is_as_old_as_it_is(path: Path) -> None:
    before = Gateway(path)
    before.keep("a", age_s=100.0)
    before.file.write()
    after = Gateway(path, clock=Clock(0.0))
    found = after.kept("a")
    assert found is not None
    assert found.age_s(after.clock()) == pytest.approx(100.0, abs=5.0)


def test_what_is_too_old_is_not_put_back(path: Path) -> None:
    before = Gateway(path)
    before.keep("old", age_s=200.0)
    before.keep("young", age_s=10.0)
    before.file.write()
    after = Gateway(path, max_age_s=100.0)
    assert after.kept("old") is None
    assert after.kept("young") is not None


def test_what_a_purge_has_ended_and_what_lives_for_moments_only_is_not_written(path: Path) -> None:
    before = Gateway(path, ended={b"purged.."})
    before.keep("purged", tags=b"purged..")
    entry = Entry(page("nothing"), before.clock(), Lifetime(10.0))
    before.memory.put(key_of("page", "nothing"), entry)
    before.keep("good")
    before.file.write()
    after = Gateway(path)
    assert len(after.memory.entries()) == 1
    assert after.kept("good") is not None


def test_it_is_bounded_and_the_newest_are_in_it(path: Path) -> None:
    before = Gateway(path, max_bytes=50_000)
    for age in range(100):
        before.keep(f"p{age}", age_s=float(age), size=2000)
    before.file.write()
    assert path.stat().st_size < 51_000
    after = Gateway(path)
    assert 15 < len(after.memory.entries()) < 30
    assert after.kept("p0") is not None
    assert after.kept("p99") is None


def test_a_part_leaves_room_for_those_behind_it(path: Path) -> None:
    def part(name: str, found: list[Record]) -> Part:
        records = [Record(name, b"k%d" % i, b"x" * 1000, 0.0) for i in range(100)]
        return Part(name, lambda: records, found.append)

    before = Snapshot(path, max_bytes=40_000)
    for name in ("one", "two"):
        before.add(part(name, []))
    before.write()
    found: dict[str, list[Record]] = {"one": [], "two": []}
    after = Snapshot(path, max_bytes=40_000)
    for name, records in found.items():
        after.add(part(name, records))
    assert [len(records) for records in found.values()] == [19, 19]


def test_it_is_its_owners_alone(path: Path) -> None:
    path.parent.mkdir()
    path.write_text("old")
    path.chmod(0o644)
    Gateway(path).file.write()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_what_was_left_of_a_write_that_did_not_end_is_in_nobodys_way(path: Path) -> None:
    path.parent.mkdir()
    (path.parent / ".snapshot.new").write_text("half")
    before = Gateway(path)
    before.keep("a")
    assert before.file.write()
    assert list(path.parent.iterdir()) == [path]


def test_a_disk_that_cannot_be_written_is_told_and_does_no_harm(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path.parent.write_text("a file where the folder should be")
    assert not Gateway(path).file.write()
    assert "the snapshot cannot be written" in caplog.messages


def test_where_there_is_none_nothing_is_said(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        Gateway(path)
    assert not caplog.messages


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[:-1],
        lambda content: content[1:],
        lambda content: content + b"x",
        lambda content: content.replace(b"p1", b"p2"),
        lambda content: content.replace(b"snapshot 1", b"snapshot 2"),
        lambda _: b"",
        lambda _: b"junk",
    ],
)
def test_a_damaged_file_is_none(
    path: Path, damage: Callable[[bytes], bytes], caplog: pytest.LogCaptureFixture
) -> None:
    before = Gateway(path)
    before.keep("p1")
    before.file.write()
    path.write_bytes(damage(path.read_bytes()))
    assert not Gateway(path).memory.entries()
    assert "the snapshot cannot be used" in caplog.messages


def test_values_of_another_release_are_left_aside(path: Path) -> None:
    before = Gateway(path)
    before.keep("a")
    before.file.write()
    other = Snapshot(path, max_bytes=_MAX_BYTES)
    found: list[Record] = []
    other.add(Part("pages:another", list, found.append))
    assert not found


def test_what_cannot_be_read_is_left_out(path: Path) -> None:
    name = f"pages:{PAGES.version}"
    record = Record(name, b"0123456789abcdef", b"no page", math.inf)
    before = Snapshot(path, max_bytes=_MAX_BYTES)
    before.add(Part(name, lambda: [record], lambda _: None))
    before.write()
    assert not Gateway(path).memory.entries()


def test_keys_are_found_again(path: Path) -> None:
    known = {"one": b"{}", "two": b"[]"}
    before = Snapshot(path, max_bytes=_MAX_BYTES)
    before.add(snapshot.of_keys(lambda: known, lambda *_: None))
    before.write()
    found: dict[str, bytes] = {}

    def restore(kid: str, jwk: bytes) -> None:
        if kid == "two":
            raise UpstreamFailed("no key")
        found[kid] = jwk

    Snapshot(path, max_bytes=_MAX_BYTES).add(snapshot.of_keys(lambda: known, restore))
    assert found == {"one": b"{}"}


def test_keys_of_days_ago_are_not(path: Path) -> None:
    before = Snapshot(path, max_bytes=_MAX_BYTES)
    before.add(Part("keys", lambda: [Record("keys", b"one", b"{}", 0.0)], lambda _: None))
    before.write()
    found: list[str] = []
    after = Snapshot(path, max_bytes=_MAX_BYTES)
    after.add(snapshot.of_keys(dict, lambda kid, _: found.append(kid)))
    assert not found
