"""What the YAML reader makes of a file, and what it says of one it refuses."""

import textwrap

import pytest
from pydantic import BaseModel, ConfigDict

from proxy.document import MAX_BYTES, nearest, parse, validate
from proxy.errors import DocumentError, Problem


def mistakes(text: str) -> list[str]:
    with pytest.raises(DocumentError) as caught:
        parse(text, "f")
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("NO", "NO"),
        ("no", "no"),
        ("on", "on"),
        ("y", "y"),
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("7", 7),
        ("-7", -7),
        ("4.5", 4.5),
        ("010", "010"),
        ("0o14", "0o14"),
        ("0x1F", "0x1F"),
        ("1_000", "1_000"),
        ("+5", "+5"),
        ("-0", "-0"),
        ("1e3", "1e3"),
        ("1.50", "1.50"),
        ("5.0", "5.0"),
        (".5", ".5"),
        ("nan", "nan"),
        (".inf", ".inf"),
        ("12:30", "12:30"),
        ("2026-11-27", "2026-11-27"),
        ("2026-11-27 00:00", "2026-11-27 00:00"),
        ("٣", "٣"),
        ("12345678901234567890", "12345678901234567890"),
        ("'7'", "7"),
        ('"true"', "true"),
        ('""', ""),
        ("!xp.rating", None),
    ],
)
def test_a_scalar_stays_what_was_written(written: str, read: object) -> None:
    if written.startswith("!"):
        assert mistakes(f"key: {written}") == [
            "f:1:6: the tag !xp.rating has no meaning here; remove it"
        ]
    else:
        assert parse(f"key: {written}", "f").data == {"key": read}


def test_an_empty_file_holds_nothing() -> None:
    assert parse("# only a comment\n", "f").data is None


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: 1\na: 2", "f:2:1: 'a' stands here twice; keep one of them"),
        ("a: &x 1\nb: *x", ("f:1:4: anchors (&) and aliases (*) are not used here; "
         "write the value out; quote text that starts with & or *")),
        ("b: *x", ("f:1:4: anchors (&) and aliases (*) are not used here; "
         "write the value out; quote text that starts with & or *")),
        ("<<: {a: 1}", "f:1:1: a key has to be a plain word; write `key: value`"),
        ("? [a]\n: 1", "f:1:3: a key has to be a plain word; write `key: value`"),
        ("a: !!python/name:os.system x",
         "f:1:4: the tag tag:yaml.org,2002:python/name:os.system has no meaning here; remove it"),
        ("a:\n\t- 1", ("f:2:1: this is not YAML: found character that cannot start any token; "
         "indent with spaces, not tabs")),
        ("a: [1", ("f:2:1: this is not YAML: did not find expected ',' or ']'; "
         "check indentation, colons and quotes around here")),
        ("a: 1\n---\nb: 2",
         "f:2:1: a second document starts here (---); put it into a file of its own"),
        ("a: \x00", ("f:1:1: the file holds a character that YAML does not allow: "
         "control characters are not allowed; remove it")),
        ("[" * 33, "f:1:33: this is nested too deeply; flatten it"),
    ],
)  # fmt: skip
def test_what_could_surprise_is_refused(text: str, problem: str) -> None:
    assert mistakes(text) == [problem]


def test_every_problem_is_reported_at_once() -> None:
    assert len(mistakes("a: 1\na: 2\nb: !x 3\n")) == 2


@pytest.mark.parametrize("bomb", ["[" * 1_000_000, "{a: " * 500_000, "- " * 1_000_000])
def test_a_depth_bomb_is_refused_before_anything_is_built(bomb: str) -> None:
    (mistake,) = mistakes(bomb)
    assert mistake.endswith("this is nested too deeply; flatten it")


def test_a_huge_file_is_refused_unread() -> None:
    assert mistakes("#" * (MAX_BYTES + 1)) == ["f:1:1: the file is larger than 4 MiB; split it"]


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
