"""CDP's event stream: takes shoppers' events and issues browser ids, direct or through Edge."""

from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from urllib.parse import urlencode

import msgspec

from proxy.edge.http import Answer, Upstream
from proxy.errors import UNREADABLE, EventRefused, UpstreamBroken, UpstreamFailed
from proxy.sections import Cdp as CdpConfig

_ACCEPTED = frozenset({200, 201})
_CLIENT_FAULTS = range(400, 500)
_TRY_LATER = frozenset({401, 403, 408, 425, 429})
"""Refusals that are not about the event: the tenant's key, or too much at once."""

_ASKS_FOR_PATIENCE = frozenset({429, 503})
_REASON_MAX = 200
_JSON = {"content-type": "application/json", "accept": "application/json"}


class _Browser(msgspec.Struct):
    ref: str


class EventStream:
    """The tenant's stream API."""

    def __init__(self, upstream: Upstream, config: CdpConfig) -> None:
        self._upstream = upstream
        self._tenant = {"client_key": "", "channel": config.channel, "pos": ""}
        prefix, context = "", {}
        if config.form == "edge":
            prefix = "/v1/events"
            context = {"sitecoreContextId": config.context_id, "siteId": config.site_id}
        else:
            self._tenant |= {"client_key": config.client_key, "pos": config.point_of_sale}
        self._events = _target(f"{prefix}/v1.2/events", context)
        asked = {**context, "client_key": self._tenant["client_key"], "message": "{}"}
        self._browsers = _target(f"{prefix}/v1.2/browser/create.json", asked)

    async def send(self, content: bytes) -> None:
        """Send one event; *content* is a JSON object without the tenant's attributes.

        Shape: POST /v1.2/events {"client_key", "channel", "pos", …} -> 201 (Edge: 200).

        Raises:
            EventRefused: CDP will never take it.
            UpstreamError: CDP did not take it now.

        Source: docs/sources.md#cdp-events.
        """
        body = msgspec.json.encode({**self._tenant, **msgspec.json.decode(content)})
        answer = await self._upstream.request("POST", self._events, headers=_JSON, content=body)
        if answer.status in _ACCEPTED:
            return
        told = f"CDP answered {answer.status}: {_reason(answer)}"
        if answer.status in _CLIENT_FAULTS and answer.status not in _TRY_LATER:
            raise EventRefused(told)
        wait_s = _retry_after_s(answer.headers) if answer.status in _ASKS_FOR_PATIENCE else 0.0
        raise UpstreamFailed(told, retry_after_s=wait_s)

    async def create_browser(self) -> str:
        """Have a browser id issued, and with it a new visitor.

        Shape: GET /v1.2/browser/create.json?client_key=…&message={} -> {"ref": "<uuid>", …}.

        Raises:
            UpstreamError: no id.
        """
        answer = await self._upstream.request("GET", self._browsers, headers={})
        if answer.status not in _ACCEPTED:
            raise UpstreamFailed(f"CDP answered {answer.status}")
        try:
            return msgspec.json.decode(answer.body, type=_Browser).ref
        except UNREADABLE as exc:
            raise UpstreamBroken("CDP issued no browser id") from exc


def _target(path: str, query: dict[str, str]) -> str:
    return f"{path}?{urlencode(query)}" if query else path


def _retry_after_s(headers: Mapping[str, str]) -> float:
    """Return for how long CDP asks to be left alone: so many seconds, or until a date.

    The date is held against the answer's own, since our clocks may differ.
    Source: RFC 9110 section 10.2.3.
    """
    said = headers.get("retry-after", "")
    if said.isascii() and said.isdecimal():
        return float(said)
    try:
        wait = parsedate_to_datetime(said) - parsedate_to_datetime(headers.get("date", ""))
    except (ValueError, TypeError):
        return 0.0
    return max(0.0, wait.total_seconds())


def _reason(answer: Answer) -> str:
    return " ".join(answer.body[:_REASON_MAX].decode("utf-8", "replace").split())
