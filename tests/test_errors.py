"""What an error tells, and what it means for those who may try again."""

import pytest

from proxy import errors
from proxy.errors import DocumentError, OrderCloudRefused, Problem, ProxyError


def every_error() -> list[type[ProxyError]]:
    """Return the whole tree."""
    found = [ProxyError]
    for one in found:
        found += one.__subclasses__()
    return found


def test_every_error_has_a_code_a_title_and_a_status_of_its_own() -> None:
    codes = [one.code for one in every_error()]
    assert len(codes) == len(set(codes))
    for one in every_error():
        assert one.code.replace("-", "").isalpha()
        assert one.title
        assert 400 <= one.status < 600


def test_the_tree_in_the_module_names_every_error() -> None:
    assert errors.__doc__ is not None
    for one in every_error():
        assert one.__name__ in errors.__doc__


def test_a_problem_is_written_as_place_what_and_mend() -> None:
    assert str(Problem("rules/a.yaml", 3, 7, "odd", "mend it")) == "rules/a.yaml:3:7: odd; mend it"
    assert str(Problem("rules/a.yaml", 3, 7, "odd", "")) == "rules/a.yaml:3:7: odd"
    assert str(Problem("SETTING", 0, 0, "odd", "mend it")) == "SETTING: odd; mend it"


def test_a_document_error_tells_all_problems() -> None:
    problems = (Problem("f", 1, 1, "a", "b"), Problem("f", 2, 1, "c", "d"))
    assert str(DocumentError(problems)) == "f:1:1: a; b\nf:2:1: c; d"


@pytest.mark.parametrize(
    ("status", "is_outage"),
    [(400, False), (401, False), (403, False), (404, False), (408, True), (429, True),
     (500, True), (502, True), (503, True), (599, True)],
)  # fmt: skip
def test_ordercloud_says_no_or_is_out(status: int, is_outage: bool) -> None:  # noqa: FBT001 - a table
    assert OrderCloudRefused(status=status, headers={}, body=b"").is_outage is is_outage


@pytest.mark.parametrize("one", errors.UpstreamError.__subclasses__())
def test_every_upstream_error_is_an_outage(one: type[errors.UpstreamError]) -> None:
    assert one("x").is_outage


@pytest.mark.parametrize("one", [errors.TokenError, errors.UnknownPlacement, errors.RequestError])
def test_the_callers_mistake_is_no_outage(one: type[ProxyError]) -> None:
    assert not one("x").is_outage
