"""What a file has said: kept in order, once each, and not for ever."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from proxy.errors import UnknownRevision
from proxy.revisions import Revisions, etag_of

_NOON = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)


@pytest.fixture
def revisions(tmp_path: Path) -> Revisions:
    return Revisions(tmp_path / "hero.yaml")


def test_each_text_is_kept_the_newest_first(revisions: Revisions) -> None:
    assert revisions.listed() == []
    for hour, text in enumerate(("one", "two\r\n", "one")):
        revisions.keep(text, _NOON + timedelta(hours=hour))
    listed = revisions.listed()
    assert [revisions.text(one.id) for one in listed] == ["one", "two\r\n", "one"]
    assert [one.at.hour for one in listed] == [14, 13, 12]
    assert listed[0].etag == etag_of("one") != listed[1].etag


def test_what_a_file_says_already_is_kept_once(revisions: Revisions) -> None:
    revisions.keep("one", _NOON)
    revisions.keep("one", _NOON + timedelta(hours=1))
    assert [one.at for one in revisions.listed()] == [_NOON]


def test_the_oldest_go(revisions: Revisions) -> None:
    for second in range(103):
        revisions.keep(str(second), _NOON + timedelta(seconds=second))
    kept = [revisions.text(one.id) for one in revisions.listed()]
    assert kept == [str(second) for second in range(102, 2, -1)]


def test_each_file_has_its_own(tmp_path: Path) -> None:
    Revisions(tmp_path / "hero.yaml").keep("hero", _NOON)
    Revisions(tmp_path / "offers.yaml").keep("offers", _NOON)
    (one,) = Revisions(tmp_path / "offers.yaml").listed()
    assert Revisions(tmp_path / "offers.yaml").text(one.id) == "offers"
    with pytest.raises(UnknownRevision):
        Revisions(tmp_path / "hero.yaml").text(one.id)


@pytest.mark.parametrize(
    "revision_id", ["", "..", "../../hero.yaml", "20261129T120000.000000Z-0123456789abcdef"]
)
def test_what_was_not_kept_is_unknown(
    revisions: Revisions, tmp_path: Path, revision_id: str
) -> None:
    (tmp_path / "hero.yaml").write_text("not a revision")
    revisions.keep("one", _NOON)
    with pytest.raises(UnknownRevision, match="no revision is called"):
        revisions.text(revision_id)
