"""The pages of the admin listener, and the description of the API: whole, and true."""

import re
from pathlib import Path
from typing import Any

import httpx2
import jsonschema
import pytest
import yaml

from proxy.web import routes
from tests.conftest import StartGateway
from tests.emulators import OrderCloud
from tests.servers import ADMIN_KEY, Gateway

_ADMIN = Path(routes.__file__).parent / "static" / "admin"
_METHODS = {"get", "put", "post", "delete", "patch"}
_HANDED_ON = {"/v1/{path}", "/oauth/{path}"}
_LIST = "placement: hero\nresource: me/products\ndefault: {query: {pageSize: 2}}\n"
_KEY = {"authorization": f"Bearer {ADMIN_KEY}"}


@pytest.fixture
async def running(gateway: StartGateway, tmp_path: Path) -> Gateway:
    return await gateway({"hero.yaml": _LIST}, events={"outbox": tmp_path / "outbox.db"})


@pytest.fixture(scope="module")
def api() -> dict[str, Any]:
    described: dict[str, Any] = yaml.safe_load((_ADMIN / "openapi.yaml").read_text())
    return described


@pytest.mark.parametrize("path", ["/studio", "/docs"])
async def test_a_page_asks_who_has_no_key(running: Gateway, path: str) -> None:
    locked, opened = await running.admin.get(path), await running.operate(path)
    assert (locked.status_code, opened.status_code) == (401, 200)
    assert locked.content == opened.content
    assert locked.headers["www-authenticate"] == "Bearer"
    assert opened.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in opened.headers["content-security-policy"]


@pytest.mark.parametrize("page", ["studio.html", "docs.html"])
async def test_all_that_a_page_is_made_of_is_there_for_everybody(
    running: Gateway, page: str
) -> None:
    wanted, seen = {page}, set[str]()
    while missing := wanted - seen:
        text = (_ADMIN / (name := missing.pop())).read_text()
        seen.add(name)
        wanted |= set(re.findall(r'"(?:/assets|\.)/([\w.-]+)"', text))
    assert {"admin.css", "key.js", "dom.js"} < seen
    for name in seen - {page}:
        answer = await running.admin.get(f"/assets/{name}")
        assert (answer.status_code, answer.text) == (200, (_ADMIN / name).read_text())


@pytest.mark.parametrize("name", ["openapi.yaml", "studio.html", "nothing.js", "..%2Fx.js"])
async def test_nothing_else_is(running: Gateway, name: str) -> None:
    assert (await running.admin.get(f"/assets/{name}")).status_code == 404


async def test_the_description_is_given_as_json(running: Gateway, api: dict[str, Any]) -> None:
    answer = await running.operate("/openapi.json")
    assert (answer.headers["content-type"], answer.json()) == ("application/json", api)
    assert (await running.admin.get("/openapi.json")).status_code == 401


def test_every_route_is_described_and_every_description_routed(api: dict[str, Any]) -> None:
    source = Path(routes.__file__).read_text()
    assert set(api["paths"]) == set(re.findall(r'Route\("([^"]+)"', source))


async def test_methods_are_those_described(running: Gateway, api: dict[str, Any]) -> None:
    for path, item in api["paths"].items():
        if path in _HANDED_ON:
            continue
        http = running.admin if "servers" in item else running.shop
        answer = await http.request("TRACE", path.replace("{name}", "any"), headers=_KEY)
        assert answer.status_code == 405
        described = {method.upper() for method in item if method in _METHODS}
        assert set(answer.headers["allow"].split(", ")) - {"HEAD"} == described, path


