import pytest

from sandbox.ordercloud import models, seed
from sandbox.ordercloud.accounts import Accounts
from sandbox.ordercloud.assignments import (
    Assignee,
    LocaleAssignment,
    Membership,
    Party,
    ProfileAssignment,
)
from sandbox.ordercloud.errors import ApiError
from sandbox.ordercloud.store import Store


@pytest.fixture
def store() -> Store:
    store = Store()
    seed.plant(store, products_count=1, base_url="http://oc.test")
    return store


def roles(store: Store, username: str) -> set[str]:
    accounts = Accounts(store)
    return set(accounts.roles(accounts.get_active(username)))


def test_usernames_are_found_in_all_companies_without_case(store: Store) -> None:
    accounts = Accounts(store)

    found = {name: accounts.find(name) for name in ("ALICE", "carol", "admin", "nobody")}

    companies = {name: each and each.buyer_id for name, each in found.items()}
    assert companies == {"ALICE": "acme", "carol": "globex", "admin": None, "nobody": None}
    assert found["admin"] is not None


def test_a_user_who_has_moved_or_gone_is_not_found_at_the_old_place(store: Store) -> None:
    accounts = Accounts(store)
    alice = store.users.of("acme").get("alice")
    assert accounts.find("alice") is not None

    store.users.of("acme").put({**alice, "Username": "alicia"})
    assert accounts.find("alice") is None
    assert accounts.find("alicia") is not None

    store.users.of("acme").remove("alice")
    assert accounts.find("alicia") is None


def test_keys_tell_users_of_different_companies_apart(store: Store) -> None:
    alice = store.users.of("acme").get("alice")
    store.users.of("globex").add({**alice, "Username": "other-alice"})
    accounts = Accounts(store)

    keys = {each.key for each in accounts}

    assert len(keys) == len(list(accounts))
    assert all(key.isdecimal() for key in keys)


def test_roles_come_from_company_groups_and_user(store: Store) -> None:
    before = roles(store, "alice")
    for role, assignee in (
        ("OrderReader", Assignee("acme", user_group_id="vip")),
        ("BuyerReader", Assignee("acme", user_id="alice")),
        ("ProductReader", Assignee("acme", user_group_id="wholesale")),
    ):
        profile = {"ID": role, "Roles": [role], "CustomRoles": [f"My{role}"]}
        store.security_profiles.add({**models.blank("SecurityProfile"), **profile})
        store.profile_assignments.save(ProfileAssignment(role, assignee))

    assert roles(store, "alice") - before == {
        "OrderReader",
        "MyOrderReader",
        "BuyerReader",
        "MyBuyerReader",
    }


def test_a_groups_locale_goes_before_the_buyers(store: Store) -> None:
    locale = {"ID": "fr-FR", "OwnerID": "demo", "Currency": "EUR", "Language": "fr-FR"}
    store.locales.add(locale)
    store.locale_assignments.save(LocaleAssignment("fr-FR", Party("acme", "vip")))
    accounts = Accounts(store)

    viewers = {name: accounts.viewer(accounts.get_active(name)) for name in ("alice", "bob")}

    assert (viewers["alice"].currency, viewers["bob"].currency) == ("EUR", "USD")


def test_groups_are_evaluated_anew_every_time(store: Store) -> None:
    accounts = Accounts(store)
    bob = accounts.get_active("bob")

    store.memberships.save(Membership("acme", "bob", "vip"))

    assert accounts.viewer(bob).groups == {"vip", "wholesale"}


def test_users_of_a_company_that_is_switched_off_cannot_log_in(store: Store) -> None:
    store.buyers.put({**store.buyers.get("acme"), "Active": False})

    with pytest.raises(ApiError, match=r"Auth\.CompanyNotActive"):
        Accounts(store).get_active("alice")
