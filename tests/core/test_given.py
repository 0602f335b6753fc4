"""What examples suppose: how it is told, and how an output is made up for a path."""

from datetime import UTC, datetime

import pytest

from proxy.core.given import Given, NoSample, merged, output_at, with_output
from proxy.model import Json
from tests.core.making import NOON

ALL = Given(
    segments=("vip", "new"),
    output={"score": 0.5, "offers": [{"id": "a"}]},
    at=datetime(2026, 11, 27, 9, tzinfo=UTC),
    is_anonymous=False,
    buyer="acme",
    groups=frozenset({"b", "a"}),
    language="en",
    currency="EUR",
    request={"Device": "app"},
)


def test_it_is_told_in_the_words_of_an_example() -> None:
    assert ALL.as_json() == {
        "segment": ["vip", "new"],
        "output": {"score": 0.5, "offers": [{"id": "a"}]},
        "at": "2026-11-27 09:00+0000",
        "anonymous": False,
        "buyer": "acme",
        "group": ["a", "b"],
        "language": "en",
        "currency": "EUR",
        "request": {"Device": "app"},
    }
    assert Given(segments=("vip",)).as_json() == {"segment": "vip"}


def test_it_is_told_to_people() -> None:
    assert str(ALL) == (
        "segment 'vip' and 'new', logged in, buyer 'acme', group 'a' and 'b', language 'en', "
        "currency 'EUR', output score=0.5 offers=id='a', request Device='app', "
        "at '2026-11-27 09:00+0000'"
    )
    assert str(Given(is_anonymous=True)) == "not logged in"
    assert str(Given()) == "no decision"


def test_it_stands_for_a_shopper_a_request_and_a_moment() -> None:
    facts = ALL.facts(NOON)
    assert facts.profile is not None
    assert (facts.at, facts.is_anonymous, facts.groups) == (ALL.at, False, ALL.groups)
    assert (facts.profile.buyer_id, facts.profile.language) == ("acme", "en")
    assert ALL.asked.query == {"device": "app"}
    assert Given().facts(NOON).at == NOON


@pytest.mark.parametrize(
    ("output", "cart"),
    [({"cart": [{"ID": "a"}]}, [{"ID": "a"}]), ({"cart": "x"}, None), ({}, None), (None, None)],
)
def test_a_cart_in_the_output_is_the_shoppers(output: Json, cart: Json) -> None:
    assert Given(output=output).facts(NOON).cart == cart


@pytest.mark.parametrize(
    ("path", "output"),
    [
        ("a", {"a": 1}),
        ("a.b", {"a": {"b": 1}}),
        ("a[].b", {"a": [{"b": 1}]}),
        ("a[0]", {"a": [1]}),
    ],
)
def test_an_output_is_made_up_for_a_path(path: str, output: Json) -> None:
    assert output_at(path, 1) == output


@pytest.mark.parametrize("path", ["a[-1]", "length(a)", "a.*.b", '"a b"', "", "a | b", "a[?b]"])
def test_for_other_paths_none_is_made_up(path: str) -> None:
    with pytest.raises(NoSample, match="is not a plain path"):
        output_at(path, 1)


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [
        ({"a": 1}, {"b": 2}, {"a": 1, "b": 2}),
        ({"a": {"b": 1}}, {"a": {"c": 2}}, {"a": {"b": 1, "c": 2}}),
        ({"a": [{"b": 1}]}, {"a": [{"c": 2}, 3]}, {"a": [{"b": 1, "c": 2}, 3]}),
        ({"a": "word"}, {"a": [1]}, {"a": [1]}),
        ({"a": [1]}, {"a": "word"}, {"a": [1]}),
        ({"a": 1}, {"a": 2}, {"a": 1}),
        (None, {"a": 1}, {"a": 1}),
        ({"a": 1}, None, {"a": 1}),
    ],
)
def test_two_outputs_become_one(one: Json, other: Json, both: Json) -> None:
    assert merged(one, other) == both


def test_what_stands_in_an_output_stays() -> None:
    given = with_output(with_output(Given(), "a.b", 1), "a.c", 2)
    assert with_output(given, "a.b", 3).output == {"a": {"b": 1, "c": 2}}
