"""A buyer's users."""

from collections.abc import Mapping

from sandbox.ordercloud import users
from sandbox.ordercloud.accounts import Account
from sandbox.ordercloud.admin.companies import buyer_id
from sandbox.ordercloud.call import Call, Endpoint
from sandbox.ordercloud.collections import Entity
from sandbox.ordercloud.entities import Entities, Show
from sandbox.ordercloud.errors import ApiError


def _check_delete(call: Call, user: Entity) -> None:
    clients = call.marketplace.store.api_clients
    if any(each["DefaultContextUserName"] == user["Username"] for each in clients):
        raise ApiError("User.CannotDeleteDefaultContextUser")


def _forget(call: Call, user: Entity) -> None:
    store = call.marketplace.store
    store.memberships.forget((buyer_id(call), user["ID"]))
    store.passwords.pop(Account(user, buyer_id(call)).key, None)


def _showing(call: Call) -> Show:
    accounts, owner = call.marketplace.accounts, buyer_id(call)

    def show(user: Entity) -> Entity:
        account = Account(user, owner)
        return {
            **user,
            "CompanyID": owner,
            "AvailableRoles": list(accounts.roles(account)),
            "Locale": accounts.locale(account),
        }

    return show


_USERS = Entities(
    model="User",
    path="/buyers/{buyerID}/users",
    place="userID",
    within=lambda call: call.marketplace.store.users.of(buyer_id(call)),
    prepare=lambda call, user: users.prepare(call.marketplace, user, buyer_id(call)),
    check_delete=_check_delete,
    forget=_forget,
    showing=_showing,
)


def _list(call: Call) -> Entity:
    """List a buyer's users, or those of one of its groups."""
    store, buyer = call.marketplace.store, buyer_id(call)
    found = list(store.users.of(buyer))
    if group_id := call.parameter("userGroupID"):
        members = {each.user_id for each in store.memberships.to((buyer, group_id))}
        found = [user for user in found if user["ID"] in members]
    return call.page(list(map(_showing(call), found)))


def _revoke_tokens(call: Call) -> None:
    """End all sessions of a user."""
    owner = buyer_id(call)
    user = call.marketplace.store.users.of(owner).get(call.ids["userID"])
    call.marketplace.sessions.revoke(Account(user, owner))


ROUTES: Mapping[str, Endpoint] = {
    **_USERS.routes(),
    "GET /buyers/{buyerID}/users": _list,
    "DELETE /buyers/{buyerID}/users/{userID}/tokens": _revoke_tokens,
}
