"""The rules folder as files: what counts, what tells of a change, and what a reader may see."""

import os
import threading
from pathlib import Path

import pytest

from proxy import folder
from proxy.errors import Problem
from proxy.folder import Folder

_LONG_AGO = 1_700_000_000


def _write(path: Path, text: str) -> None:
    path.write_text(text)
    os.utime(path, (_LONG_AGO, _LONG_AGO))


def test_rules_and_what_stands_beside_them_are_read(tmp_path: Path) -> None:
    for name in ("b.yaml", "a.yaml", "list.json", "README.md", ".hidden.yaml", "a.yaml.bak"):
        (tmp_path / name).write_text(name)
    read = Folder(tmp_path).read()
    names = ["a.yaml", "b.yaml", "list.json"]
    assert read == {str(tmp_path / name): name for name in names}
    assert [*read.values()] == names


def test_what_cannot_be_read_is_told_where_it_would_be_rules(tmp_path: Path) -> None:
    for name in ("hero.yaml", "hero.yml", "list.json"):
        (tmp_path / name).write_bytes(b"\xff")
    read = Folder(tmp_path).read()
    assert read
    told = {Path(name).name: text.mend for name, text in read.items() if isinstance(text, Problem)}
    assert told == {"hero.yaml": "save it as UTF-8", "hero.yml": "rename it"}
    assert len(read) == len(told)


def test_what_was_just_written_may_yet_change(tmp_path: Path) -> None:
    (tmp_path / "hero.yaml").write_text("new")
    assert Folder(tmp_path).look() is None


@pytest.mark.parametrize("change", ["edit", "add", "remove", "beside", "misnamed"])
def test_a_change_looks_different(tmp_path: Path, change: str) -> None:
    _write(tmp_path / "hero.yaml", "text")
    before = Folder(tmp_path).look()
    assert before == Folder(tmp_path).look()
    match change:
        case "edit":
            _write(tmp_path / "hero.yaml", "other text")
        case "add":
            _write(tmp_path / "offers.yaml", "text")
        case "remove":
            (tmp_path / "hero.yaml").unlink()
        case "beside":
            _write(tmp_path / "list.json", "[]")
        case _:
            _write(tmp_path / "hero.yml", "text")
    assert Folder(tmp_path).look() not in {None, before}


def test_who_reads_meanwhile_gets_all_of_one_text(tmp_path: Path) -> None:
    file = tmp_path / "hero.yaml"
    texts = {letter * 200_000 for letter in "ab"}
    file.write_text(min(texts))
    seen: set[str] = set()
    is_over = threading.Event()

    def read() -> None:
        while not is_over.is_set():
            seen.add(file.read_text())

    reader = threading.Thread(target=read)
    reader.start()
    for text in [*texts] * 25:
        folder.write(file, text)
    is_over.set()
    reader.join()
    assert seen <= texts
    assert [path.name for path in tmp_path.iterdir()] == ["hero.yaml"]


def test_a_file_that_cannot_be_replaced_is_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "hero.yaml").mkdir()
    with pytest.raises(IsADirectoryError):
        folder.write(tmp_path / "hero.yaml", "text")
    assert [path.name for path in tmp_path.iterdir()] == ["hero.yaml"]


def test_line_ends_stay_as_they_are(tmp_path: Path) -> None:
    folder.write(tmp_path / "hero.yaml", "a\r\nb\n")
    assert Folder(tmp_path).read() == {str(tmp_path / "hero.yaml"): "a\r\nb\n"}


def test_a_folder_that_is_gone_is_told_from_one_that_is_empty(tmp_path: Path) -> None:
    assert Folder(tmp_path).read() == {}
    assert Folder(tmp_path / "gone").read() is None
