from pathlib import Path

import pytest

from sandbox.cdp.catalog import Catalog, UnknownNameError
from sandbox.cdp.definitions.flow import Flow
from sandbox.cdp.seed import load_seed


def _write(folder: Path, name: str, text: str) -> Path:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return folder


def test_the_shipped_files_define_the_demo() -> None:
    seed = load_seed()
    assert {flow.friendly_id for flow in seed.flows} == {
        "abandoned_cart",
        "cart_reminder",
        "category_spotlight",
        "for_you",
        "home_hero",
        "offers",
        "recommended",
        "welcome",
    }
    Catalog(seed)


def test_a_folder_is_laid_over_the_shipped_one_file_by_file(tmp_path: Path) -> None:
    _write(tmp_path, "flows/home_hero.yaml", "{friendlyId: home_hero, output: {persona: mine}}")
    _write(tmp_path, "flows/extra.yaml", "{friendlyId: extra, output: 1}")
    flows = {flow.friendly_id: flow for flow in load_seed(tmp_path).flows}
    assert flows["home_hero"].variants[0].output == {"persona": "mine"}
    assert flows.keys() >= {"extra", "offers"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{friendlyId: Bad-Id, output: 1}", "pattern"),
        ("{friendlyId: x}", "variants"),
        ("{friendlyId: x, output: 1, template: a}", "either an output or a template"),
        ("{friendlyId: x, output: 1, colour: red}", "colour"),
        ("{friendlyId: x, template: '<#if x>'}", "</#if> is missing"),
        ("{friendlyId: x, output: 1, type: TRIGGERED_V3}", "has a trigger"),
        ("friendlyId: [", "while parsing"),
        ("a list", "valid dictionary"),
    ],
)
def test_a_bad_file_is_named_with_its_fault(tmp_path: Path, text: str, message: str) -> None:
    folder = _write(tmp_path, "flows/bad.yaml", text)
    with pytest.raises(ValueError, match=message) as error:
        load_seed(folder)
    assert str(folder / "flows/bad.yaml") in str(error.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{name: M, decisions: []}", "at least 1"),
        ("{name: M, decisions: [{name: A}]}", "is one of: programmable, table, dataSystem"),
        ("{name: M, decisions: [{name: A, needs: [B], programmable: '1'}]}", "not before it"),
        (
            "{name: M, decisions: [{name: A, table: {rules: [{when: {a: vip}}]}}]}",
            "written in double quotes",
        ),
        (
            "{name: M, decisions: [{name: A, table: {aggregation: SUM, rules: []}}]}",
            "needs the hit policy COLLECT",
        ),
    ],
)
def test_a_bad_model_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        load_seed(_write(tmp_path, "models/bad.yaml", text))


@pytest.mark.parametrize(
    ("flow", "unknown"),
    [
        ({"models": ["Nobody"]}, "no model 'Nobody'"),
        ({"destination": "Nowhere"}, "no connection 'Nowhere'"),
        (
            {"models": [{"name": "M", "decisions": [{"name": "A", "dataSystem": "Nowhere"}]}]},
            "no connection 'Nowhere'",
        ),
        (
            {
                "models": [
                    {
                        "name": "M",
                        "decisions": [{"name": "A", "table": {"rules": [{"offer": "Nothing"}]}}],
                    }
                ]
            },
            "no offer 'Nothing'",
        ),
    ],
)
def test_a_flow_that_refers_to_what_is_not_there_is_refused(
    flow: dict[str, object], unknown: str
) -> None:
    defined = Flow.model_validate({"friendlyId": "x", "output": 1, **flow})
    with pytest.raises(UnknownNameError, match=unknown):
        Catalog(load_seed()).put(defined)
