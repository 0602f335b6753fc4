import pytest

from sandbox.ordercloud.listing.grammar import Operator, Term, parse_terms

IS = Operator.IS


@pytest.mark.parametrize(
    ("value", "terms"),
    [
        ("red", [Term(IS, ("red",))]),
        ("", [Term(IS, ("",))]),
        ("=red", [Term(IS, ("red",))]),
        ("!red", [Term(IS, ("red",), negated=True)]),
        ("!!red", [Term(IS, ("red",))]),
        ("!=red", [Term(IS, ("red",), negated=True)]),
        (
            "a|!b|>c",
            [Term(IS, ("a",)), Term(IS, ("b",), negated=True), Term(Operator.ABOVE, ("c",))],
        ),
        ("a|", [Term(IS, ("a",)), Term(IS, ("",))]),
        ("red*", [Term(IS, ("red", ""))]),
        ("*red", [Term(IS, ("", "red"))]),
        ("r*e*d", [Term(IS, ("r", "e", "d"))]),
        ("*", [Term(IS, ("", ""))]),
        ("!*", [Term(IS, ("", ""), negated=True)]),
        (">5", [Term(Operator.ABOVE, ("5",))]),
        (">=5", [Term(Operator.FROM, ("5",))]),
        ("<5", [Term(Operator.BELOW, ("5",))]),
        ("<=5", [Term(Operator.TO, ("5",))]),
        ("!<5", [Term(Operator.FROM, ("5",))]),
        ("!>5", [Term(Operator.TO, ("5",))]),
        ("!>=5", [Term(Operator.BELOW, ("5",))]),
        ("!<=5", [Term(Operator.ABOVE, ("5",))]),
        ("!!>5", [Term(Operator.ABOVE, ("5",))]),
        (">a*", [Term(Operator.ABOVE, ("a*",))]),
        ("a!b>c=d", [Term(IS, ("a!b>c=d",))]),
        (r"a\|b", [Term(IS, ("a|b",))]),
        (r"a\*", [Term(IS, ("a*",))]),
        (r"\!a", [Term(IS, ("!a",))]),
        (r"\>a", [Term(IS, (">a",))]),
        (r"\\a", [Term(IS, ("\\a",))]),
        (r"\*|*", [Term(IS, ("*",)), Term(IS, ("", ""))]),
        ("a\\", [Term(IS, ("a\\",))]),
    ],
)
def test_a_value_is_read_as_alternatives(value: str, terms: list[Term]) -> None:
    assert parse_terms(value) == tuple(terms)
