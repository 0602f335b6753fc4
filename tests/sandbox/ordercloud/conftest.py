"""The emulator as its callers see it, in memory or on a socket."""

import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
from starlette.types import ASGIApp

from sandbox.ordercloud.app import build
from sandbox.server import running
from tests.sandbox.ordercloud.contract import Contract

BASE_URL = "http://oc.test"
PASSWORD = "Password123!"


@dataclass(frozen=True, slots=True)
class Caller:
    """A client with a token; paths are given without `/v1`."""

    client: httpx2.AsyncClient
    token: str

    async def call(self, verb: str, path: str, body: object = None) -> httpx2.Response:
        return await self.client.request(
            verb, f"/v1{path}", json=body, headers={"Authorization": f"Bearer {self.token}"}
        )

    async def get(self, path: str) -> Any:
        """Return the JSON of a read that succeeds."""
        return await self.ok("GET", path)

    async def ok(self, verb: str, path: str, body: object = None) -> Any:
        """Return the JSON of a call that succeeds, None if its answer is empty."""
        response = await self.call(verb, path, body)
        assert response.is_success, response.text
        return response.json() if response.content else None

    async def refusal(self, verb: str, path: str, body: object = None) -> tuple[int, str]:
        """Return status and ErrorCode of a call that fails."""
        response = await self.call(verb, path, body)
        return response.status_code, response.json()["Errors"][0]["ErrorCode"]

    async def ids(self, path: str) -> list[str]:
        """Return the IDs on a page of a list."""
        return [item["ID"] for item in (await self.get(path))["Items"]]


@dataclass(frozen=True, slots=True)
class OrderCloud:
    """The emulator, with ways to log in."""

    client: httpx2.AsyncClient

    async def token(self, **form: str) -> httpx2.Response:
        return await self.client.post(
            "/oauth/token", data={"client_id": "storefront-client", **form}
        )

    async def log_in(self, username: str, **form: str) -> Caller:
        credentials = {"grant_type": "password", "username": username, "password": PASSWORD}
        answer = await self.token(**(credentials | form))
        return Caller(self.client, answer.json()["access_token"])

    async def anonymous(self) -> Caller:
        answer = await self.token(grant_type="client_credentials")
        return Caller(self.client, answer.json()["access_token"])

    async def admin(self) -> Caller:
        answer = await self.token(
            grant_type="client_credentials", client_id="admin-client", client_secret="admin-secret"
        )
        return Caller(self.client, answer.json()["access_token"])


@pytest.fixture(scope="session")
def app() -> ASGIApp:
    """Return an emulator for all tests: making the keys of a new one takes longer than a test."""
    return build(base_url=BASE_URL)


@pytest.fixture
async def oc(app: ASGIApp, contract: Contract) -> AsyncIterator[OrderCloud]:
    """Return the emulator as it is after a reset."""
    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app=app),
        base_url=BASE_URL,
        event_hooks={"response": [contract.check]},
    ) as client:
        await client.post("/_sandbox/reset")
        yield OrderCloud(client)


@pytest.fixture
def contract() -> Contract:
    """Return what checks every answer that the `oc` of a test gets."""
    return Contract()


@pytest.fixture
async def oc_url() -> AsyncIterator[str]:
    """Serve the emulator on a socket and give its URL."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        base_url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        async with running(build(base_url=base_url), listener) as url:
            yield url
