"""Values written in OrderCloud's list grammar."""

import pytest

from proxy.core import grammar
from proxy.core.grammar import Comparison


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("red", "red"),
        ("two words", "two words"),
        ("a!b>c<d=e", "a!b>c<d=e"),
        ("!red", r"\!red"),
        (">5", r"\>5"),
        ("<5", r"\<5"),
        ("=5", r"\=5"),
        ("a|b", r"a\|b"),
        ("5*", r"5\*"),
        ("a\\b", r"a\\b"),
        ("|red", r"\|red"),
        ("", ""),
    ],
)
def test_a_literal_loses_every_meaning(value: str, written: str) -> None:
    assert grammar.literal(value) == written


def test_alternatives_are_joined_and_exclusions_stand_alone() -> None:
    assert grammar.any_of(["a", "!b", "c|d"]) == r"a|\!b|c\|d"
    assert grammar.none_of(["a", "!b"]) == ("!a", r"!\!b")


@pytest.mark.parametrize(
    ("comparison", "written"), [("gt", ">5"), ("gte", ">=5"), ("lt", "<5"), ("lte", "<=5")]
)
def test_a_comparison_has_its_sign(comparison: str, written: str) -> None:
    assert grammar.compare(Comparison(comparison), "5") == written


def test_the_bound_of_a_comparison_is_a_literal() -> None:
    assert grammar.compare(Comparison.GT, "=5|6") == r">\=5\|6"


@pytest.mark.parametrize(
    ("pattern", "written"),
    [("abc*", "abc*"), ("*a*b", "*a*b"), ("!a|b*", r"\!a\|b*"), ("*", "*")],
)
def test_only_the_stars_of_a_pattern_mean_something(pattern: str, written: str) -> None:
    assert grammar.like(pattern) == written


def test_a_query_string_keeps_the_grammar_readable_and_encodes_the_rest() -> None:
    params = [("ID", "p1|p2"), ("xp.a", ">=5"), ("search", "r&d #1 50% +=é\r\n")]
    assert grammar.encode(params) == (
        "ID=p1|p2&xp.a=%3E%3D5&search=r%26d%20%231%2050%25%20%2B%3D%C3%A9%0D%0A"
    )


def test_a_name_of_several_fields_keeps_its_bars() -> None:
    assert grammar.encode([("Name|xp.größe", "x")]) == "Name|xp.gr%C3%B6%C3%9Fe=x"
