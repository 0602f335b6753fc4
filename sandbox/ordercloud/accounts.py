"""Users as OrderCloud knows them: their company, groups, roles and locale."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

from sandbox.ordercloud.assignments import Assignee, Party
from sandbox.ordercloud.collections import Entity
from sandbox.ordercloud.errors import ApiError
from sandbox.ordercloud.store import Store
from sandbox.ordercloud.visibility import Viewer

_KEY_BYTES = 6


@dataclass(frozen=True, slots=True)
class Account:
    """A user and their company: a buyer, or None for the seller."""

    user: Entity
    buyer_id: str | None

    @property
    def user_type(self) -> str:
        """Return the token's word for the kind of company."""
        return "admin" if self.buyer_id is None else "buyer"

    @property
    def key(self) -> str:
        """Return the number by which tokens (`u`, `imp`) and the store know the user."""
        name = f"{self.buyer_id}/{self.user['ID']}".casefold()
        return str(int.from_bytes(hashlib.sha256(name.encode()).digest()[:_KEY_BYTES]))


class Accounts:
    """Looks up users of all companies, and what their company and groups give them."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._places: dict[str, tuple[str | None, str]] = {}

    def find(self, username: str) -> Account | None:
        """Return the account of a username, which is unique over all companies."""
        wanted = username.casefold()
        for account in chain(self._last_seen(wanted), self):
            if account.user["Username"].casefold() == wanted:
                self._places[wanted] = account.buyer_id, account.user["ID"]
                return account
        return None

    def get_active(self, username: str) -> Account:
        """Return the account of a user who may log in; raise OrderCloud's `Auth` errors."""
        account = self.find(username)
        if account is None or not account.user["Active"]:
            raise ApiError("Auth.UserNotActive")
        if account.buyer_id and not self._store.buyers.get(account.buyer_id)["Active"]:
            raise ApiError("Auth.CompanyNotActive")
        return account

    def __iter__(self) -> Iterator[Account]:
        for user in self._store.admin_users:
            yield Account(user, None)
        for buyer in self._store.buyers:
            for user in self._store.users.of(buyer["ID"]):
                yield Account(user, buyer["ID"])

    def _last_seen(self, username: str) -> Iterator[Account]:
        """Yield the account where the name was found before: it saves the search through all."""
        if username in self._places:
            buyer_id, user_id = self._places[username]
            user = self._store.users_of(buyer_id).find(user_id)
            if user is not None:
                yield Account(user, buyer_id)

    def groups(self, account: Account) -> list[Entity]:
        """Return the user groups that the user is in; the seller's groups are not emulated."""
        if account.buyer_id is None:
            return []
        memberships = self._store.memberships.of((account.buyer_id, account.user["ID"]))
        known = self._store.user_groups.of(account.buyer_id)
        return [known.get(each.user_group_id) for each in memberships]

    def roles(self, account: Account) -> tuple[str, ...]:
        """Return the roles of all security profiles given to user, groups or company."""
        profiles = self._store.security_profiles
        assigned = (
            profiles.get(each.security_profile_id)
            for assignee in self._assignees(account)
            for each in self._store.profile_assignments.to(assignee)
        )
        roles = (role for each in assigned for role in (*each["Roles"], *each["CustomRoles"]))
        return tuple(dict.fromkeys(roles))

    def locale(self, account: Account) -> Entity | None:
        """Return the locale of the user's groups, else of the buyer, else None."""
        for party in self._parties(account):
            for each in self._store.locale_assignments.to(party):
                return self._store.locales.get(each.locale_id)
        return None

    def viewer(self, account: Account) -> Viewer:
        """Return what decides the account's view of the catalogs; a seller sees no catalog."""
        locale = self.locale(account)
        return Viewer(
            buyer_id=account.buyer_id or "",
            groups=frozenset(group["ID"] for group in self.groups(account)),
            currency=locale["Currency"] if locale else None,
        )

    def _assignees(self, account: Account) -> Iterator[Assignee]:
        yield Assignee(account.buyer_id)
        for group in self.groups(account):
            yield Assignee(account.buyer_id, user_group_id=group["ID"])
        yield Assignee(account.buyer_id, user_id=account.user["ID"])

    def _parties(self, account: Account) -> Iterator[Party]:
        """Yield the parties the account belongs to, the closest first."""
        if account.buyer_id is not None:
            for group in self.groups(account):
                yield Party(account.buyer_id, group["ID"])
            yield Party(account.buyer_id)
