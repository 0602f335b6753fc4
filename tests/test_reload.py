"""Rules on disk: what serves while files are edited, broken, mended and removed."""

import shutil
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from proxy.core.curated import Curated
from proxy.errors import DocumentError, UnknownPlacement
from proxy.reload import RuleBook, RuleSet, _reload, load_folder
from proxy.tasks import Tasks
from tests.answers import until
from tests.conftest import StartGateway
from tests.emulators import OrderCloud

_GOOD = "placement: {name}\nresource: me/products\ndefault: {{query: {{categoryID: {category}}}}}\n"
_BROKEN = "placement: hero\nresource: me/products\ndefault: {query: {pageSize: 1000}}\n"


def _good(name: str = "hero", category: str = "new") -> str:
    return _GOOD.format(name=name, category=category)


class TestLoading:
    def test_each_yaml_file_is_a_placement(self, tmp_path: Path) -> None:
        (tmp_path / "hero.yaml").write_text(_good())
        (tmp_path / "offers.yaml").write_text(_good("offers"))
        (tmp_path / "README.md").write_text("not rules")
        (tmp_path / "old.yaml.bak").write_text("not rules")
        rules = load_folder(tmp_path)
        assert sorted(rules.placements) == ["hero", "offers"]
        assert not rules.problems

    def test_a_broken_file_leaves_its_last_good_version_and_the_others(
        self, tmp_path: Path
    ) -> None:
        file = tmp_path / "hero.yaml"
        file.write_text(_good())
        (tmp_path / "offers.yaml").write_text(_good("offers"))
        before = load_folder(tmp_path)
        file.write_text(_BROKEN)
        after = load_folder(tmp_path, before)
        assert after.placement("hero") == before.placement("hero")
        assert sorted(after.placements) == ["hero", "offers"]
        (problem,) = after.problems
        assert (problem.file, problem.line) == (str(file), 3)

    def test_it_stays_told_until_it_is_mended(self, tmp_path: Path) -> None:
        file = tmp_path / "hero.yaml"
        file.write_text(_BROKEN)
        first = load_folder(tmp_path)
        (tmp_path / "offers.yaml").write_text(_good("offers"))
        second = load_folder(tmp_path, first)
        assert second.problems == first.problems
        file.write_text(_good())
        assert not load_folder(tmp_path, second).problems

    def test_a_curated_list_beside_the_rules_is_read_with_them(self, tmp_path: Path) -> None:
        (tmp_path / "hero.yaml").write_text(_good() + "curated: worst.json\n")
        (tmp_path / "offers.yaml").write_text(_good("offers"))
        (tmp_path / "worst.json").write_text('[{"ID": "p1"}]')
        before = load_folder(tmp_path)
        assert before.placement("hero").curated == Curated({"Items": [{"ID": "p1"}]})
        (tmp_path / "worst.json").write_text('[{"ID": "p2"}]')
        after = load_folder(tmp_path, before)
        assert after.placement("hero").curated == Curated({"Items": [{"ID": "p2"}]})
        assert after.placement("offers") is before.placement("offers")
        assert after.version != before.version

    @pytest.mark.parametrize("written", [b"{", b'["\xff"]', b"[]" * 3 * 1024**2, None])
    def test_a_curated_list_that_cannot_be_read_leaves_the_last_good_one(
        self, tmp_path: Path, written: bytes | None
    ) -> None:
        curated = tmp_path / "worst.json"
        (tmp_path / "hero.yaml").write_text(_good() + "curated: worst.json\n")
        curated.write_text('[{"ID": "p1"}]')
        before = load_folder(tmp_path)
        if written is None:
            curated.unlink()
        else:
            curated.write_bytes(written)
        after = load_folder(tmp_path, before)
        assert after.placement("hero") is before.placement("hero")
        (problem,) = after.problems
        assert problem.line == 4

    def test_a_file_that_is_gone_serves_no_more(self, tmp_path: Path) -> None:
        file = tmp_path / "hero.yaml"
        file.write_text(_good())
        before = load_folder(tmp_path)
        file.unlink()
        with pytest.raises(UnknownPlacement, match="known are: none"):
            load_folder(tmp_path, before).placement("hero")

    def test_only_a_changed_file_is_read_anew(self, tmp_path: Path) -> None:
        for name in ("hero", "offers"):
            (tmp_path / f"{name}.yaml").write_text(_good(name))
        before = load_folder(tmp_path)
        (tmp_path / "hero.yaml").write_text(_good(category="sale"))
        after = load_folder(tmp_path, before)
        assert after.placement("offers") is before.placement("offers")
        assert after.placement("hero") is not before.placement("hero")

    def test_two_files_cannot_define_one_placement(self, tmp_path: Path) -> None:
        (tmp_path / "a.yaml").write_text(_good(category="first"))
        (tmp_path / "b.yaml").write_text(_good(category="second"))
        rules = load_folder(tmp_path)
        assert rules.placement("hero").file == str(tmp_path / "a.yaml")
        (problem,) = rules.problems
        assert problem.file == str(tmp_path / "b.yaml")

    def test_two_placements_cannot_be_bound_to_one_call(self, tmp_path: Path) -> None:
        route = "route: GET /v1/me/products\n"
        (tmp_path / "a.yaml").write_text(_good("hero") + route)
        (tmp_path / "b.yaml").write_text(_good("offers") + route)
        (tmp_path / "c.yaml").write_text(_good("unbound"))
        rules = load_folder(tmp_path)
        assert {path: one.name for path, one in rules.bound.items()} == {"/v1/me/products": "hero"}
        assert sorted(rules.placements) == ["hero", "offers", "unbound"]
        (problem,) = rules.problems
        assert problem.file == str(tmp_path / "b.yaml")
        assert problem.what == f"GET /v1/me/products already shows 'hero', by {tmp_path}/a.yaml"

    @pytest.mark.parametrize("content", [b"\xff\xfe", b"\x00\x01", b"placement: \xe4"])
    def test_what_is_no_text_is_told(self, tmp_path: Path, content: bytes) -> None:
        (tmp_path / "hero.yaml").write_bytes(content)
        (problem,) = load_folder(tmp_path).problems
        assert problem.file == str(tmp_path / "hero.yaml")

    def test_the_version_tells_contents_apart_and_nothing_else(self, tmp_path: Path) -> None:
        file = tmp_path / "hero.yaml"
        versions = []
        for text in (_good(), _good(category="sale"), _good(), _BROKEN):
            file.write_text(text)
            versions.append(load_folder(tmp_path).version)
        assert versions[0] == versions[2]
        assert len(set(versions)) == 3

    def test_a_new_file_that_cannot_be_read_is_another_version(self, tmp_path: Path) -> None:
        (tmp_path / "hero.yaml").write_text(_good())
        before = load_folder(tmp_path)
        (tmp_path / "new.yaml").write_bytes(b"\xff")
        assert load_folder(tmp_path, before).version != before.version


class TestWatching:
    @pytest.fixture
    def loads(self) -> list[RuleSet]:
        return []

    @pytest.fixture
    async def book(self, tmp_path: Path, loads: list[RuleSet]) -> AsyncIterator[RuleBook]:
        (tmp_path / "hero.yaml").write_text(_good())
        book = RuleBook(tmp_path, on_load=loads.append)
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
        book = RuleBook(folder, on_load=lambda _: None)
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

    def test_while_there_is_no_folder_the_last_rules_serve(self, tmp_path: Path) -> None:
        (tmp_path / "hero.yaml").write_text(_good())
        before = load_folder(tmp_path)
        shutil.rmtree(tmp_path)
        after = _reload(tmp_path, before)
        assert after.placements == before.placements
        assert "gone" in after.problems[0].what

    def test_a_folder_that_is_none_is_told(self, tmp_path: Path) -> None:
        with pytest.raises(DocumentError, match=r"set rules\.folder"):
            RuleBook(tmp_path / "nowhere", on_load=lambda _: None)


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
