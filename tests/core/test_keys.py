"""Keys of cached answers."""

from hypothesis import given
from hypothesis import strategies as st

from proxy.core.keys import key_of
from proxy.model import ListQuery, Visitor

_parts = st.lists(st.text() | st.none() | st.integers(0, 9) | st.tuples(st.text(), st.text()))


@given(_parts, _parts)
def test_only_the_same_parts_have_the_same_key(some: list[object], others: list[object]) -> None:
    assert (key_of("page", *some) == key_of("page", *others)) == (some == others)


def test_parts_do_not_run_into_each_other() -> None:
    texts = [("ab", "c"), ("a", "bc"), ("abc",), ("a", "b", "c"), ("abc", "")]
    assert len({key_of("page", *one) for one in texts}) == len(texts)


def test_kinds_do_not_meet() -> None:
    assert key_of("profile", "alice") != key_of("groups", "alice")


def test_a_key_is_the_same_everywhere_and_always() -> None:
    query = ListQuery("me/products", (("categoryID", "watches"),), order=("a", "b"))
    assert key_of("page", "scope", query).hex() == "5db3a5cb03f5f1165c9cd49ac579b22b"


def test_the_order_of_a_mapping_does_not_matter() -> None:
    one, other = (
        Visitor(geo={"city": "Ulm", "country": "DE"}),
        Visitor(geo={"country": "DE", "city": "Ulm"}),
    )
    assert key_of("decision", one) == key_of("decision", other)
