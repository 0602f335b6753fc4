"""Rules that change while they serve: live within a second, and never a bad one for a good one."""

import asyncio
import os
import shutil
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from proxy.errors import DocumentError, UnknownPlacement
from proxy.reload import RuleBook, RuleSet, load_folder
from proxy.tasks import Tasks
from tests.conftest import StartGateway
from tests.emulators import OrderCloud

BROKEN = "placement: home\nresource: me/product\ndefault: {query: {}}\n"


def placement(category: str, name: str = "home") -> str:
    default = f"{{query: {{categoryID: {category}}}}}"
    return f"placement: {name}\nresource: me/products\ndefault: {default}\n"


def put(path: Path, text: str) -> None:
    """Write a file that nobody ever sees half written."""
    draft = path.with_name(f".{path.name}")
    draft.write_text(text, "utf-8")
    draft.rename(path)


def category(rules: RuleSet, name: str = "home") -> str:
    """Return the category that a placement lists, the one thing by which these tests tell it."""
    (term,) = rules.placement(name).default.query.terms
    assert isinstance(term.values, tuple)
    return term.values[0]


def problems(rules: RuleSet) -> list[str]:
    return [f"{Path(one.file).name}: {one.what}" for one in rules.problems]


@dataclass
class Watched:
    """A rules folder, and what a book that follows it has loaded."""

    folder: Path
    loads: asyncio.Queue[RuleSet] = field(default_factory=asyncio.Queue)

    def write(self, name: str, text: str) -> None:
        put(self.folder / name, text)

    async def load(self) -> RuleSet:
        """Wait for the next load."""
        return await asyncio.wait_for(self.loads.get(), 10)


@pytest.fixture
async def watched(tmp_path: Path) -> AsyncIterator[Watched]:
    """Follow a folder with one file."""
    folder = tmp_path / "rules"
    folder.mkdir()
    watched = Watched(folder)
    watched.write("home.yaml", placement("first"))
    book = RuleBook(folder, on_load=watched.loads.put_nowait)
    tasks = Tasks()
    tasks.spawn(book.watch(), name="watch")
    assert category(await watched.load()) == "first"
    yield watched
    await tasks.close()


async def test_an_edit_is_live_within_a_second(watched: Watched) -> None:
    for word in ("second", "third", "fourth"):
        edited = time.monotonic()
        watched.write("home.yaml", placement(word))
        assert category(await watched.load()) == word
        assert time.monotonic() - edited < 1


async def test_an_edit_that_leaves_size_and_time_as_they_were_is_seen(watched: Watched) -> None:
    watched.write("home.yaml", placement("aaaaa"))
    assert category(await watched.load()) == "aaaaa"
    with (watched.folder / "home.yaml").open("r+b", buffering=0) as file:
        before = os.fstat(file.fileno())
        file.write(placement("bbbbb").encode())
        os.utime(file.fileno(), ns=(before.st_atime_ns, before.st_mtime_ns))
    assert category(await watched.load()) == "bbbbb"


async def test_a_broken_file_leaves_its_last_good_version_until_it_is_mended(
    watched: Watched,
) -> None:
    watched.write("home.yaml", BROKEN)
    broken = await watched.load()
    assert category(broken) == "first"
    assert problems(broken) == ["home.yaml: 'me/product' is not a list of OrderCloud's"]
    watched.write("home.yaml", placement("mended"))
    mended = await watched.load()
    assert (category(mended), mended.problems) == ("mended", ())


async def test_a_broken_file_holds_up_no_other(watched: Watched) -> None:
    watched.write("home.yaml", BROKEN)
    assert category(await watched.load()) == "first"
    watched.write("sale.yaml", placement("sale", "sale"))
    both = await watched.load()
    assert (category(both), category(both, "sale")) == ("first", "sale")
    assert len(both.problems) == 1


async def test_a_new_file_is_live_and_a_deleted_one_is_not(watched: Watched) -> None:
    watched.write("sale.yaml", placement("sale", "sale"))
    assert category(await watched.load(), "sale") == "sale"
    (watched.folder / "sale.yaml").unlink()
    with pytest.raises(UnknownPlacement, match="no placement is called 'sale'; known are: home"):
        (await watched.load()).placement("sale")


async def test_a_renamed_file_is_named_anew(watched: Watched) -> None:
    (watched.folder / "home.yaml").rename(watched.folder / "start.yaml")
    assert (await watched.load()).placement("home").file == str(watched.folder / "start.yaml")


async def test_a_file_that_is_not_utf8_leaves_the_last_good_version(watched: Watched) -> None:
    (watched.folder / "draft").write_bytes(placement("café").encode("latin-1"))
    (watched.folder / "draft").rename(watched.folder / "home.yaml")
    rules = await watched.load()
    assert category(rules) == "first"
    (problem,) = rules.problems
    assert problem.what.startswith("cannot be read as text")
    assert problem.mend == "save it as UTF-8"


