"""CDP/Personalize: runs a decision flow for a guest."""

import msgspec

from proxy.config import Cdp as CdpConfig
from proxy.edge.http import Upstream
from proxy.errors import UpstreamBroken, UpstreamFailed
from proxy.model import Execution, Guest, Json, Shopper

_OK = 200
_NO_FLOW = "No flow executed"
_PROVIDER = "ordercloud"


class Cdp:
    """The tenant's flow execution API."""

    def __init__(self, upstream: Upstream, config: CdpConfig) -> None:
        self._upstream = upstream
        self._config = config

    async def execute(
        self, friendly_id: str, guest: Guest, shopper: Shopper, *, user_agent: str | None
    ) -> Execution:
        """Run a flow for *guest*, handing the shopper's token on in its parameters.

        Shape: POST /v2/callFlows {clientKey, friendlyId, browserId | identifiers, params, …}
        -> whatever JSON the variant's template renders, or {"message": "No flow executed"}.

        Raises:
            UpstreamError: no usable answer.

        Source: docs/sources.md#call-flows.
        """
        body = msgspec.json.encode(self._request(friendly_id, guest, shopper))
        headers = {"content-type": "application/json", "accept": "application/json"}
        if user_agent:
            headers["user-agent"] = user_agent
        answer = await self._upstream.request(
            "POST", "/v2/callFlows", headers=headers, content=body
        )
        if answer.status != _OK:
            raise UpstreamFailed(f"CDP answered {answer.status}")
        output = _parse(answer.body)
        executed = not (isinstance(output, dict) and output.get("message") == _NO_FLOW)
        return Execution(output if executed else None, executed, len(answer.body))

    def _request(self, friendly_id: str, guest: Guest, shopper: Shopper) -> dict[str, object]:
        config = self._config
        identity: dict[str, object] = (
            {"browserId": guest.browser_id}
            if guest.browser_id
            else {"identifiers": {"id": guest.identifier, "provider": _PROVIDER}}
        )
        return {
            "clientKey": config.client_key,
            "channel": config.channel,
            "language": config.language,
            "currencyCode": config.currency,
            "pointOfSale": config.point_of_sale,
            "friendlyId": friendly_id,
            **identity,
            "params": {config.token_param: shopper.token},
        }


def _parse(body: bytes) -> Json:
    try:
        output: Json = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as exc:
        raise UpstreamBroken("CDP's answer is not JSON") from exc
    if not isinstance(output, dict | list):
        raise UpstreamBroken("CDP's answer is neither a JSON object nor an array")
    return output
