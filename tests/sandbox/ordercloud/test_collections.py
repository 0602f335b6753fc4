import pytest

from sandbox.ordercloud.collections import Collection, Owned, Revision
from sandbox.ordercloud.errors import ApiError


def make_collection() -> Collection:
    return Collection("Product", Revision())


def test_entities_keep_their_order_and_ignore_the_case_of_ids() -> None:
    products = make_collection()
    products.add({"ID": "Tent"})
    products.add({"ID": "boat"})
    products.put({"ID": "TENT", "Name": "Big"})

    assert [each["ID"] for each in products] == ["TENT", "boat"]
    assert products.get("tent")["Name"] == "Big"
    assert "BOAT" in products
    assert len(products) == 2


def test_a_taken_id_cannot_be_added_again() -> None:
    products = make_collection()
    products.add({"ID": "tent"})

    with pytest.raises(ApiError) as refused:
        products.add({"ID": "Tent"})
    assert (refused.value.status, refused.value.code) == (409, "IdExists")


def test_what_is_not_there_is_not_found_by_kind_and_id() -> None:
    products = make_collection()

    assert products.find("tent") is None
    for look in (products.get, products.remove):
        with pytest.raises(ApiError) as refused:
            look("tent")
        assert refused.value.data == {"ObjectType": "Product", "ObjectID": "tent"}


def test_every_write_counts_as_a_revision() -> None:
    revision = Revision()
    products, categories = Collection("Product", revision), Owned("Category", revision)

    numbers = [revision.number]
    for write in (
        lambda: products.add({"ID": "tent"}),
        lambda: products.put({"ID": "tent"}),
        lambda: products.remove("tent"),
        lambda: categories.of("main").add({"ID": "outdoor"}),
        lambda: categories.drop("main"),
    ):
        write()
        numbers.append(revision.number)

    assert numbers == sorted(set(numbers))


def test_owners_have_collections_of_their_own() -> None:
    categories = Owned("Category", Revision())
    categories.of("main").add({"ID": "outdoor"})

    assert "outdoor" in categories.of("MAIN")
    assert "outdoor" not in categories.of("other")
    categories.drop("Main")
    assert "outdoor" not in categories.of("main")
