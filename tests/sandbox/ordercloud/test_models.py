from typing import Any

import pytest

from sandbox.ordercloud import models
from sandbox.ordercloud.errors import ApiError

PRODUCT = {"ID": "tent", "Name": "Tent", "xp": {"color": "Red", "size": {"l": 2}}}


def problem(model: str, body: object) -> object:
    with pytest.raises(ApiError) as refused:
        models.create(model, body)
    assert refused.value.code == "ValidationFailure"
    return refused.value.data


def test_a_new_entity_has_every_property_of_its_model() -> None:
    tent = models.create("Product", PRODUCT)

    assert tent["ID"] == "tent"
    assert (tent["Description"], tent["Active"], tent["SpecCount"]) == (None, False, 0)
    assert tent["QuantityMultiplier"] == 1


def test_an_id_is_made_up_where_none_is_given() -> None:
    first, second = (models.create("Product", {"Name": "Tent"})["ID"] for _ in range(2))

    assert len(first) == 22
    assert first != second


def test_models_within_models_are_completed() -> None:
    body = {"Name": "Price", "PriceBreaks": [{"Quantity": 1, "Price": 10}]}

    schedule = models.create("PriceSchedule", body)

    assert schedule["PriceBreaks"][0]["SalePrice"] is None


def test_read_only_and_unknown_properties_are_passed_over() -> None:
    tent = models.create("Product", PRODUCT | {"SpecCount": 9, "Colour": "Red"})

    assert tent["SpecCount"] == 0
    assert "Colour" not in tent


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"Name": None}, "is required"),
        ({"Name": ""}, "is required"),
        ({"Name": 7}, "must be of type string"),
        ({"Name": "x" * 101}, "must not be longer than 100 characters"),
        ({"Active": "yes"}, "must be of type boolean"),
        ({"ShipWeight": True}, "must be of type number"),
        ({"QuantityMultiplier": 1.5}, "must be of type integer"),
        ({"ID": "no spaces"}, "must be 1 to 100 letters, digits, hyphens or underscores"),
        ({"ID": "x" * 101}, "must be 1 to 100 letters, digits, hyphens or underscores"),
        ({"xp": ["no", "list"]}, "must be of type object"),
        ({"xp": {"a": "x" * 8000}}, "must not be longer than 8000 characters"),
    ],
)
def test_properties_are_checked(change: dict[str, Any], complaint: str) -> None:
    data = {"Property": next(iter(change)), "Problem": complaint}

    assert problem("Product", PRODUCT | change) == data


@pytest.mark.parametrize(
    ("model", "body", "name"),
    [
        ("PriceSchedule", {"Name": "P", "SaleStart": "tomorrow"}, "SaleStart"),
        ("Payment", {"Type": "Cash"}, "Type"),
        ("SecurityProfile", {"Name": "S", "Roles": ["King"]}, "Roles"),
        ("PriceSchedule", {"Name": "P", "PriceBreaks": [{"Quantity": "1"}]}, "Quantity"),
    ],
)
def test_dates_words_and_parts_are_checked(model: str, body: object, name: str) -> None:
    data = problem(model, body)

    assert isinstance(data, dict)
    assert data["Property"] == name


@pytest.mark.parametrize("body", [None, [], "text", 1])
def test_a_body_is_an_object(body: object) -> None:
    with pytest.raises(ApiError, match=r"Request\.InvalidRequestBody"):
        models.create("Product", body)


def test_patching_merges_xp_deeply_and_leaves_the_rest() -> None:
    tent = models.create("Product", PRODUCT | {"Description": "Green"})

    patched = models.patch("Product", tent, {"Name": "Big tent", "xp": {"size": {"w": 3}}})

    assert (patched["Name"], patched["Description"]) == ("Big tent", "Green")
    assert patched["xp"] == {"color": "Red", "size": {"l": 2, "w": 3}}
    assert tent["xp"] == {"color": "Red", "size": {"l": 2}}


@pytest.mark.parametrize(
    ("xp", "expected"),
    [
        (None, None),
        ({"color": None}, {"color": None, "size": {"l": 2}}),
        ({"size": [1]}, {"color": "Red", "size": [1]}),
    ],
)
def test_patched_xp_may_be_emptied(xp: object, expected: object) -> None:
    tent = models.create("Product", PRODUCT)

    assert models.patch("Product", tent, {"xp": xp})["xp"] == expected


def test_patching_cannot_take_away_what_is_required() -> None:
    tent = models.create("Product", PRODUCT)

    with pytest.raises(ApiError, match="ValidationFailure"):
        models.patch("Product", tent, {"Name": None})


def test_replacing_keeps_only_id_and_read_only_properties() -> None:
    tent = {**models.create("Product", PRODUCT), "SpecCount": 3}

    replaced = models.replace("Product", tent, {"Name": "New"})

    assert (replaced["ID"], replaced["SpecCount"]) == ("tent", 3)
    assert (replaced["Name"], replaced["xp"]) == ("New", None)
