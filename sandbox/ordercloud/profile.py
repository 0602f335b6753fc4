"""What shoppers write of themselves: profile, password, registration, sessions."""

from sandbox.ordercloud import models, present, users
from sandbox.ordercloud.accounts import Account
from sandbox.ordercloud.call import Call
from sandbox.ordercloud.collections import Entity
from sandbox.ordercloud.errors import ApiError
from sandbox.ordercloud.sessions import Session
from sandbox.ordercloud.shopping import orders


def save(call: Call) -> Entity:
    """Replace the caller's profile."""
    return _keep(call, models.replace("User", call.session.account.user, call.body))


def patch(call: Call) -> Entity:
    """Change parts of the caller's profile."""
    return _keep(call, models.patch("User", call.session.account.user, call.body))


def set_password(call: Call) -> None:
    """Set the caller's password, as the link in a reset mail leads to."""
    call.session.forbid_anonymous()
    password = models.create("TokenPasswordReset", call.body)["NewPassword"]
    users.set_password(call.marketplace, call.session.account, password)


def revoke_tokens(call: Call) -> None:
    """End all of the caller's sessions."""
    call.session.forbid_anonymous()
    call.marketplace.sessions.revoke(call.session.account)


def register(call: Call) -> Entity:
    """Make an anonymous shopper a user, cart included; return `{access_token}`."""
    session, marketplace = call.session, call.marketplace
    if session.order_id is None:
        raise ApiError("User.IsNotTemp")
    anonymous = _anonymous(call)
    buyer_id = session.account.buyer_id
    user = {**models.create("User", call.body), "DateCreated": marketplace.now()}
    marketplace.store.users_of(buyer_id).add(users.prepare(marketplace, user, buyer_id))
    account = marketplace.accounts.get_active(user["Username"])
    _hand_over(call, anonymous, account)
    client = marketplace.store.api_clients.get(session.client_id)
    answer = marketplace.sessions.open(client, account, marketplace.accounts.roles(account))
    return {"access_token": answer["access_token"]}


def take_order(call: Call) -> None:
    """Make an anonymous shopper's cart the caller's: they have logged in."""
    call.session.forbid_anonymous()
    _hand_over(call, _anonymous(call), call.session.account)


def impersonate(call: Call) -> Entity:
    """Return a token with which the caller acts as one of a buyer's users."""
    marketplace = call.marketplace
    request = models.create("ImpersonateTokenRequest", call.body)
    user = marketplace.store.users.of(call.ids["buyerID"]).get(call.ids["userID"])
    account = marketplace.accounts.get_active(user["Username"])
    client = marketplace.store.api_clients.get(request["ClientID"])
    available = marketplace.accounts.roles(account)
    wanted = (*request["Roles"], *(request["CustomRoles"] or ()))
    return marketplace.sessions.open_impersonated(
        client,
        account,
        tuple(role for role in wanted if role in available),
        impersonator=call.session.account,
    )


def _keep(call: Call, user: Entity) -> Entity:
    call.session.forbid_anonymous()
    account = call.session.account
    kept = users.prepare(call.marketplace, user, account.buyer_id)
    call.marketplace.store.users_of(account.buyer_id).put({**kept, "ID": account.user["ID"]})
    return present.me(call.marketplace, Account(kept, account.buyer_id))


def _anonymous(call: Call) -> Session:
    """Return the session of the anonymous token in the query."""
    try:
        session = call.marketplace.sessions.recognize(call.parameter("anonUserToken") or "")
    except ApiError as exc:
        raise ApiError("Auth.MustPassAnonUserToken") from exc
    if session.order_id is None:
        raise ApiError("Auth.MustPassAnonUserToken")
    return session


def _hand_over(call: Call, anonymous: Session, account: Account) -> None:
    """Give an anonymous shopper's unsubmitted orders to an account; prices stay (assumed)."""
    for order in list(call.marketplace.store.orders.of(anonymous.owner)):
        if not order["IsSubmitted"]:
            orders.hand_over(call, order, account)
