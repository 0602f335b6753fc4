import base64
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
from starlette.responses import JSONResponse, PlainTextResponse, Response

from sandbox.cdp.connections import Caller, ConnectionFailedError, describe
from sandbox.cdp.definitions.connection import Connection
from tests.sandbox.cdp.conftest import Endpoint


@pytest.fixture
async def caller(endpoint: Endpoint) -> AsyncIterator[Caller]:
    async with httpx2.AsyncClient(verify=False) as client:
        yield Caller(client, {"there": endpoint.url})


def _connection(**given: Any) -> Connection:
    return Connection.model_validate({"name": "Test", "url": "$(there)/path", **given})


async def test_keys_are_filled_into_address_headers_and_body(
    caller: Caller, endpoint: Endpoint
) -> None:
    connection = _connection(
        method="POST",
        url="$(there)/items/${id}?q=${q}&gone=${gone}",
        headers={"Authorization": "Bearer ${token}"},
        body='{"text": "${text}", "n": ${n}}',
    )
    values = {"id": "a/b", "q": "p1|p2", "token": "t.o.k", "text": 'say "é"', "n": [1, 2]}
    await caller.ask(connection, values)
    (request,) = endpoint.requests
    assert request.url.path + "?" + request.url.query == "/items/a/b?q=p1%7Cp2&gone="
    assert b"/items/a%2Fb" in request.scope["raw_path"]
    assert request.headers["authorization"] == "Bearer t.o.k"
    assert endpoint.bodies == ['{"text": "say \\"é\\"", "n": [1, 2]}']


async def test_only_the_mapped_top_level_keys_come_back(caller: Caller, endpoint: Endpoint) -> None:
    endpoint.answer = JSONResponse({"Meta": {"Page": 1}, "Items": [1], "Secret": 2})
    found = await caller.ask(_connection(outputs=["Meta", "Items", "Missing"]), {})
    assert found == {"Meta": {"Page": 1}, "Items": [1]}


async def test_a_reply_that_is_an_array_is_called_result(
    caller: Caller, endpoint: Endpoint
) -> None:
    endpoint.answer = JSONResponse([1, 2])
    assert await caller.ask(_connection(outputs=["result"]), {}) == {"result": [1, 2]}


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (JSONResponse({"Errors": []}, status_code=401), "Test answered 401"),
        (PlainTextResponse("<html>"), "Test answered no JSON"),
    ],
)
async def test_an_error_or_no_json_is_a_failure(
    caller: Caller, endpoint: Endpoint, answer: Response, reason: str
) -> None:
    endpoint.answer = answer
    with pytest.raises(ConnectionFailedError, match=reason):
        await caller.ask(_connection(), {})


async def test_a_reply_past_the_socket_timeout_is_a_failure(
    caller: Caller, endpoint: Endpoint
) -> None:
    endpoint.answering.clear()
    with pytest.raises(ConnectionFailedError, match="ReadTimeout"):
        await caller.ask(_connection(socketTimeout=50), {})
    endpoint.answering.set()


@pytest.mark.parametrize("value", ["a\r\nX-Injected: 1", "a\nb"])
async def test_a_value_cannot_add_headers(caller: Caller, endpoint: Endpoint, value: str) -> None:
    connection = _connection(headers={"Authorization": "Bearer ${token}"})
    with pytest.raises(ConnectionFailedError):
        await caller.ask(connection, {"token": value})
    assert endpoint.requests == []


async def test_basic_authentication_sends_the_credentials(
    caller: Caller, endpoint: Endpoint
) -> None:
    auth = {"authType": "BASIC", "username": "user", "password": "pass"}
    await caller.ask(_connection(auth=auth), {})
    expected = "Basic " + base64.b64encode(b"user:pass").decode()
    assert endpoint.requests[0].headers["authorization"] == expected


async def test_oauth_asks_for_a_token_with_client_credentials(
    caller: Caller, endpoint: Endpoint
) -> None:
    endpoint.answer = JSONResponse({"access_token": "fresh"})
    auth = {
        "authType": "OAUTH2",
        "tokenUrl": "$(there)/token",
        "clientId": "id",
        "clientSecret": "secret",
    }
    await caller.ask(_connection(auth=auth), {})
    signing_in, asking = endpoint.requests
    assert (signing_in.url.path, asking.url.path) == ("/token", "/path")
    assert endpoint.bodies[0] == "grant_type=client_credentials&client_id=id&client_secret=secret"
    assert asking.headers["authorization"] == "Bearer fresh"


async def test_oauth_without_a_token_is_a_failure(caller: Caller, endpoint: Endpoint) -> None:
    endpoint.answer = JSONResponse({"error": "access_denied"})
    auth = {"authType": "OAUTH2", "tokenUrl": "$(there)/token"}
    with pytest.raises(ConnectionFailedError, match="gave no token"):
        await caller.ask(_connection(auth=auth), {})


def test_a_hyphen_in_the_name_is_refused() -> None:
    with pytest.raises(ValueError, match="pattern"):
        _connection(name="get-city")


def test_a_connection_is_described_with_what_fills_its_keys_and_without_secrets() -> None:
    connection = _connection(
        url="$(there)/${id}",
        body="${text}",
        auth={"authType": "BASIC", "username": "user", "password": "hush"},
        outputs=["city"],
    )
    described = describe(connection, {"id": "guest.ref"})
    assert [(p["key"], p["mapping"]) for p in described["urlParameters"]] == [("id", "guest.ref")]
    assert [(p["key"], p["mapping"]) for p in described["inputMappings"]] == [("text", None)]
    assert described["outputMappings"] == [{"label": "city", "outputReference": "city"}]
    assert "hush" not in str(described)