async def test_the_swap_of_a_configmap_is_seen(tmp_path: Path) -> None:
    """Kubernetes mounts links through `..data`, and renames a new `..data` over the old one."""

    def mounted(version: str, word: str) -> None:
        (folder / version).mkdir()
        (folder / version / "home.yaml").write_text(placement(word))
        (folder / "..new").symlink_to(version)
        (folder / "..new").rename(folder / "..data")

    folder = tmp_path / "rules"
    folder.mkdir()
    mounted("..one", "first")
    (folder / "home.yaml").symlink_to("..data/home.yaml")
    watched = Watched(folder)
    tasks = Tasks()
    book = RuleBook(folder, on_load=watched.loads.put_nowait)
    tasks.spawn(book.watch(), name="watch")
    assert category(await watched.load()) == "first"
    mounted("..two", "second")
    assert category(await watched.load()) == "second"
    await tasks.close()


async def test_a_folder_that_is_replaced_is_followed_on(watched: Watched) -> None:
    shutil.rmtree(watched.folder)
    gone = await watched.load()
    assert category(gone) == "first"
    assert problems(gone) == ["rules: the folder is gone; its last rules serve"]
    watched.folder.mkdir()
    watched.write("home.yaml", placement("back"))
    assert category(await watched.load()) == "back"
    watched.write("home.yaml", placement("again"))
    assert category(await watched.load()) == "again"


@pytest.mark.parametrize(
    "name", [".home.yaml", ".home-hero.yaml.swp", "home-hero.yaml~", "4913", "#home.yaml#", "a.txt"]
)
def test_editors_own_files_are_left_alone(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(BROKEN)
    (tmp_path / ".#home.yaml").symlink_to("nobody@nowhere.1:2")
    rules = load_folder(tmp_path)
    assert (rules.placements, rules.problems) == ({}, ())


def test_a_file_of_another_ending_is_told(tmp_path: Path) -> None:
    (tmp_path / "home.yml").write_text(placement("x"))
    assert problems(load_folder(tmp_path)) == [
        "home.yml: this file is not read, since its name does not end in .yaml"
    ]


def test_of_two_files_for_one_placement_the_first_serves_and_the_second_is_told(
    tmp_path: Path,
) -> None:
    (tmp_path / "b.yaml").write_text(placement("second"))
    (tmp_path / "a.yaml").write_text(placement("first"))
    rules = load_folder(tmp_path)
    assert category(rules) == "first"
    (problem,) = rules.problems
    assert str(problem).replace(f"{tmp_path}/", "") == (
        "b.yaml:1:1: the placement 'home' is already defined in a.yaml; "
        "give it another name, or remove one of the two"
    )


def test_a_version_changes_with_the_content_alone(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(placement("x"))
    first = load_folder(tmp_path)
    (tmp_path / "a.yaml").write_text(placement("y"))
    second = load_folder(tmp_path, first)
    (tmp_path / "a.yaml").write_text(placement("x"))
    assert first.version == load_folder(tmp_path, second).version != second.version


def test_an_unchanged_file_is_not_read_anew(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(placement("x"))
    (tmp_path / "b.yaml").write_text(placement("x", "other"))
    first = load_folder(tmp_path)
    (tmp_path / "b.yaml").write_text(placement("y", "other"))
    second = load_folder(tmp_path, first)
    assert second.placement("home") is first.placement("home")
    assert second.placement("other") is not first.placement("other")


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match=r"missing is not a folder; set rules\.folder"):
        RuleBook(tmp_path / "missing", on_load=lambda _: None)


async def test_no_request_is_dropped_while_rules_change(
    gateway: StartGateway, ordercloud: OrderCloud, tmp_path: Path
) -> None:
    running = await gateway({"home.yaml": placement("sale")})
    token = await ordercloud.token()
    statuses: list[int] = []
    edited = asyncio.Event()

    async def shop() -> None:
        while not edited.is_set():
            statuses.append((await running.get("/placements/home", token)).status_code)

    async def version() -> str:
        ready = await running.operate("/readyz")
        return str(ready.json()["parts"]["rules"]["version"])

    async def edit() -> None:
        for text in (placement("new"), BROKEN, placement("featured")):
            before = await version()
            put(tmp_path / "rules" / "home.yaml", text)
            while await version() == before:
                pass
        edited.set()

    async with asyncio.timeout(30):
        await asyncio.gather(shop(), shop(), edit())
    assert set(statuses) == {200}
    assert (await ordercloud.lists())[-1].endswith("categoryID=featured")
