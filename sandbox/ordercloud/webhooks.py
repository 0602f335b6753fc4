"""Webhooks: writes are told to the receivers that registered for them; some are asked first.

OrderCloud does not publish timeout and retries. Assumed are 10 seconds, one try, and that a call
passes if the receiver that was asked gives no proper answer.
"""

import asyncio
import base64
import contextlib
import hashlib
import hmac
import logging
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx2
import msgspec

from sandbox.ordercloud.call import Call
from sandbox.ordercloud.collections import Entity
from sandbox.ordercloud.errors import ApiError

_TIMEOUT_S = 10.0
_WRITES = {"POST", "PUT", "PATCH", "DELETE"}
_PLACE = re.compile(r"\{\w+\}")

_log = logging.getLogger(__name__)


class Webhooks:
    """Calls the receivers, from within `running`."""

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Hold the connections to receivers open."""
        async with httpx2.AsyncClient(timeout=_TIMEOUT_S, trust_env=False) as self._client:
            yield

    async def ask(self, call: Call) -> None:
        """Ask the pre-hooks of a call in turn; raise Webhook.Refused with the refusal's body."""
        for hook in registered(call, before=True):
            answer = await self._send(hook, payload(call, hook))
            if answer.get("proceed") is False:
                raise ApiError("Webhook.Refused", answer.get("body"))

    async def tell(self, call: Call, body: object) -> None:
        """Tell the post-hooks of a call that it is done, and what it answered."""
        response = {"Body": body, "Headers": None}
        copies = range(call.marketplace.options.webhook_copies)
        await asyncio.gather(
            *(
                self._send(hook, payload(call, hook, response))
                for hook in registered(call, before=False)
                for _ in copies
            )
        )

    async def _send(self, hook: Entity, message: Entity) -> Entity:
        """Return the receiver's JSON object; an empty one if there is none."""
        body = msgspec.json.encode(message)
        try:
            response = await self._client.post(
                hook["Url"], content=body, headers=headers(hook, body)
            )
            return msgspec.json.decode(response.content, type=dict[str, Any])
        except httpx2.HTTPError as exc:
            _log.warning("webhook %s to %s failed: %r", hook["ID"], hook["Url"], exc)
        except msgspec.DecodeError:
            pass  # a post-hook's answer may be anything
        return {}


def registered(call: Call, *, before: bool) -> list[Entity]:
    """Return the webhooks for a call's operation and API client: pre-hooks or post-hooks."""
    if call.verb not in _WRITES:
        return []
    return [
        hook
        for hook in call.marketplace.store.webhooks
        if hook["BeforeProcessRequest"] is before and hook["Url"] and _concerns(hook, call)
    ]


def payload(call: Call, hook: Entity, response: Entity | None = None) -> Entity:
    """Return what a receiver is sent; *response* is known to post-hooks only."""
    return {
        "Route": f"v1{call.path}",
        "RouteParams": call.ids,
        "QueryParams": dict(call.query),
        "Verb": call.verb,
        "Date": call.marketplace.now(),
        "LogID": call.log_id,
        "UserToken": _user_token(call, hook["ElevatedRoles"]),
        "Request": {"Body": _without_passwords(call.body), "Headers": None},
        "Response": response,
        "ConfigData": hook["ConfigData"],
    }


def headers(hook: Entity, body: bytes) -> dict[str, str]:
    """Return the headers of a delivery: its signature, and what the webhook asks for itself."""
    signed = {"X-oc-hash": signature(hook["HashKey"], body)} if hook["HashKey"] else {}
    name = hook["CustomAuthHeaderName"]
    own = {name: hook["CustomAuthHeaderValue"] or ""} if name else {}
    return {"Content-Type": "application/json", **signed, **own}


def signature(hash_key: str, body: bytes) -> str:
    """Return `X-oc-hash`: the base64 of the body's HMAC-SHA256."""
    digest = hmac.digest(hash_key.encode(), body, hashlib.sha256)
    return base64.b64encode(digest).decode()


def _concerns(hook: Entity, call: Call) -> bool:
    clients = {client_id.casefold() for client_id in hook["ApiClientIDs"] or ()}
    routes = ((each["Verb"], _shape(each["Route"])) for each in hook["WebhookRoutes"] or ())
    called = (call.verb, _shape(f"v1{call.path}"))
    return call.session.client_id.casefold() in clients and called in routes


def _shape(route: str) -> str:
    """Return a route without the names of its places and regardless of case."""
    return _PLACE.sub("{}", route.strip("/")).casefold()


def _user_token(call: Call, elevated_roles: list[str] | None) -> str:
    """Return the caller's token, with further roles if the webhook asks for some."""
    tokens = call.marketplace.tokens
    if not elevated_roles:
        return call.session.token
    claims = tokens.verify(call.session.token)
    roles = tuple(dict.fromkeys((*claims.roles, *elevated_roles)))
    return tokens.sign(replace(claims, roles=roles).to_payload())


def _without_passwords(body: object) -> object:
    if not isinstance(body, dict):
        return body
    return {name: None if "password" in name.casefold() else body[name] for name in body}
