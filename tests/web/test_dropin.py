"""The SDKs with the gateway as their base URL: every call comes to the same as without it."""

import inspect
import json
import re
from collections.abc import Awaitable, Callable
from inspect import iscoroutinefunction
from pathlib import Path
from typing import Any, get_type_hints

import pytest
from ordercloud import OrderCloudClient
from ordercloud.errors import OrderCloudError
from ordercloud.models.line_item import LineItem
from ordercloud.models.misc import OrderDirection
from pydantic import BaseModel

from tests import node
from tests.conftest import StartGateway
from tests.emulators import OrderCloud
from tests.servers import Gateway

_ROOT = Path(__file__).parents[2]
_RULES = {"a.yaml": "placement: a\nresource: me/products\ndefault: {query: {}}\n"}
_CHANGING = re.compile(
    r"eyJ[\w-]+\.[\w-]+\.[\w-]+"  # a token
    r"|\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)"  # a moment
    r"|(?<![\w-])(?=[\w-]*[A-Z0-9])[\w-]{22}(?![\w-])"  # an ID that OrderCloud made
    r"|[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}"  # a refresh token
)
_OF_THE_WIRE = frozenset({"host", "via", "x-forwarded-for", "connection", "user-agent"})


@pytest.fixture
async def running(gateway: StartGateway) -> Gateway:
    return await gateway(_RULES)


async def _same_both_ways(
    ordercloud: OrderCloud, running: Gateway, calls: Callable[[str], Awaitable[list[Any]]]
) -> list[Any]:
    """Make *calls* directly and through the gateway; compare results, and what OrderCloud saw."""
    outcomes = []
    for url in (ordercloud.url, str(running.shop.base_url).rstrip("/")):
        await ordercloud.reset()
        results = await calls(url)
        outcomes.append((_masked(results), _masked([*map(_told, await ordercloud.seen("/"))])))
    (direct, direct_seen), (through, through_seen) = outcomes
    assert len(direct) == len(through)
    for one, other in zip(direct, through, strict=True):
        assert one == other
    for one, other in zip(direct_seen, through_seen, strict=True):
        assert one == other
    return direct


def _told(request: dict[str, Any]) -> dict[str, Any]:
    """Return what OrderCloud was told, without what is about the connection."""
    headers = {n: text for n, text in request["headers"].items() if n not in _OF_THE_WIRE}
    return {**request, "headers": headers, "time": None}


def _masked(value: object) -> list[Any]:
    """Return *value* without what differs from one run to the next."""
    masked: list[Any] = json.loads(_CHANGING.sub("…", json.dumps(value)))
    return masked


def _calls_of(script: str, folder: Path) -> Callable[[str], Awaitable[list[Any]]]:
    """Return what runs a script of the JavaScript SDK's calls and gives what they came to."""

    async def calls(url: str) -> list[Any]:
        file = folder / "results.json"
        await node.passes("sdk", script, OC_URL=url, RESULTS=str(file))
        results: list[Any] = json.loads(file.read_text())
        return results

    return calls


@pytest.mark.node
async def test_the_javascript_sdk_cannot_tell_call_by_call(
    ordercloud: OrderCloud, running: Gateway, tmp_path: Path
) -> None:
    calls = _calls_of("dropin.test.js", tmp_path)
    results = dict(await _same_both_ways(ordercloud, running, calls))
    assert results["filters"]["Meta"]["TotalCount"] > 0
    assert results["forbidden"]["status"] == 403
    assert results["without a token"]["errorCode"] == "InvalidToken"
    assert results["submit"]["IsSubmitted"] is True


@pytest.mark.node
async def test_every_call_of_the_javascript_sdk_comes_to_the_same(
    ordercloud: OrderCloud, running: Gateway, tmp_path: Path
) -> None:
    calls = _calls_of("sweep.test.js", tmp_path)
    results = dict(await _same_both_ways(ordercloud, running, calls))
    assert len(results) > 700
    assert results["shopper: Me.Get"]["Username"] == "alice"


