"""What a value tells of itself."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.model import Guest, Shopper

ANONYMOUS = Shopper(
    token="secret-token",
    client_id="shop",
    username="template",
    order_id="cart-1",
    roles=frozenset({"Shopper"}),
    impersonator=None,
    expires_at=1.0,
)
ALICE = replace(ANONYMOUS, username="alice", order_id=None)


def test_a_shopper_is_shown_without_the_token() -> None:
    assert "secret-token" not in repr(ANONYMOUS)


def test_a_shopper_with_a_cart_of_the_template_user_is_anonymous() -> None:
    assert ANONYMOUS.is_anonymous
    assert not ALICE.is_anonymous


@pytest.mark.parametrize(
    "other",
    [
        replace(ALICE, client_id="other"),
        replace(ALICE, username="bob"),
        replace(ALICE, roles=frozenset()),
        replace(ALICE, impersonator="admin"),
        replace(ALICE, order_id="alice"),
    ],
)
def test_another_shopper_or_other_rights_have_another_id(other: Shopper) -> None:
    assert ALICE.id != other.id


names = st.sampled_from(["a", "b", "user:a", "anon:a", "('a',", "'", '"'])
shoppers = st.builds(
    Shopper,
    token=st.just("t"),
    client_id=names,
    username=names,
    order_id=st.none() | names,
    roles=st.frozensets(names, max_size=2),
    impersonator=st.none() | names,
    expires_at=st.just(1.0),
)


@given(shoppers, shoppers)
def test_ids_are_equal_only_for_the_same_shopper(one: Shopper, other: Shopper) -> None:
    if one.id == other.id:
        same = replace(other, username=one.username) if one.is_anonymous else other
        assert one == same


@given(st.builds(Guest, names | st.none(), names), st.builds(Guest, names | st.none(), names))
def test_guests_have_one_key_only_if_cdp_takes_them_for_one(one: Guest, other: Guest) -> None:
    if one.key == other.key:
        assert one.browser_id == other.browser_id
        assert one.browser_id or one.identifier == other.identifier
