"""docs/config.md lists every setting as the code has it, and nothing else."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, create_model
from pydantic.fields import FieldInfo

from proxy import config
from proxy.config import Config
from tests.docs.pages import Table, code, page

PAGE = page("config.md")
SECTIONS: dict[str, type[BaseModel]] = {
    name: field.annotation
    for name, field in Config.model_fields.items()
    if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)
}
KEYS = [(section, key) for section, model in SECTIONS.items() for key in model.model_fields]
NO_DEFAULT = "none"


def table(section: str) -> Table:
    return PAGE.section(section).table("key", "default", "environment", "meaning")


def read(field: FieldInfo, text: str) -> Any:
    """Return *text* as the setting reads it from the environment."""
    make: Any = create_model
    return make("Alone", value=(field.annotation, field))(value=text).value


def test_every_section_is_described() -> None:
    headings = [line.removeprefix("## ") for line in PAGE.text.splitlines() if line[:3] == "## "]
    assert headings == list(SECTIONS)


@pytest.mark.parametrize("section", SECTIONS)
def test_every_key_of_a_section_is_listed_in_its_order(section: str) -> None:
    assert table(section).column(0) == list(SECTIONS[section].model_fields)


@pytest.mark.parametrize(("section", "key"), KEYS)
def test_a_key_has_its_default_its_variable_and_its_meaning(section: str, key: str) -> None:
    field = SECTIONS[section].model_fields[key]
    _, default, variable, meaning = next(r for r in table(section).rows if code(r[0]) == key)
    assert code(variable) == f"{section}__{key}".upper()
    assert meaning == field.description
    if field.is_required():
        assert default == "needed"
    elif default == NO_DEFAULT:
        assert field.default in (None, "", (), {})
    else:
        assert read(field, code(default)) == field.default


def test_the_example_is_a_valid_configuration(tmp_path: Path) -> None:
    (block,) = PAGE.blocks("yaml")
    path = tmp_path / "config.yaml"
    path.write_text(block)
    assert config.load(path, {}).cdp.base_url == "https://api-engage-eu.sitecorecloud.io"
