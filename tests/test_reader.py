"""What the YAML reader makes of a text, and what it says of one it refuses."""

import pytest

from proxy.document import parse
from proxy.errors import DocumentError


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
        ("! plain", "plain"),
    ],
)
def test_a_scalar_stays_what_was_written(written: str, read: object) -> None:
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
        ("a: !xp.rating", "f:1:4: the tag !xp.rating has no meaning here; remove it"),
        ("a: !x {b: [1, {c: !y d}]}", "f:1:4: the tag !x has no meaning here; remove it"),
        ("a: 1\na: {b: !x 1}", "f:2:1: 'a' stands here twice; keep one of them"),
        ("{[1, [2]]: {b: !x 1}}", "f:1:2: a key has to be a plain word; write `key: value`"),
        ("a: {b: [&x 1]}", ("f:1:9: anchors (&) and aliases (*) are not used here; "
         "write the value out; quote text that starts with & or *")),
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
