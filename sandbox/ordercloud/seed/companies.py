"""API clients, buyers, user groups, users, and the roles and locales they have."""

from typing import NamedTuple

from sandbox.ordercloud import models
from sandbox.ordercloud.accounts import Account
from sandbox.ordercloud.assignments import (
    Assignee,
    LocaleAssignment,
    Membership,
    Party,
    ProfileAssignment,
)
from sandbox.ordercloud.seed.names import (
    ACME,
    DEMO_CATALOG,
    GLOBEX,
    OWNER,
    VIP,
    WHOLESALE,
    moment,
)
from sandbox.ordercloud.store import Store

_PASSWORD = "Password123!"  # noqa: S105 - the demo's, public by contract
_SHOPPER_ROLES = ["Shopper", "MeAdmin", "MeAddressAdmin", "MeCreditCardAdmin", "PasswordReset"]


class _User(NamedTuple):
    username: str
    first_name: str
    last_name: str
    buyer_id: str | None
    group_id: str | None = None


_USERS = (
    _User("admin", "Ada", "Admin", None),
    _User("alice", "Alice", "Archer", ACME, VIP),
    _User("bob", "Bob", "Baxter", ACME, WHOLESALE),
    _User("carol", "Carol", "Castellan", GLOBEX),
    _User("guest-template", "Guest", "Shopper", ACME),
)
_LOCALES = ((ACME, "en-US", "USD"), (GLOBEX, "de-DE", "EUR"))


def plant(store: Store) -> None:
    """Fill in who sells, who buys, and with which clients."""
    _plant_roles(store)
    _plant_buyers(store)
    _plant_clients(store)
    for user in _USERS:
        _plant_user(store, user)


def _plant_roles(store: Store) -> None:
    for profile_id, name, roles in (
        ("shoppers", "Shoppers", _SHOPPER_ROLES),
        ("administrators", "Administrators", ["FullAccess"]),
    ):
        profile = {"ID": profile_id, "Name": name, "Roles": roles, "CustomRoles": []}
        store.security_profiles.add({**models.blank("SecurityProfile"), **profile})
    store.profile_assignments.save(ProfileAssignment("administrators", Assignee(None)))
    for buyer_id in (ACME, GLOBEX):
        store.profile_assignments.save(ProfileAssignment("shoppers", Assignee(buyer_id)))


def _plant_buyers(store: Store) -> None:
    for buyer_id, name in ((ACME, "Acme Outfitters"), (GLOBEX, "Globex Trading")):
        buyer = {"ID": buyer_id, "Name": name, "Active": True, "DefaultCatalogID": DEMO_CATALOG}
        store.buyers.add({**models.blank("Buyer"), **buyer, "DateCreated": moment(0)})
    for group_id, name in ((VIP, "VIP members"), (WHOLESALE, "Wholesale customers")):
        group = {"ID": group_id, "Name": name}
        store.user_groups.of(ACME).add({**models.blank("UserGroup"), **group})
    for buyer_id, language, currency in _LOCALES:
        locale = {"ID": language, "OwnerID": OWNER, "Currency": currency, "Language": language}
        store.locales.add(locale)
        store.locale_assignments.save(LocaleAssignment(language, Party(buyer_id)))


def _plant_clients(store: Store) -> None:
    storefront = {
        "ID": "storefront-client",
        "AppName": "Demo storefront",
        "AllowAnyBuyer": True,
        "IsAnonBuyer": True,
        "DefaultContextUserName": "guest-template",
        "RefreshTokenDuration": 7200,
    }
    admin = {
        "ID": "admin-client",
        "AppName": "Demo administration",
        "AllowSeller": True,
        "DefaultContextUserName": "admin",
    }
    durations = {"AccessTokenDuration": 600, "AnonymousTokenDuration": 10_080}
    for client in (storefront, admin):
        blank = models.blank("ApiClient")
        store.api_clients.add({**blank, "Active": True, **durations, **client})
    store.client_secrets["admin-client"] = "admin-secret"


def _plant_user(store: Store, user: _User) -> None:
    entity = {
        "ID": user.username,
        "Username": user.username,
        "FirstName": user.first_name,
        "LastName": user.last_name,
        "Email": f"{user.username}@example.com",
        "Active": True,
        "DateCreated": moment(1),
        "PasswordLastSetDate": moment(1),
    }
    store.users_of(user.buyer_id).add({**models.blank("User"), **entity})
    store.passwords[Account(entity, user.buyer_id).key] = _PASSWORD
    if user.buyer_id and user.group_id:
        store.memberships.save(Membership(user.buyer_id, user.username, user.group_id))
