"""`POST /oauth/token`: the grants that turn credentials into an access token."""

from collections.abc import Mapping
from typing import Any

from sandbox.ordercloud.accounts import Account
from sandbox.ordercloud.collections import Entity
from sandbox.ordercloud.errors import ApiError, OAuthError
from sandbox.ordercloud.ids import new_id
from sandbox.ordercloud.marketplace import Marketplace

_OAUTH_ERRORS = {
    "ApiClient.InvalidClientID": "invalid_client",
    "Auth.ClientNotActive": "invalid_client",
    "Auth.UnauthorizedRole": "invalid_scope",
    "Request.InvalidContentType": "invalid_request",
}
"""RFC 6749 5.2; everything else is `invalid_grant`."""

Form = Mapping[str, str]


def grant(marketplace: Marketplace, form: Form) -> dict[str, Any]:
    """Return the token response of a form: `{access_token, token_type, expires_in, …}`."""
    client = _client(marketplace, form)
    match form.get("grant_type"):
        case "password":
            return _by_password(marketplace, client, form)
        case "client_credentials":
            return _by_client(marketplace, client, form)
        case "refresh_token":
            return marketplace.sessions.refresh(client, form.get("refresh_token", ""))
        case _:
            raise OAuthError("unsupported_grant_type")


def error_body(error: ApiError) -> dict[str, Any]:
    """Return a refusal as both OAuth's error and OrderCloud's."""
    known = _OAUTH_ERRORS.get(error.code, "invalid_grant")
    return {
        "error": error.error if isinstance(error, OAuthError) else known,
        "error_description": error.message,
        **error.body(),
    }


def _client(marketplace: Marketplace, form: Form) -> Entity:
    client = marketplace.store.api_clients.find(form.get("client_id", ""))
    if client is None:
        raise ApiError("ApiClient.InvalidClientID")
    if not client["Active"]:
        raise ApiError("Auth.ClientNotActive")
    secret = form.get("client_secret")
    if secret and secret != marketplace.store.client_secrets.get(client["ID"]):
        raise ApiError("ApiClient.InvalidClientID")
    return client


def _by_password(marketplace: Marketplace, client: Entity, form: Form) -> dict[str, Any]:
    username, password = form.get("username"), form.get("password")
    if not username or not password:
        raise ApiError("Auth.UsernameAndPasswordRequired")
    account = marketplace.accounts.find(username)
    if account is None or not _may_log_in(marketplace, client, account, password):
        raise ApiError("Auth.InvalidUsernameOrPassword")
    account = marketplace.accounts.get_active(username)
    return marketplace.sessions.open(client, account, _granted(marketplace, account, form))


def _may_log_in(marketplace: Marketplace, client: Entity, account: Account, password: str) -> bool:
    welcome: bool = client["AllowSeller" if account.buyer_id is None else "AllowAnyBuyer"]
    return welcome and password == marketplace.store.passwords.get(account.key)


def _by_client(marketplace: Marketplace, client: Entity, form: Form) -> dict[str, Any]:
    """Log in as the client's default context user: with the secret, or anonymously without."""
    account = marketplace.accounts.get_active(client["DefaultContextUserName"] or "")
    roles = _granted(marketplace, account, form)
    if form.get("client_secret"):
        return marketplace.sessions.open(client, account, roles)
    if not client["IsAnonBuyer"]:
        raise ApiError("ApiClient.InvalidClientID")
    return marketplace.sessions.open_anonymous(client, account, roles, order_id=new_id())


def _granted(marketplace: Marketplace, account: Account, form: Form) -> tuple[str, ...]:
    """Return the roles asked for that the user has, or all of them where none is asked for."""
    available = marketplace.accounts.roles(account)
    wanted = tuple(form.get("scope", "").split())
    granted = tuple(role for role in wanted if role in available or "FullAccess" in available)
    if wanted and not granted:
        raise ApiError("Auth.UnauthorizedRole")
    return granted or available
