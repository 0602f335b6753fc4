"""Who may share a page with whom: only who, by OrderCloud's rules, sees the same list."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.core.scope import (
    SHAREABLE,
    Membership,
    Sharing,
    anonymous_scope,
    group_scope,
    membership,
    own_scope,
    reach,
    scope_tags,
)
from proxy.model import Profile, Shopper
from tests.test_model import ALICE, ANONYMOUS

VIP = Membership("acme", frozenset({"vip"}), "USD", "en")


@pytest.mark.parametrize("resource", sorted(SHAREABLE))
@pytest.mark.parametrize(
    ("shopper", "permitted", "reached"),
    [
        (ANONYMOUS, Sharing.SHOPPER, Sharing.SHOPPER),
        (ANONYMOUS, Sharing.ANONYMOUS, Sharing.ANONYMOUS),
        (ANONYMOUS, Sharing.GROUPS, Sharing.ANONYMOUS),
        (ALICE, Sharing.SHOPPER, Sharing.SHOPPER),
        (ALICE, Sharing.ANONYMOUS, Sharing.SHOPPER),
        (ALICE, Sharing.GROUPS, Sharing.GROUPS),
    ],
)
def test_shoppers_share_what_the_placement_permits_and_no_more(
    resource: str, shopper: Shopper, permitted: Sharing, reached: Sharing
) -> None:
    assert reach(shopper, resource, permitted) is reached


@pytest.mark.parametrize("resource", ["me/promotions", "me/orders", "me/addresses", "me/other"])
@pytest.mark.parametrize("shopper", [ANONYMOUS, ALICE])
@pytest.mark.parametrize("permitted", Sharing)
def test_what_belongs_to_one_shopper_is_shared_with_nobody(
    resource: str, shopper: Shopper, permitted: Sharing
) -> None:
    assert reach(shopper, resource, permitted) is Sharing.SHOPPER


@pytest.mark.parametrize("permitted", Sharing)
def test_who_acts_as_somebody_else_shares_with_nobody(permitted: Sharing) -> None:
    for shopper in (ANONYMOUS, ALICE):
        acting = replace(shopper, impersonator="admin")
        assert reach(acting, "me/products", permitted) is Sharing.SHOPPER


def test_anonymous_shoppers_of_one_client_have_one_scope() -> None:
    other = replace(ANONYMOUS, token="other", order_id="cart-2", expires_at=2.0)
    assert anonymous_scope(ANONYMOUS) == anonymous_scope(other)


@pytest.mark.parametrize(
    "other",
    [
        replace(ANONYMOUS, client_id="other"),
        replace(ANONYMOUS, username="other"),
        replace(ANONYMOUS, roles=frozenset({"Shopper", "MeAdmin"})),
    ],
)
def test_anonymous_shoppers_who_may_see_another_catalog_have_another_scope(other: Shopper) -> None:
    assert anonymous_scope(ANONYMOUS) != anonymous_scope(other)


def test_users_with_one_membership_have_one_scope() -> None:
    bob = replace(ALICE, username="bob", token="other", expires_at=2.0)
    assert group_scope(ALICE, VIP) == group_scope(bob, VIP)


@pytest.mark.parametrize(
    "other",
    [
        replace(VIP, buyer_id="globex"),
        replace(VIP, groups=frozenset()),
        replace(VIP, groups=frozenset({"vip", "wholesale"})),
        replace(VIP, currency="EUR"),
        replace(VIP, currency=None),
        replace(VIP, language="de"),
    ],
)
def test_another_membership_is_another_scope(other: Membership) -> None:
    assert group_scope(ALICE, VIP) != group_scope(ALICE, other)


@pytest.mark.parametrize(
    "other", [replace(ALICE, client_id="other"), replace(ALICE, roles=frozenset())]
)
def test_another_client_or_other_rights_are_another_scope(other: Shopper) -> None:
    assert group_scope(ALICE, VIP) != group_scope(other, VIP)


def test_a_profile_and_groups_make_a_membership() -> None:
    profile = Profile("acme", "alice-1", "en", "USD")
    assert membership(profile, frozenset({"vip"})) == VIP


names = st.sampled_from(["a", "b", "anonymous", "groups", "('a',", "'", '"'])
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
members = st.builds(
    Membership, names, st.frozensets(names, max_size=2), st.none() | names, st.none() | names
)


@given(shoppers, shoppers, members, members)
def test_scopes_are_equal_only_where_all_that_counts_is(
    one: Shopper, other: Shopper, mine: Membership, theirs: Membership
) -> None:
    rights = (one.client_id, one.roles) == (other.client_id, other.roles)
    assert (own_scope(one) == own_scope(other)) is (one.id == other.id)
    assert (group_scope(one, mine) == group_scope(other, theirs)) is (rights and mine == theirs)
    alike = rights and one.username == other.username
    assert (anonymous_scope(one) == anonymous_scope(other)) is alike


@given(shoppers, members)
def test_kinds_of_scope_never_meet(shopper: Shopper, member: Membership) -> None:
    scopes = {own_scope(shopper), anonymous_scope(shopper), group_scope(shopper, member)}
    assert len(scopes) == 3


def test_a_page_is_tagged_by_its_scope_its_client_and_whose_own_it_is() -> None:
    own, shared = own_scope(ALICE), group_scope(ALICE, VIP)
    assert scope_tags(own, ALICE) == [f"scope:{own}", "scope:shop", "scope:alice"]
    assert scope_tags(shared, ALICE) == [f"scope:{shared}", "scope:shop"]