def _resolved(api: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    found: Any = api if "$ref" in node else node
    for key in node.get("$ref", "").split("/")[1:]:
        found = found[key]
    described: dict[str, Any] = found
    return described


def _check(api: dict[str, Any], path: str, answer: httpx2.Response) -> None:
    """Hold an answer against its description: a status that is there, a type, and the shape."""
    operation = api["paths"][path][answer.request.method.lower()]
    responses = operation["responses"]
    described = responses.get(str(answer.status_code)) or responses["default"]
    content = _resolved(api, described).get("content", {})
    kind = answer.headers.get("content-type", "").partition(";")[0]
    assert kind in content or not (content or answer.content), (path, answer.status_code, kind)
    if kind.endswith("json"):
        schema = {"components": api["components"], **content[kind]["schema"]}
        jsonschema.Draft202012Validator(schema).validate(answer.json())


async def test_answers_are_as_described(
    running: Gateway, api: dict[str, Any], ordercloud: OrderCloud
) -> None:
    shopper = {"authorization": f"Bearer {await ordercloud.token()}", "x-browser-id": "b-1"}
    view = {"type": "VIEW", "page": "/"}
    shop, admin = running.shop, running.admin
    asked = [
        ("/placements/{name}", shop, "GET", "/placements/hero", None, shopper),
        ("/placements/{name}", shop, "GET", "/placements/none", None, shopper),
        ("/placements/{name}", shop, "GET", "/placements/hero", None, {}),
        ("/placements", shop, "GET", "/placements?names=hero,none", None, shopper),
        ("/events", shop, "POST", "/events", view, shopper),
        ("/events", shop, "POST", "/events", {"type": "-"}, shopper),
        ("/browser", shop, "GET", "/browser", None, {"user-agent": "Mozilla/5.0"}),
        ("/browser", shop, "DELETE", "/browser", None, {}),
        ("/webhooks/ordercloud", shop, "POST", "/webhooks/ordercloud", {}, {}),
        ("/decision-proxy.js", shop, "GET", "/decision-proxy.js", None, {}),
        ("/decision-proxy.d.ts", shop, "GET", "/decision-proxy.d.ts", None, {}),
        ("/livez", admin, "GET", "/livez", None, {}),
        ("/readyz", admin, "GET", "/readyz", None, {}),
        ("/metrics", admin, "GET", "/metrics", None, _KEY),
        ("/metrics", admin, "GET", "/metrics", None, {}),
        ("/config", admin, "GET", "/config", None, _KEY),
        ("/traffic", admin, "GET", "/traffic", None, _KEY),
        ("/purge", admin, "POST", "/purge", {"tags": ["all"]}, _KEY),
        ("/purge", admin, "POST", "/purge", {}, _KEY),
        ("/rules", admin, "GET", "/rules", None, _KEY),
        ("/rules/{name}", admin, "GET", "/rules/hero", None, _KEY),
        ("/rules/{name}", admin, "PUT", "/rules/hero?dry_run=true", _LIST, _KEY),
        ("/rules/{name}", admin, "PUT", "/rules/hero?impacts=true", _LIST.replace("2", "3"), _KEY),
        ("/rules/{name}", admin, "PUT", "/rules/new", _LIST.replace("hero", "new"), _KEY),
        ("/rules/{name}", admin, "PUT", "/rules/hero", "placement: 1", _KEY),
        ("/rules/{name}", admin, "PUT", "/rules/hero", _LIST, {**_KEY, "if-match": '"1"'}),
        ("/rules/{name}", admin, "DELETE", "/rules/new", None, _KEY),
        ("/revisions/{name}", admin, "GET", "/revisions/hero", None, _KEY),
        ("/preview", admin, "POST", "/preview", {"file": "hero"}, _KEY),
        ("/preview", admin, "POST", "/preview", {}, _KEY),
        ("/previews", admin, "POST", "/previews", {"given": {"segment": "vip"}}, _KEY),
        ("/previews", admin, "POST", "/previews", {}, _KEY),
        ("/openapi.json", admin, "GET", "/openapi.json", None, _KEY),
        ("/docs", admin, "GET", "/docs", None, _KEY),
        ("/studio", admin, "GET", "/studio", None, {}),
        ("/assets/{name}", admin, "GET", "/assets/none.js", None, {}),
    ]
    for path, http, method, target, body, headers in asked:
        sent = {"content": body} if isinstance(body, str) else {"json": body} if body else {}
        _check(api, path, await http.request(method, target, headers=headers, **sent))
    assert {path for path, *_ in asked} == set(api["paths"]) - _HANDED_ON
