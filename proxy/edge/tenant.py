"""The administration API of a CDP/Personalize tenant, read only: flows and decision models."""

from collections.abc import AsyncIterator
from typing import TypeVar
from urllib.parse import quote

import msgspec

from proxy.core.tenant import FlowDefinition, FlowOutput, read_flow
from proxy.edge.http import Upstream
from proxy.errors import UNREADABLE, UpstreamBroken, UpstreamFailed
from proxy.sections import Tenant as TenantConfig

T = TypeVar("T")

_OK = 200
_PAGE = 100
_JSON = {"content-type": "application/json", "accept": "application/json"}


class _Token(msgspec.Struct):
    access_token: str


class _List(msgspec.Struct):
    items: list[msgspec.Raw]
    limit: int = _PAGE


class _ModelVariant(msgspec.Struct, rename="camel"):
    definition: str = ""
    in_production: bool = True


class Tenant:
    """A tenant's definitions."""

    def __init__(self, api: Upstream, auth: Upstream, config: TenantConfig) -> None:
        self._api = api
        self._auth = auth
        self._config = config

    async def fetch_flows(self) -> dict[str, FlowOutput]:
        """Fetch what each flow may put out, by its friendlyId.

        Shape: GET /v3/flowDefinitions?offset&limit -> {"items": [{friendlyId, status, variants}]}.

        Raises:
            UpstreamError: the tenant gives no usable answer.

        Source: docs/sources.md#cdp-administration.
        """
        headers = {"authorization": f"Bearer {await self._fetch_token()}"}
        flows = [
            _decode(raw, FlowDefinition)
            async for raw in self._items("/v3/flowDefinitions", headers)
        ]
        refs = {ref for flow in flows for ref in flow.model_refs}
        models = {ref: await self._fetch_model(ref, headers) for ref in sorted(refs)}
        return {flow.friendly_id: read_flow(flow, models) for flow in flows}

    async def _fetch_model(self, ref: str, headers: dict[str, str]) -> list[str]:
        """Fetch the DMN XML of a decision model's variants that are in production."""
        path = f"/v2/decisionModelDefinitions/{quote(ref, safe='')}/variants"
        variants = [_decode(raw, _ModelVariant) async for raw in self._items(path, headers)]
        return [variant.definition for variant in variants if variant.in_production]

    async def _items(self, path: str, headers: dict[str, str]) -> AsyncIterator[msgspec.Raw]:
        offset = 0
        while True:
            target = f"{path}?offset={offset}&limit={_PAGE}"
            answer = await self._api.request("GET", target, headers=headers)
            if answer.status != _OK:
                raise UpstreamFailed(f"the tenant answered {answer.status} for {path}")
            page = _decode(answer.body, _List)
            for item in page.items:
                yield item
            offset += len(page.items)
            if len(page.items) < max(1, min(page.limit, _PAGE)):  # it may give less than we ask
                return

    async def _fetch_token(self) -> str:
        secret = self._config.client_secret
        request = {
            "client_id": self._config.client_id,
            "client_secret": secret.get_secret_value() if secret else "",
            "grant_type": "client_credentials",
            "audience": self._config.audience,
        }
        answer = await self._auth.request(
            "POST", "/oauth/token", headers=_JSON, content=msgspec.json.encode(request)
        )
        if answer.status != _OK:
            raise UpstreamFailed(f"the tenant answered {answer.status} to tenant.client_id")
        return _decode(answer.body, _Token).access_token


def _decode(body: bytes | msgspec.Raw, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(body, type=kind)
    except UNREADABLE as exc:
        raise UpstreamBroken(f"the tenant's answer cannot be read: {exc}") from exc
