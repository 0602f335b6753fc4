"""docs/sandbox-cdp.md tells no more and no less than the code."""

import re
from pathlib import Path

import pytest
import yaml

from sandbox.cdp.definitions.base import Definition
from sandbox.cdp.definitions.connection import Connection
from sandbox.cdp.definitions.flow import Flow
from sandbox.cdp.definitions.model import Model
from sandbox.cdp.freemarker.builtins import BUILTINS

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "sandbox-cdp.md").read_text(encoding="utf-8")


def test_every_test_that_the_conformance_table_names_exists() -> None:
    tests = "".join(
        file.read_text(encoding="utf-8") for file in Path(__file__).parent.rglob("test_*.py")
    )
    named = set(re.findall(r"`(test_\w+)`", PAGE))
    assert named - set(re.findall(r"def (test_\w+)\(", tests)) == set()


def test_every_builtin_is_listed_and_every_listed_one_exists() -> None:
    section = PAGE.partition("## The template language")[2].partition("\n## ")[0]
    loops = {"index", "counter", "has_next", "is_first", "is_last"}
    listed = set(re.findall(r"`\?(\w+)`", section))
    assert listed == set(BUILTINS) | loops | {"has_content", "then"}


@pytest.mark.parametrize(("number", "kind"), [(0, Flow), (1, Model), (2, Connection)])
def test_the_examples_are_valid_definitions(number: int, kind: type[Definition]) -> None:
    example = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)[number]
    kind.model_validate(yaml.safe_load(example))
