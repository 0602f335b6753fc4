"""The house rules that no linter knows: tests mirror the product, one to one."""

from pathlib import Path

import pytest

_ROOT = Path(__file__).parent.parent
_FOLDERS = ("", "cache", "core", "edge", "web")
_WITHOUT_TESTS = {
    "shelf": "test_catalogue.py and test_blast.py look at it, over real sockets",
    "__main__": "one line; tests/processes.py runs the product through it",
    "caches": "faults/test_restart.py shows what they find again, over real sockets",
    "capture": "web/test_capture.py shows what it tells of, over real sockets",
    "decisions": "test_pipeline.py shows what it decides, over real sockets",
    "events": "the parts that it puts together have theirs, and web/test_events.py all of it",
    "pages": "test_pipeline.py and test_sharing.py show what it lists, over real sockets",
    "recorder": "web/test_events.py shows what it takes in, over real sockets",
    "sections": "test_config.py reads them, docs/test_config.py every key of them",
    "steps": "test_pipeline.py takes them, over real sockets",
    "upstreams": "every gateway of the tests is connected by it",
    "values": "test_config.py reads them in the sections",
    "usage": "test_cli.py uses every command, docs/test_docs.py every option",
    "shoppers": "core/test_when.py and test_pipeline.py show what it knows, over real sockets",
}
_OF_THE_WHOLE = {
    "abandoned_cart": "the story of docs/abandoned-carts.md, through all parts",
    "dropin": "the SDKs through the gateway",
    "hostile": "requests made to lead the gateway astray",
    "house": "this file",
    "invalidation": "from a write or a deed to what is shown next",
    "package": "what the wheel carries",
    "sharing": "who shares pages, decisions and flights: no single module decides it",
}


def _names(folder: Path, pattern: str, prefix: str = "") -> set[str]:
    """Return the files of *folder* by their names without suffix and *prefix*."""
    return {file.stem.removeprefix(prefix) for file in folder.glob(pattern)}


@pytest.mark.parametrize("folder", _FOLDERS)
def test_each_module_has_its_tests_and_each_test_its_module(folder: str) -> None:
    modules = _names(_ROOT / "proxy" / folder, "*.py") - {"__init__"}
    tested = _names(_ROOT / "tests" / folder, "test_*.py", "test_")
    assert modules - _WITHOUT_TESTS.keys() <= tested
    assert tested - _OF_THE_WHOLE.keys() <= modules


def test_every_exception_is_one() -> None:
    modules = _names(_ROOT / "proxy", "*.py")
    tested = _names(_ROOT / "tests", "test_*.py", "test_")
    assert _WITHOUT_TESTS.keys() <= modules - tested
    anywhere = (_names(_ROOT / "tests" / folder, "test_*.py", "test_") for folder in _FOLDERS)
    assert _OF_THE_WHOLE.keys() <= tested.union(*anywhere) - modules
