"""All files together: what serves of them, and what is wrong with any."""

from pathlib import Path

import pytest

from proxy.core.curated import Curated
from proxy.errors import UnknownPlacement
from proxy.ruleset import load_folder

_GOOD = "placement: {name}\nresource: me/products\ndefault: {{query: {{categoryID: {category}}}}}\n"
_BROKEN = "placement: hero\nresource: me/products\ndefault: {query: {pageSize: 1000}}\n"


def _good(name: str = "hero", category: str = "new") -> str:
    return _GOOD.format(name=name, category=category)


def test_each_yaml_file_is_a_placement(tmp_path: Path) -> None:
    (tmp_path / "hero.yaml").write_text(_good())
    (tmp_path / "offers.yaml").write_text(_good("offers"))
    (tmp_path / "README.md").write_text("not rules")
    (tmp_path / "old.yaml.bak").write_text("not rules")
    rules = load_folder(tmp_path)
    assert sorted(rules.placements) == ["hero", "offers"]
    assert not rules.problems


def test_a_broken_file_leaves_its_last_good_version_and_the_others(tmp_path: Path) -> None:
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


def test_it_stays_told_until_it_is_mended(tmp_path: Path) -> None:
    file = tmp_path / "hero.yaml"
    file.write_text(_BROKEN)
    first = load_folder(tmp_path)
    (tmp_path / "offers.yaml").write_text(_good("offers"))
    second = load_folder(tmp_path, first)
    assert second.problems == first.problems
    file.write_text(_good())
    assert not load_folder(tmp_path, second).problems


def test_a_curated_list_beside_the_rules_is_read_with_them(tmp_path: Path) -> None:
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
    tmp_path: Path, written: bytes | None
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


def test_a_file_that_is_gone_serves_no_more(tmp_path: Path) -> None:
    file = tmp_path / "hero.yaml"
    file.write_text(_good())
    before = load_folder(tmp_path)
    file.unlink()
    with pytest.raises(UnknownPlacement, match="known are: none"):
        load_folder(tmp_path, before).placement("hero")


def test_only_a_changed_file_is_read_anew(tmp_path: Path) -> None:
    for name in ("hero", "offers"):
        (tmp_path / f"{name}.yaml").write_text(_good(name))
    before = load_folder(tmp_path)
    (tmp_path / "hero.yaml").write_text(_good(category="sale"))
    after = load_folder(tmp_path, before)
    assert after.placement("offers") is before.placement("offers")
    assert after.placement("hero") is not before.placement("hero")


def test_two_files_cannot_define_one_placement(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(_good(category="first"))
    (tmp_path / "b.yaml").write_text(_good(category="second"))
    rules = load_folder(tmp_path)
    assert rules.placement("hero").file == str(tmp_path / "a.yaml")
    (problem,) = rules.problems
    assert problem.file == str(tmp_path / "b.yaml")


def test_two_placements_cannot_be_bound_to_one_call(tmp_path: Path) -> None:
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
def test_what_is_no_text_is_told(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "hero.yaml").write_bytes(content)
    (problem,) = load_folder(tmp_path).problems
    assert problem.file == str(tmp_path / "hero.yaml")


def test_the_version_tells_contents_apart_and_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "hero.yaml"
    versions = []
    for text in (_good(), _good(category="sale"), _good(), _BROKEN):
        file.write_text(text)
        versions.append(load_folder(tmp_path).version)
    assert versions[0] == versions[2]
    assert len(set(versions)) == 3


def test_a_new_file_that_cannot_be_read_is_another_version(tmp_path: Path) -> None:
    (tmp_path / "hero.yaml").write_text(_good())
    before = load_folder(tmp_path)
    (tmp_path / "new.yaml").write_bytes(b"\xff")
    assert load_folder(tmp_path, before).version != before.version


def test_a_file_defines_one_placement_and_is_found_by_it(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(_good())
    (tmp_path / "b.yaml").write_text(_BROKEN)
    rules = load_folder(tmp_path)
    assert rules.of_file(tmp_path / "a.yaml") is rules.placement("hero")
    for name in ("b.yaml", "c.yaml"):
        with pytest.raises(UnknownPlacement, match=f"{name} defines no placement"):
            rules.of_file(tmp_path / name)
