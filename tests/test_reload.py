"""Rules on disk: what serves while files are edited, broken, mended and removed."""

import shutil
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from proxy.errors import DocumentError
from proxy.folder import Folder
from proxy.reload import RuleBook, _reload
from proxy.ruleset import RuleSet, load_folder
from proxy.tasks import Tasks
from tests.answers import until
from tests.conftest import StartGateway
from tests.emulators import OrderCloud

_GOOD = "placement: {name}\nresource: me/products\ndefault: {{query: {{categoryID: {category}}}}}\n"
_BROKEN = "placement: hero\nresource: me/products\ndefault: {query: {pageSize: 1000}}\n"


def _good(name: str = "hero", category: str = "new") -> str:
    return _GOOD.format(name=name, category=category)


class TestWatching:
    @pytest.fixture
    def loads(self) -> list[RuleSet]:
        return []

    @pytest.fixture
    async def book(self, tmp_path: Path, loads: list[RuleSet]) -> AsyncIterator[RuleBook]:
        (tmp_path / "hero.yaml").write_text(_good())
        book = RuleBook(Folder(tmp_path), on_load=loads.append)
        tasks = Tasks()
        tasks.spawn(book.watch(), name="watcher")
        yield book
        await tasks.close()

    async def test_the_folder_is_loaded_before_anything_is_asked(
        self, book: RuleBook, loads: list[RuleSet]
    ) -> None:
        assert sorted(book.current.placements) == ["hero"]
        assert loads == [book.current]

    async def test_an_edit_replaces_the_whole_set(
        self, book: RuleBook, loads: list[RuleSet], tmp_path: Path
    ) -> None:
        before = book.current
        (tmp_path / "offers.yaml").write_text(_good("offers"))
        after = await until(_current(book), lambda rules: "offers" in rules.placements)
        assert sorted(before.placements) == ["hero"]
        assert loads == [before, after]

    async def test_rules_stay_whole_for_requests_that_began_before_the_edit(
        self, book: RuleBook, tmp_path: Path
    ) -> None:
        ruled = (
            "rules: [{name: r, when: {segment: a}, query: {}}]\ndecision: {flow: f, segment: s}\n"
        )
        used = book.current
        for category in ("first", "second", "third"):
            used = book.current
            (tmp_path / "hero.yaml").write_text(_good(category=category) + ruled)
            await until(_current(book), lambda rules: rules is not used)  # noqa: B023 - awaited here
        assert [rule.name for rule in used.placement("hero").rules] == ["r"]

    async def test_a_swapped_link_is_an_edit(self, tmp_path: Path) -> None:
        """Kubernetes mounts a ConfigMap as a folder behind a link, and swaps the link."""
        for name, category in (("v1", "new"), ("v2", "sale")):
            (tmp_path / name).mkdir()
            (tmp_path / name / "hero.yaml").write_text(_good(category=category))
        folder = tmp_path / "rules"
        folder.mkdir()
        (folder / "..data").symlink_to(tmp_path / "v1")
        (folder / "hero.yaml").symlink_to(Path("..data") / "hero.yaml")
        book = RuleBook(Folder(folder), on_load=lambda _: None)
        tasks = Tasks()
        tasks.spawn(book.watch(), name="watcher")
        first = book.current
        (folder / "..new").symlink_to(tmp_path / "v2")
        (folder / "..new").rename(folder / "..data")
        await until(_current(book), lambda rules: rules.version != first.version)
        await tasks.close()

    async def test_a_folder_that_is_replaced_is_followed(
        self, book: RuleBook, tmp_path: Path
    ) -> None:
        new = tmp_path.with_name(f"{tmp_path.name}-new")
        new.mkdir()
        (new / "offers.yaml").write_text(_good("offers"))
        shutil.rmtree(tmp_path)
        new.rename(tmp_path)
        await until(_current(book), lambda rules: list(rules.placements) == ["offers"])

    async def test_a_draft_is_a_set_that_does_not_serve(
        self, book: RuleBook, loads: list[RuleSet], tmp_path: Path
    ) -> None:
        before, file = book.current, tmp_path / "hero.yaml"
        edited = await book.draft(file, _good(category="sale"))
        removed = await book.draft(file, None)
        added = await book.draft(tmp_path / "a.yaml", _good("a"))
        assert edited.placement("hero") != before.placement("hero")
        assert (sorted(removed.placements), sorted(added.placements)) == ([], ["a", "hero"])
        assert loads == [book.current] == [before]
        file.write_text(_good(category="sale"))
        await book.reload()
        assert book.current.version == edited.version

    def test_while_there_is_no_folder_the_last_rules_serve(self, tmp_path: Path) -> None:
        (tmp_path / "hero.yaml").write_text(_good())
        before = load_folder(tmp_path)
        shutil.rmtree(tmp_path)
        after = _reload(Folder(tmp_path), before)
        assert after.placements == before.placements
        assert "gone" in after.problems[0].what

    def test_a_folder_that_is_none_is_told(self, tmp_path: Path) -> None:
        with pytest.raises(DocumentError, match=r"set rules\.folder"):
            RuleBook(Folder(tmp_path / "nowhere"), on_load=lambda _: None)


def _current(book: RuleBook) -> Callable[[], Awaitable[RuleSet]]:
    async def current() -> RuleSet:
        return book.current

    return current


async def test_an_edit_is_live_within_a_second_and_no_request_notices(
    gateway: StartGateway, ordercloud: OrderCloud, tmp_path: Path
) -> None:
    running = await gateway({"hero.yaml": _good()})
    token = await ordercloud.token()

    async def listed() -> str:
        assert (await running.get("/placements/hero", token)).status_code == 200
        return (await ordercloud.lists())[-1]

    async def problems() -> list[str]:
        assert (await running.get("/placements/hero", token)).status_code == 200
        ready = (await running.admin.get("/readyz")).json()
        return list(ready["parts"]["rules"]["problems"])

    file = tmp_path / "rules" / "hero.yaml"
    file.write_text(_good(category="featured"))
    edited_at = time.monotonic()
    await until(listed, lambda target: "featured" in target)
    assert time.monotonic() - edited_at < 2.0  # a second more than promised: machines are busy
    file.write_text(_BROKEN)
    assert "pageSize" in (await until(problems, bool))[0]
    assert "featured" in await listed()
