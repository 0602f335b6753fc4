from datetime import UTC, datetime
from typing import Any

import pytest

from sandbox.cdp.freemarker.expressions import parse
from sandbox.cdp.freemarker.scope import Scope
from sandbox.cdp.freemarker.values import MissingError, TemplateError

NOW = datetime(2026, 11, 23, 14, 5, 6, tzinfo=UTC)
MODEL: dict[str, Any] = {
    "n": 7,
    "half": 0.5,
    "yes": True,
    "word": "word",
    "xs": ["a", "b", "c"],
    "guest": {"name": "Ann", "email": None, "my key": 1},
    "twice": lambda value: value * 2,
}


def value_of(source: str) -> Any:
    return parse(source).find(Scope(MODEL, NOW))


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("1 + 2 * 3", 7),
        ("(1 + 2) * 3", 9),
        ("10 - 4 - 3", 3),
        ("0.1 + 0.2 == 0.3", True),
        ("1 / 4", 0.25),
        ("7 % 4", 3),
        ("-n + 1", -6),
        ("+n", 7),
        ("'a' + n + 'b'", "a7b"),
        ("[1] + [2]", [1, 2]),
        ("{'a': 1} + {'a': 2, 'b': 3}", {"a": 2, "b": 3}),
        ("1 < 2 && 2 <= 2", True),
        ("n gte 7 && n lte 7 && !(n lt 7) && !(n gt 7)", True),
        ("n >= 8 || half > 0.4", True),
        ("true || missing", True),
        ("false && missing", False),
        ("!yes", False),
        ("word == 'word' && word != 'other'", True),
        ("yes = true", True),
        (".now == .now", True),
        (".now >= .now", True),
        ("1..3", [1, 2, 3]),
        ("3..1", [3, 2, 1]),
        ("1..<3", [1, 2]),
        ("xs[0]", "a"),
        ("xs[n]", None),
        ("xs[1..2]", ["b", "c"]),
        ("word[0]", "w"),
        ("word[1..2]", "or"),
        ("guest.name", "Ann"),
        ("guest['my key']", 1),
        ("guest.nothing", None),
        ("twice(n)", 14),
        ("missing!'x'", "x"),
        ("missing!", ""),
        ("guest.email!'none'", "none"),
        ("(missing.a.b)!'x'", "x"),
        ("(missing.a.b)??", False),
        ("guest.email??", False),
        ("guest.name??", True),
        ("n!1 + 2", 7),
        ("[missing!, 1]", ["", 1]),
        ('"${guest.name} has ${n}"', "Ann has 7"),
        (r"'it\'s\n\x41'", "it's\nA"),
        (r"r'\n${n}'", r"\n${n}"),
        ("xs?map(x -> x + n)", ["a7", "b7", "c7"]),
        ("xs?filter(x -> x != 'b')", ["a", "c"]),
        ("yes?then('on', missing)", "on"),
        ("missing?has_content || xs?has_content", True),
        ("(missing.a)?has_content", False),
    ],
)
def test_expressions(source: str, value: Any) -> None:
    assert value_of(source) == value


def test_a_name_that_a_template_assigns_hides_the_data_models() -> None:
    scope = Scope(MODEL, NOW)
    scope.assigned["n"] = 1
    assert parse("n").find(scope) == 1
    assert parse("n").find(scope.bound({"n": 2})) == 2


@pytest.mark.parametrize("source", ["missing.a!'x'", "missing + 1", "twice(missing)", "missing?c"])
def test_a_missing_value_is_an_error_where_it_is_used(source: str) -> None:
    with pytest.raises(MissingError, match=r"missing$"):
        value_of(source)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("1 +", "breaks off"),
        ("(1", r"Expected '\)'"),
        ("[1 2]", "Expected ','"),
        ("a b", "Unexpected 'b'"),
        ("a.1", "Expected a name"),
        ("*", r"Unexpected '\*'"),
        ("a ; b", "Unexpected ';'"),
        ("x?no_such", r"\?no_such is not supported"),
        ("x?then(1)", "takes two"),
        (".locale", "Only .now"),
    ],
)
def test_an_expression_that_does_not_parse_says_why(source: str, message: str) -> None:
    with pytest.raises(TemplateError, match=message):
        parse(source)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("n.name", "Expected a hash before .name, got a number"),
        ("n[0]", "Expected a sequence or hash"),
        ("word()", r"Expected a method before \(\), got a string"),
        ("n == 'x'", "Cannot compare a number with a string"),
        ("1 / 0", "Division by zero"),
        ("1 % 0", "Division by zero"),
        ("yes + 'x'", "got a boolean"),
        ("'a' < 'b'", "Expected a number"),
    ],
)
def test_operands_that_do_not_fit_are_an_error(source: str, message: str) -> None:
    with pytest.raises(TemplateError, match=message):
        value_of(source)