@pytest.mark.node
async def test_the_javascript_sdk_shops_through_the_gateway(running: Gateway) -> None:
    await node.passes("sdk", "storefront.test.js", OC_URL=str(running.shop.base_url).rstrip("/"))


async def test_the_python_sdk_cannot_tell_call_by_call(
    ordercloud: OrderCloud, running: Gateway
) -> None:
    results = await _same_both_ways(ordercloud, running, _python_calls)
    assert results[-1]["is_submitted"] is True
    assert {"status": 404, "code": "NotFound"} in results


async def test_every_call_of_a_shopper_in_the_python_sdk_comes_to_the_same(
    ordercloud: OrderCloud, running: Gateway
) -> None:
    results = dict(await _same_both_ways(ordercloud, running, _every_python_call))
    assert len(results) > 150
    assert results["me.get"]["active"] is True


def _python_sdk(url: str) -> OrderCloudClient:
    return OrderCloudClient.create(
        client_id="storefront-client",
        client_secret="",
        base_url=f"{url}/v1",
        auth_url=f"{url}/oauth/token",
        scopes=["Shopper"],
    )


async def _every_python_call(url: str) -> list[Any]:
    """Call all that shoppers may, with made-up arguments."""
    async with _python_sdk(url) as client:
        return [
            [f"{area}.{name}", await _outcome(method(**_made_up(method)))]
            for area in ("me", "cart", "orders", "line_items", "payments")
            for name, method in inspect.getmembers(getattr(client, area), iscoroutinefunction)
            if not name.startswith("_") and name != "revoke_tokens"
        ]


def _made_up(method: Callable[..., Any]) -> dict[str, Any]:
    """Return something for each argument that *method* needs."""
    kinds = get_type_hints(method)
    made_up = {str: "a b, (it's ü!~*)", OrderDirection: OrderDirection.Outgoing}
    model = {"Name": "ü & co", "xp": {"a": [1, "ü"]}}
    parameters = inspect.signature(method).parameters.values()
    needed = [one.name for one in parameters if one.default is one.empty]
    return {name: made_up.get(kinds[name], model) for name in needed}


async def _python_calls(url: str) -> list[Any]:
    async with _python_sdk(url) as client:
        products = client.me.list_products(
            search="watch & co",
            search_on="Name,ID",
            sort_by="!xp.rating,Name",
            page_size=3,
            filters={"Name|Description": "*a*", "xp.rating": ">=3", "xp.color": "!Blue|Red*"},
        )
        line = client.cart.create_line_item(LineItem(product_id="p1", quantity=2))
        return [
            await _outcome(products),
            await _outcome(client.me.list_categories(depth="all", page_size=100)),
            await _outcome(client.me.get_product("watch-11")),
            await _outcome(client.products.list()),
            await _outcome(line),
            await _outcome(client.cart.submit()),
        ]


async def _outcome(call: Awaitable[Any]) -> Any:
    try:
        answer = await call
        return answer.model_dump(mode="json") if isinstance(answer, BaseModel) else answer
    except OrderCloudError as exc:
        return {"status": exc.status_code, "code": exc.errors[0].error_code}


def test_the_readme_shows_the_very_configuration_that_is_tested() -> None:
    readme = (_ROOT / "README.md").read_text()
    (javascript,) = re.findall(r"^Configuration\.Set\(.*\);$", readme, re.MULTILINE)
    script = (_ROOT / "tests/sdk/dropin.test.js").read_text()
    assert javascript.replace('"https://gateway.example"', "process.env.OC_URL") in script
    for line in ('base_url=f"{url}/v1",', 'auth_url=f"{url}/oauth/token",'):
        assert line in Path(__file__).read_text()
        assert line.replace('f"{url}', '"https://gateway.example') in readme
