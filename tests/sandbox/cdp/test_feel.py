import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.cdp.feel import FeelError, parse


@pytest.mark.parametrize(
    ("cell", "holding", "failing"),
    [
        ("", ["x", 1, None], []),
        ("-", ["x", 1, None], []),
        ('"A"', ["A"], ["B", "a", 1, None]),
        ('"A", "B"', ["A", "B"], ["C"]),
        (r'"say \"A\""', ['say "A"'], ["A"]),
        ('"a, b"', ["a, b"], ["a"]),
        ('not(" ")', ["x", None], [" "]),
        ('not("A", "B")', ["C"], ["A", "B"]),
        ("> 28", [28.5, 29], [28, "29", None, True]),
        (">= 28", [28], [27]),
        ("< -1.5", [-2], [-1.5]),
        ("<= 3", [3], [4]),
        ("!= 3", [4, "3"], [3]),
        ("= 3", [3, 3.0], [4, True]),
        ("1, > 10", [1, 11], [2]),
        ("[1..5]", [1, 5], [0.9, 5.1, "3"]),
        ("(1..5)", [2], [1, 5]),
        ("]1..5[", [2], [1, 5]),
        ("[1..5)", [1], [5]),
        ("true", [True], [False, 1, "true"]),
        ("false", [False], [True, 0, None]),
        ("null", [None], ["", 0, False]),
        ("not(null)", ["", 0], [None]),
        ('> "b"', ["c"], ["a", 1]),
        ('date("2026-01-01")', [1_767_225_600_000], [0]),
        ('>= date("2026-01-01T00:00:00Z")', [1_767_225_600_000], [1_767_225_599_999]),
        ('date and time("2026-01-01T01:00:00+01:00")', [1_767_225_600_000], [0]),
    ],
)
def test_a_cell_holds_for_what_it_says(cell: str, holding: list[Any], failing: list[Any]) -> None:
    test = parse(cell)
    assert test.text == cell
    assert [value for value in holding if not test.holds(value)] == []
    assert [value for value in failing if test.holds(value)] == []


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("vip", 'a text is written in double quotes: "vip"'),
        ('"A" "B"', "Expected 'the end', found '\"B\"'"),
        ("not(1", r"Expected '\)'"),
        ("[1..", "Expected a value"),
        ("[1..2", "Expected a range to end"),
        ('"open', "Cannot read"),
        ("?", "Cannot read"),
        (">", "Expected a value, found ''"),
        ('date("soon")', "Not a date"),
    ],
)
def test_a_cell_outside_the_subset_is_refused_with_a_reason(cell: str, message: str) -> None:
    with pytest.raises(FeelError, match=message):
        parse(cell)


@given(st.text(st.sampled_from('"ab1.,()[]<>=!-not \\')))
def test_whatever_a_cell_says_it_is_read_or_refused(cell: str) -> None:
    with contextlib.suppress(FeelError):
        assert parse(cell).holds(1) in {True, False}
