"""What a file is checked against, and where and how its mistakes are told."""

import textwrap

import pytest
from pydantic import BaseModel, ConfigDict

from proxy.document import MAX_BYTES, nearest, parse, validate
from proxy.errors import DocumentError, Problem


def test_a_huge_file_is_refused_unread() -> None:
    with pytest.raises(DocumentError, match="f:1:1: the file is larger than 4 MiB; split it"):
        parse("#" * (MAX_BYTES + 1), "f")


def test_every_value_has_its_place() -> None:
    document = parse("a: 1\nb:\n  - c: x\n    d: y\n", "f")
    assert document.places[("b", 0, "d")] == (4, 8)
    assert document.places[("b", 0, "d", "")] == (4, 5)


def test_a_problem_without_a_place_is_told_at_its_nearest_parent() -> None:
    document = parse("a: 1\nb:\n  c: x\n", "f")
    assert document.problem(("b", "missing", 3), "what", "mend") == Problem(
        "f", 3, 3, "what", "mend"
    )


class Inner(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    count: int = 0
    names: list[str] = []


class Outer(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    title: str
    inner: Inner | None = None
    many: list[Inner] = []
    flag: bool = False


def invalid(text: str) -> list[str]:
    document = parse(textwrap.dedent(text), "f")
    with pytest.raises(DocumentError) as caught:
        validate(document, Outer)
    return [str(problem) for problem in caught.value.problems]


def test_a_valid_document_becomes_its_model() -> None:
    assert validate(parse("title: x\ninner: {count: 3}\n", "f"), Outer).inner == Inner(count=3)


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("", ["f:1:1: the file is empty; see docs/rules.md"]),
        ("flag: true", ["f:1:1: 'title' is missing; add it"]),
        ("title: x\ntitel: y", ["f:2:1: unknown key 'titel'; did you mean 'title'?"]),
        ("title: x\nzzz: y", ["f:2:1: unknown key 'zzz'; known are: flag, inner, many, title"]),
        ("title: x\ninner: {Count: 1}", ["f:2:9: unknown key 'Count'; did you mean 'count'?"]),
        ("title: x\nmany:\n  - nmaes: []", ["f:3:5: unknown key 'nmaes'; did you mean 'names'?"]),
        ("title: 7", ["f:1:8: 'title': input should be a valid string; here stands 7"]),
        ("title: x\nflag: yes",
         ["f:2:7: 'flag': input should be a valid boolean; write true or false"]),
        ("title: x\ninner:\n  names: [a, 5]",
         ["f:3:14: 'names': input should be a valid string; here stands 5"]),
    ],
)  # fmt: skip
def test_a_document_that_does_not_fit_is_told_where_and_how_to_mend_it(
    text: str, problems: list[str]
) -> None:
    assert invalid(text) == problems


def test_an_unknown_word_is_answered_with_the_nearest_known_one() -> None:
    assert nearest("sortby", ["sortBy", "search"]) == "did you mean 'sortBy'?"
    assert nearest("PAGESIZE", ["pageSize", "page"]) == "did you mean 'pageSize'?"
    assert nearest("color", ["pageSize", "page"]) == "known are: page, pageSize"
