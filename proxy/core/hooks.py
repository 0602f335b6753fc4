"""The webhook that OrderCloud's administrator registers: every call the gateway wants to hear of.

Pure. Source: docs/sources.md#webhook-routes.
"""

from collections.abc import Iterator, Sequence

from proxy.core.writes import WRITES
from proxy.model import Json

PATH = "/webhooks/ordercloud"

_ORDERS = ("cart", "orders/{direction}/{orderID}")
_DEEDS = (
    "POST {}/lineitems",
    "PUT PATCH DELETE {}/lineitems/{{lineItemID}}",
    "DELETE {}",
    "POST {}/submit",
)
"""What CDP is told of, on either."""


def webhook(gateway_url: str, *, hash_key: str, clients: Sequence[str]) -> dict[str, Json]:
    """Return the body of `POST /v1/webhooks`; *clients* are the API clients whose calls it tells.

    It comes after the call, since the gateway has no say in it.
    """
    return {
        "Name": "decision-proxy",
        "Url": gateway_url.rstrip("/") + PATH,
        "HashKey": hash_key,
        "BeforeProcessRequest": False,
        "ApiClientIDs": [*clients],
        "WebhookRoutes": [*_routes()],
    }


def _routes() -> Iterator[Json]:
    writes = [call for write in WRITES for call in write.calls]
    deeds = [deed.format(order) for order in _ORDERS for deed in _DEEDS]
    for call in (*writes, *deeds):
        *verbs, route = call.split()
        for verb in verbs:
            yield {"Route": f"v1/{route}", "Verb": verb}
