"""Edits that go into the folder, and what stands in the way."""

from pathlib import Path

import pytest

from proxy.edits import FolderEdits
from proxy.errors import RulesReadOnly, UnknownRevision


async def test_the_file_says_it_and_both_texts_are_kept(tmp_path: Path) -> None:
    file, edits = tmp_path / "hero.yaml", FolderEdits()
    file.write_text("one")
    await edits.put(file, "one", "two")
    assert file.read_text() == "two"
    listed = await edits.revisions(file)
    assert [await edits.revision(file, one.id) for one in listed] == ["two", "one"]
    await edits.put(file, "two", None)
    assert not file.exists()
    assert await edits.revisions(file) == listed


async def test_what_was_not_kept_is_unknown(tmp_path: Path) -> None:
    assert await FolderEdits().revisions(tmp_path / "hero.yaml") == []
    with pytest.raises(UnknownRevision):
        await FolderEdits().revision(tmp_path / "hero.yaml", "1")


async def test_a_folder_that_cannot_be_written_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root may write anywhere, so that permissions would not show it."""

    def refuse(*_: object) -> None:
        raise OSError(30, "Read-only file system")

    file = tmp_path / "hero.yaml"
    file.write_text("one")
    monkeypatch.setattr("proxy.folder.write", refuse)
    with pytest.raises(RulesReadOnly, match="Read-only file system; edit it where"):
        await FolderEdits().put(file, "one", "two")
    assert file.read_text() == "one"
