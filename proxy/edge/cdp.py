"""CDP/Personalize: runs a decision flow for a guest, by the direct API or through Sitecore Edge."""

import secrets
from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import urlencode

import msgspec

from proxy.edge.http import Upstream
from proxy.errors import UNREADABLE, UpstreamBroken, UpstreamFailed
from proxy.model import Call, Execution, Reason
from proxy.sections import Cdp as CdpConfig

_OK = 200
_CLIENT_FAULTS = range(400, 500)
_TRY_LATER = frozenset({401, 408, 429})
_NO_FLOW = "No flow executed"
_ALIKE_MAX = 1024
_ALIKE_MAX_BYTES = 512
"""Answers up to this size are mostly a segment's name, said to very many guests."""


class Cdp:
    """The tenant's flow execution API."""

    def __init__(self, upstream: Upstream, config: CdpConfig) -> None:
        self._upstream = upstream
        self._config = config
        self._target = _target(config)

    async def execute(self, call: Call) -> Execution:
        """Run a flow for a guest.

        Shape: POST /v2/callFlows (Edge: /v1/personalize) {clientKey, friendlyId, params, browserId
        | identifiers, …} -> whatever JSON the variant's template renders, or
        {"message": "No flow executed"}.
        What CDP refuses for this guest (an unknown browser id, say) is an execution without
        output: asking again at once would not help.

        Raises:
            UpstreamError: no usable answer.

        Source: docs/sources.md#call-flows.
        """
        answer = await self._upstream.request(
            "POST",
            self._target,
            headers=_headers(call.user_agent),
            content=msgspec.json.encode(self._body(call)),
        )
        if answer.status in _CLIENT_FAULTS and answer.status not in _TRY_LATER:
            return Execution(None, Reason.FLOW_REFUSED)
        if answer.status != _OK:
            raise UpstreamFailed(f"CDP answered {answer.status}")
        is_small = len(answer.body) <= _ALIKE_MAX_BYTES
        return _shared_execution(answer.body) if is_small else _execution(answer.body)

    def _body(self, call: Call) -> dict[str, object]:
        config = self._config
        is_direct = config.form == "direct"
        return {
            "clientKey": config.client_key if is_direct else "",
            "channel": config.channel,
            "language": config.language,
            "currencyCode": config.currency,
            "pointOfSale": config.point_of_sale if is_direct else "",
            "friendlyId": call.friendly_id,
            **self._guest(call),
            "params": self._params(call),
        }

    def _guest(self, call: Call) -> dict[str, object]:
        """Return exactly one key of the guest, as CDP wants it."""
        if call.guest.browser_id:
            return {"browserId": call.guest.browser_id}
        provider = self._config.identity_provider
        return {"identifiers": {"id": call.guest.identifier, "provider": provider}}

    def _params(self, call: Call) -> Mapping[str, object]:
        params: dict[str, object] = dict(call.params)
        if call.geo:
            params["geo"] = call.geo
        if call.token is not None:
            params[self._config.token_param] = call.token
        return params


def _target(config: CdpConfig) -> str:
    if config.form == "direct":
        return "/v2/callFlows"
    identity = {"sitecoreContextId": config.context_id, "siteId": config.site_id}
    return f"/v1/personalize?{urlencode(identity)}"


def _headers(user_agent: str | None) -> dict[str, str]:
    """Return what CDP reads of the request: the shopper's own browser decides device conditions."""
    headers = {
        "content-type": "application/json",
        "accept": "application/json",
        "x-sc-correlation-id": secrets.token_hex(16),
    }
    return {**headers, "user-agent": user_agent} if user_agent else headers


@lru_cache(_ALIKE_MAX)
def _shared_execution(body: bytes) -> Execution:
    """Return one object for all that are alike: there are as many as guests."""
    return _execution(body)


def _execution(body: bytes) -> Execution:
    try:
        output = msgspec.json.decode(body)
    except UNREADABLE as exc:
        raise UpstreamBroken("CDP's answer is not JSON") from exc
    if not isinstance(output, dict | list):
        raise UpstreamBroken("CDP's answer is neither a JSON object nor an array")
    if isinstance(output, dict) and output.get("message") == _NO_FLOW:
        return Execution(None, Reason.NO_FLOW)
    return Execution(body, Reason.MATCHED)
