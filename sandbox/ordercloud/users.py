"""Keeping users: names are unique over all companies, passwords are kept apart."""

import re

from sandbox.ordercloud.accounts import Account
from sandbox.ordercloud.collections import Entity
from sandbox.ordercloud.errors import ApiError
from sandbox.ordercloud.marketplace import Marketplace

_SECURE = re.compile(r"(?=.*[A-Za-z])(?=.*\d).{8,}")
"""At least eight characters with a letter and a digit (assumed)."""


def prepare(marketplace: Marketplace, user: Entity, buyer_id: str | None) -> Entity:
    """Return a user as kept, without password; raise if name or password will not do."""
    account = Account(user, buyer_id)
    namesake = marketplace.accounts.find(user["Username"])
    if namesake is not None and namesake.key != account.key:
        raise ApiError("User.UsernameMustBeUnique")
    if not user["Password"]:
        return user
    set_password(marketplace, account, user["Password"])
    return {**user, "Password": None, "PasswordLastSetDate": marketplace.now()}


def set_password(marketplace: Marketplace, account: Account, password: str) -> None:
    """Change a user's password; raise Auth.InsecurePassword."""
    if not _SECURE.fullmatch(password):
        raise ApiError("Auth.InsecurePassword")
    marketplace.store.passwords[account.key] = password
