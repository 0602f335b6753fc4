"""docs/sandbox-ordercloud.md tells no more than the code."""

import json
import re
from pathlib import Path

from sandbox.ordercloud.app import build

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "sandbox-ordercloud.md").read_text(encoding="utf-8")


def test_every_test_that_the_conformance_tables_name_exists() -> None:
    tests = "".join(
        file.read_text(encoding="utf-8") for file in Path(__file__).parent.rglob("test_*.py")
    )

    named = set(re.findall(r"`(test_\w+)`", PAGE))

    assert named - set(re.findall(r"def (test_\w+)\(", tests)) == set()


def test_the_example_of_own_data_can_be_carried_out(tmp_path: Path) -> None:
    [example] = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / "ordercloud").mkdir()
    (tmp_path / "ordercloud" / "example.json").write_text(json.dumps(json.loads(example)))

    build(data=tmp_path)
