"""API clients and webhooks."""

from collections.abc import Mapping
from ipaddress import ip_address
from urllib.parse import urlsplit

from sandbox.ordercloud.call import Call, Endpoint
from sandbox.ordercloud.collections import Entity
from sandbox.ordercloud.entities import Entities
from sandbox.ordercloud.errors import ApiError
from sandbox.ordercloud.ids import new_id


def _prepare_client(call: Call, client: Entity) -> Entity:
    """Refuse a default context user that does not exist; anonymous shopping needs a buyer's."""
    username = client["DefaultContextUserName"]
    account = call.marketplace.accounts.find(username) if username else None
    if username and account is None:
        raise ApiError("User.NotFound")
    if client["IsAnonBuyer"] and (account is None or account.buyer_id is None):
        raise ApiError("ApiClient.RequiredNotAnonBuyer")
    return {**client, "ID": client["ID"] or new_id()}


_CLIENTS = Entities(
    model="ApiClient",
    path="/apiclients",
    place="apiClientID",
    within=lambda call: call.marketplace.store.api_clients,
    prepare=_prepare_client,
)


def _prepare_webhook(_: Call, webhook: Entity) -> Entity:
    """Refuse a receiver that is not https, unless it is on this machine."""
    if webhook["Url"] and not _may_receive(webhook["Url"]):
        raise ApiError("Webhook.UrlSchemeHttps")
    return webhook


def _may_receive(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme == "https" or (parts.scheme == "http" and _is_local(parts.hostname or ""))


def _is_local(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


_WEBHOOKS = Entities(
    model="Webhook",
    path="/webhooks",
    place="webhookID",
    within=lambda call: call.marketplace.store.webhooks,
    prepare=_prepare_webhook,
)

ROUTES: Mapping[str, Endpoint] = {**_CLIENTS.routes(), **_WEBHOOKS.routes()}
