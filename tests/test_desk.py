"""The desk: what goes into service, what does not, and what is told of it before."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from proxy.core.traffic import Counted, Kind, Traffic
from proxy.desk import Desk, Edit
from proxy.edits import FolderEdits
from proxy.errors import (
    DocumentError,
    EditConflict,
    RequestError,
    UnknownPlacement,
    UnknownRevision,
)
from proxy.folder import Folder
from proxy.reload import RuleBook
from proxy.revisions import etag_of

_DEFAULT = "placement: {}\nresource: me/products\ndefault: {{query: {{categoryID: {}}}}}\n"
_RULED = """placement: hero
resource: me/products
decision: {flow: hero, segment: persona}
rules:
  - {name: vips, when: {segment: vip}, query: {categoryID: watches}}
default: {query: {categoryID: new}}
examples:
  - {given: {segment: vip}, expect: {rule: vips}}
"""
_BROKEN = "placement: hero\nresource: me/products\ndefault: {query: {pageSize: 1000}}\n"


def _text(name: str = "hero", category: str = "new") -> str:
    return _DEFAULT.format(name, category)


def _always(_: str | None) -> bool:
    return True


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Hold the rules: of one placement, to begin with."""
    (tmp_path / "hero.yaml").write_text(_text())
    return tmp_path


def _desk(folder: Path, *counted: Counted) -> Desk:
    now = datetime.now(UTC)
    book = RuleBook(Folder(folder), on_load=lambda _: None)
    return Desk(book, FolderEdits(), traffic=lambda: Traffic(now, now, counted))


@pytest.fixture
def desk(folder: Path) -> Desk:
    """Edit the rules of that folder."""
    return _desk(folder)


class TestNames:
    @pytest.mark.parametrize("name", ["hero", "hero.yaml"])
    async def test_a_file_is_found_with_or_without_its_ending(self, desk: Desk, name: str) -> None:
        assert await desk.text(name) == ("hero.yaml", _text())
        assert desk.placement(name).name == "hero"

    async def test_so_it_is_by_its_placement(self, desk: Desk, folder: Path) -> None:
        await desk.publish(Edit("other-name", _text("offers")), expects=_always)
        assert await desk.text("offers") == ("other-name.yaml", _text("offers"))
        assert desk.placement("offers").file == str(folder / "other-name.yaml")

    @pytest.mark.parametrize("name", ["", ".hero.yaml", "../hero", "a/b", "a b", "a" * 101])
    async def test_what_is_no_name_is_refused(self, desk: Desk, name: str) -> None:
        with pytest.raises(RequestError, match="can be called"):
            await desk.text(name)

    async def test_what_is_not_there_is_told(self, desk: Desk) -> None:
        with pytest.raises(UnknownPlacement, match=r"no rules file offers\.yaml"):
            await desk.text("offers")
        with pytest.raises(UnknownPlacement):
            await desk.publish(Edit("offers", None), expects=_always)


