import pytest

from tests.sandbox.ordercloud.listing.catalog import PLAIN, listed


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("RED", ["bag", "shoe"]),
        ("red s", ["shoe"]),
        ("atch", ["watch"]),
        ("shoes", []),
        ("water", ["watch"]),
    ],
)
def test_plain_search_finds_a_part_of_a_text(text: str, found: list[str]) -> None:
    assert listed(("search", text), resource=PLAIN) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("shoes", ["shoe"]),
        ("REDS", ["bag", "shoe"]),
        ("atch", []),
        ("red watches", ["watch", "bag", "shoe"]),
        ("waterproofed", ["watch"]),
        ("!?", []),
    ],
)
def test_premium_search_finds_words_in_any_of_their_forms(text: str, found: list[str]) -> None:
    assert listed(("search", text)) == found


@pytest.mark.parametrize(
    ("kind", "text", "found"),
    [
        ("AnyTerm", "red steel", ["watch", "bag", "shoe"]),
        ("AllTermsAnyField", "watch steel", ["watch"]),
        ("AllTermsAnyField", "red steel", []),
        ("AllTermsSameField", "watch diver", ["watch"]),
        ("AllTermsSameField", "watch steel", []),
        ("ExactPhrase", "red shoe", ["shoe"]),
        ("ExactPhrase", "shoe red", []),
        ("ExactPhrase", "red sho", []),
        ("ExactPhrasePrefix", "red sh", ["shoe"]),
        ("exactphraseprefix", "steel, water", ["watch"]),
    ],
)
def test_search_types(kind: str, text: str, found: list[str]) -> None:
    assert listed(("search", text), ("searchType", kind)) == found


def test_search_on_names_the_fields() -> None:
    assert listed(("search", "red"), ("searchOn", "ID")) == []
    assert listed(("search", "leather"), ("searchOn", "ID, xp.details.material")) == ["shoe"]
    assert listed(("search", "leather"), ("searchOn", "xp.details.*")) == ["shoe"]
    assert listed(("search", "sale"), ("searchOn", "xp.*")) == ["bag"]


def test_the_weightier_field_comes_first() -> None:
    assert listed(("search", "red shoe")) == ["shoe", "bag"]


def test_a_wanted_order_replaces_relevance() -> None:
    assert listed(("search", "red shoe"), ("sortBy", "ID")) == ["bag", "shoe"]


def test_an_empty_search_finds_everything() -> None:
    assert len(listed(("search", " "))) == 3
