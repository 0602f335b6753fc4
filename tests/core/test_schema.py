"""The JSON Schema for editors says what the loader says."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from pydantic import BaseModel

from proxy import document
from proxy.core import schema
from proxy.core.nodes import ListNode, PlacementFile, RuleNode, WhenNode
from proxy.core.resources import RESOURCES
from proxy.core.rules import load
from proxy.errors import DocumentError
from tests.docs.pages import ROOT

SCHEMA = schema.rules()
SHIPPED = sorted((ROOT / "rules").glob("*.yaml"))
BESIDE = {file.name: file.read_text() for file in (ROOT / "rules").glob("*.json")}
WHOLE = Path(__file__).with_name("whole.yaml")


def accepts(text: str) -> bool:
    """Say whether an editor accepts a file."""
    data = document.parse(text, "f").data
    return jsonschema.Draft202012Validator(SCHEMA).is_valid(data)


def loads(text: str) -> bool:
    """Say whether the gateway accepts a file."""
    try:
        load(text, "f", BESIDE)
    except DocumentError:
        return False
    return True


def keys(node: dict[str, Any], name: str = "a placement") -> Iterator[tuple[str, dict[str, Any]]]:
    """Give every key of a schema, and of all that it is made of."""
    for key, value in node.get("properties", {}).items():
        yield f"{name}: {key}", value
    for inner, definition in node.get("$defs", {}).items():
        yield from keys(definition, inner)
    for option in node.get("anyOf", []):
        yield from keys(option, name)


def test_the_shipped_schema_is_the_one_that_the_command_prints() -> None:
    assert json.loads((ROOT / "schemas/rules.json").read_text()) == SCHEMA


def test_it_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("file", [*SHIPPED, WHOLE], ids=lambda file: file.name)
def test_what_can_be_loaded_is_accepted(file: Path) -> None:
    text = file.read_text()
    assert loads(text)
    jsonschema.validate(document.parse(text, file.name).data, SCHEMA)


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.name)
def test_shipped_files_name_the_schema_to_editors(file: Path) -> None:
    first = file.read_text().splitlines()[0]
    modeline, _, path = first.partition("=")
    assert modeline == "# yaml-language-server: $schema"
    assert (file.parent / path).resolve() == (ROOT / "schemas/rules.json").resolve()


@pytest.mark.parametrize("model", [PlacementFile, RuleNode, ListNode, WhenNode])
def test_the_whole_file_holds_every_key(model: type[BaseModel]) -> None:
    text = WHOLE.read_text()
    names = [field.alias or name for name, field in model.model_fields.items()]
    assert [name for name in names if f"{name}:" not in text] == []


@pytest.mark.parametrize(
    ("key", "value"), [*keys(SCHEMA)], ids=lambda one: one if isinstance(one, str) else ""
)
def test_every_key_is_described(key: str, value: dict[str, Any]) -> None:
    assert value.get("description"), key


def test_every_parameter_of_every_list_is_known() -> None:
    known = set(SCHEMA["$defs"]["Query"]["properties"])
    assert known - {"ID"} == {name for one in RESOURCES.values() for name in one.parameters}


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("placement:", "placment:"),
        ("resource: me/products", "resource: me/product"),
        ("  flow:", "  flows:"),
        ("  flow: home_hero", "  flow: Home Hero"),
        ("{request: region}", "{request: region, or: none}"),
        ("    when: {segment: vip}", "    whem: {segment: vip}"),
        ("when: {segment: vip}", "when: {segmnet: vip}"),
        ("schedule: {from", "schedule: {form"),
        ("order: as-listed", "order: as-liste"),
        ("    fill: {", "    fil: {"),
        ("split: {a: 50, b: 49.5}", "split: {a: 50, b: many}"),
        ("holdout: 10", "holdout: 101"),
        ("holdout: 10", "hold-out: 10"),
        ("a: {query", "a: {quary"),
        ("page: {from: products}", "page: {form: products}"),
        ("{gte: 0.8, lt: 2}", "{gte: 0.8, less: 2}"),
        ("between: [40, 44]", "between: [40]"),
        ("missing: true", "missing: maybe"),
        ("pin: {from: pins}", "pin: {form: pins}"),
        ("pin: [p1, p2]", "pin:"),
        ("given: {segment", "given: {segmnet"),
        ("expect: {rule: default, query", "expect: {rule: default, url"),
        ("default:\n", "defaults:\n"),
    ],
)
def test_what_cannot_be_loaded_is_refused(right: str, wrong: str) -> None:
    text = WHOLE.read_text().replace(right, wrong, 1)
    assert text != WHOLE.read_text()
    assert not loads(text)
    assert not accepts(text)