class TestReview:
    async def test_nothing_changes_by_it(self, desk: Desk, folder: Path) -> None:
        before = desk.rules
        await desk.review(Edit("hero", _text(category="sale")))
        assert desk.rules is before
        assert (folder / "hero.yaml").read_text() == _text()

    async def test_it_says_who_gets_another_list(self, desk: Desk) -> None:
        review = await desk.review(Edit("hero", _RULED))
        (change,) = review.as_json()["changes"]
        assert change["given"] == [{"segment": "vip"}]
        assert change["after"].endswith("?categoryID=watches (vips)")
        assert (review.is_new, review.example_count, review.failed) == (False, 1, ())

    async def test_and_how_many_of_late(self, folder: Path) -> None:
        (folder / "hero.yaml").write_text(_RULED)
        counted = [
            Counted(Kind("hero", "vips", ("vip",)), 30),
            Counted(Kind("hero", "default"), 70),
        ]
        review = await _desk(folder, *counted).review(
            Edit("hero", _RULED.replace("watches", "rings"))
        )
        assert (review.as_json()["answers"], review.as_json()["touched"]) == (100, 0.3)

    async def test_an_example_that_fails_is_told(self, desk: Desk) -> None:
        review = await desk.review(Edit("hero", _RULED.replace("{rule: vips}", "{rule: others}")))
        (failed,) = review.failed
        assert failed.wrong == "expected rule 'others', got 'vips'"

    async def test_a_rule_that_never_applies_is_told(self, desk: Desk) -> None:
        again = "  - {name: again, when: {segment: vip}, query: {}}\ndefault"
        review = await desk.review(Edit("hero", _RULED.replace("default", again, 1)))
        assert "never applies" in review.notes[0].what

    async def test_every_mistake_is_told_with_its_place(self, desk: Desk, folder: Path) -> None:
        with pytest.raises(DocumentError) as refused:
            await desk.review(Edit("hero", _BROKEN))
        (problem,) = refused.value.problems
        assert (problem.file, problem.line) == (str(folder / "hero.yaml"), 3)

    async def test_so_is_one_that_it_makes_elsewhere(self, desk: Desk, folder: Path) -> None:
        (folder / "list.json").write_text('[{"ID": "p1"}]')
        await desk.publish(Edit("hero", _text() + "curated: list.json\n"), expects=_always)
        with pytest.raises(DocumentError, match=r"hero\.yaml:4:.*the list is empty"):
            await desk.review(Edit("list.json", "[]"))
        with pytest.raises(DocumentError, match="already defined"):
            await desk.review(Edit("second", _text()))

    @pytest.mark.parametrize("text", ["[1,\n  2", "[" * 100_000])
    async def test_a_list_that_is_no_json_is_told(self, desk: Desk, text: str) -> None:
        with pytest.raises(DocumentError, match=r"list\.json:\d+:\d+: this is"):
            await desk.review(Edit("list.json", text))

    async def test_a_list_is_new_once(self, desk: Desk) -> None:
        for is_new in (True, False):
            review = await desk.publish(Edit("list.json", "[]"), expects=_always)
            assert review.is_new is is_new

    async def test_what_was_wrong_before_elsewhere_is_not_in_the_way(
        self, desk: Desk, folder: Path
    ) -> None:
        (folder / "broken.yaml").write_text(_BROKEN.replace("hero", "broken"))
        desk = _desk(folder)
        assert desk.rules.problems
        await desk.publish(Edit("hero", _text(category="sale")), expects=_always)
        with pytest.raises(DocumentError):
            await desk.review(Edit("broken", _BROKEN.replace("hero", "broken")))


class TestPublishing:
    async def test_it_serves_at_once_and_stands_in_the_folder(
        self, desk: Desk, folder: Path
    ) -> None:
        review = await desk.publish(Edit("offers", _text("offers", "sale")), expects=_always)
        assert sorted(desk.rules.placements) == ["hero", "offers"]
        assert (review.is_new, review.version) == (True, desk.rules.version)
        assert (folder / "offers.yaml").read_text() == _text("offers", "sale")

    async def test_what_is_broken_does_not(self, desk: Desk, folder: Path) -> None:
        before = desk.rules
        with pytest.raises(DocumentError):
            await desk.publish(Edit("hero", _BROKEN), expects=_always)
        assert desk.rules is before
        assert (folder / "hero.yaml").read_text() == _text()

    async def test_a_file_can_be_taken_away(self, desk: Desk, folder: Path) -> None:
        await desk.publish(Edit("hero", None), expects=_always)
        assert not desk.rules.placements
        assert not (folder / "hero.yaml").exists()
        assert len(await desk.revisions("hero")) == 1

    async def test_who_expects_another_text_is_told(self, desk: Desk) -> None:
        seen: list[str | None] = []

        def expects(etag: str | None) -> bool:
            seen.append(etag)
            return False

        for name in ("hero", "offers"):
            with pytest.raises(EditConflict, match="is not as it was"):
                await desk.publish(Edit(name, _text(name, "sale")), expects=expects)
        assert seen == [etag_of(_text()), None]


class TestHistory:
    async def test_every_text_can_be_had_again(self, desk: Desk) -> None:
        for category in ("sale", "rings"):
            await desk.publish(Edit("hero", _text(category=category)), expects=_always)
        listed = await desk.revisions("hero")
        texts = [await desk.revision("hero", one.id) for one in listed]
        assert texts == [_text(category=one) for one in ("rings", "sale", "new")]

    async def test_an_edit_by_hand_in_between_is_kept_too(self, desk: Desk, folder: Path) -> None:
        await desk.publish(Edit("hero", _text(category="sale")), expects=_always)
        (folder / "hero.yaml").write_text(_text(category="by-hand"))
        await desk.publish(Edit("hero", _text(category="rings")), expects=_always)
        listed = await desk.revisions("hero")
        assert await desk.revision("hero", listed[1].id) == _text(category="by-hand")

    async def test_what_is_not_kept_is_unknown(self, desk: Desk) -> None:
        assert await desk.revisions("hero") == []
        with pytest.raises(UnknownRevision):
            await desk.revision("hero", "1")
