from typing import Any

import pytest

from sandbox.ordercloud.listing import XpTypes


def listed(types: XpTypes, **xps: Any) -> list[str]:
    return [each["ID"] for each in types.listable([{"ID": id_, "xp": xps[id_]} for id_ in xps])]


@pytest.mark.parametrize(
    ("first", "other"),
    [(1, "1"), ("a", True), (True, 1), ({"b": 1}, "b"), ("b", {"b": 1}), ([1], ["a"]), (1, ["a"])],
)
def test_a_key_keeps_its_first_type(first: object, other: object) -> None:
    assert listed(XpTypes(), one={"a": first}, two={"a": other}, three={"a": first}) == [
        "one",
        "three",
    ]


@pytest.mark.parametrize(
    ("first", "other"),
    [(1, 2.5), (1, None), (None, "a"), ("a", ["b", "c"]), ([], {"b": 1}), ({"b": 1}, {"c": "x"})],
)
def test_what_is_of_one_type_goes_together(first: object, other: object) -> None:
    assert listed(XpTypes(), one={"a": first}, two={"a": other}) == ["one", "two"]


def test_inner_keys_have_types_of_their_own() -> None:
    found = listed(XpTypes(), one={"a": {"b": 1}}, two={"a": {"b": "x"}}, three={"b": "x"})
    assert found == ["one", "three"]


def test_an_array_of_several_types_is_left_out() -> None:
    assert listed(XpTypes(), one={"a": [1, "x"]}, two={"a": "x"}, three=None) == ["two", "three"]


def test_a_type_outlives_the_entity_that_brought_it() -> None:
    types = XpTypes()
    assert listed(types, one={"a": 1}) == ["one"]
    assert listed(types, two={"a": "x"}) == []
    assert listed(types, two={"a": 2}) == ["two"]
