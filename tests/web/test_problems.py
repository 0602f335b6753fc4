"""Errors as answers. What OrderCloud's own look like: tests/test_pipeline.py."""

from typing import Any

import httpx2
import msgspec
import pytest
from starlette.requests import Request
from starlette.responses import Response

from proxy import errors
from proxy.edge.telemetry import Metrics
from proxy.errors import OrderCloudRefused, ProxyError, TokenError, UpstreamTimeout
from proxy.sections import Log
from proxy.web import problems
from proxy.web.entrance import Entrance
from proxy.web.routes import Endpoint, Route, Routes
from tests.conftest import StartGateway
from tests.servers import Servers, client


def _all_kinds(kind: type[ProxyError]) -> list[type[ProxyError]]:
    return [kind, *(one for sub in kind.__subclasses__() for one in _all_kinds(sub))]


class Raising:
    """Answers every request by raising."""

    def __init__(self, servers: Servers) -> None:
        self._servers = servers

    async def __call__(
        self, exc: Exception, headers: dict[str, str] | None = None
    ) -> httpx2.Response:
        async def fail(_: Request) -> Response:
            raise exc

        routes = Routes(Route("/", Endpoint(GET=fail)))
        app = Entrance(routes, metrics=Metrics(), log=Log())
        async with client(await self._servers.serve(app)) as http:
            return await http.get("/", headers={"x-request-id": "r-1", **(headers or {})})


@pytest.fixture
def raising(servers: Servers) -> Raising:
    return Raising(servers)


def test_every_kind_of_error_has_a_code_of_its_own() -> None:
    codes = [kind.code for kind in _all_kinds(ProxyError)]
    assert len(set(codes)) == len(codes)


@pytest.mark.parametrize(
    "exc",
    [
        errors.RequestError("page is a whole number"),
        errors.UnknownPlacement("no placement is called 'x'"),
        errors.UpstreamTimeout("cdp did not answer"),
        errors.UpstreamRefused("cdp cannot be reached"),
        errors.UpstreamFailed("CDP answered 500"),
        errors.UpstreamBroken("no JSON"),
        errors.UpstreamBusy("256 calls are under way"),
        errors.UpstreamOpen("cdp keeps failing"),
    ],
    ids=lambda exc: exc.code,
)
async def test_an_error_becomes_its_problem(raising: Raising, exc: ProxyError) -> None:
    answer = await raising(exc)
    assert answer.status_code == exc.status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "private, no-store"
    assert answer.json() == {
        "type": f"urn:decision-proxy:{exc.code}",
        "title": exc.title,
        "status": exc.status,
        "detail": str(exc),
        "request_id": "r-1",
    }


@pytest.mark.parametrize(("kind", "after"), [(UpstreamTimeout, "2"), (errors.RequestError, None)])
async def test_only_what_may_pass_invites_to_try_again(
    raising: Raising, kind: type[ProxyError], after: str | None
) -> None:
    assert (await raising(kind("no"))).headers.get("retry-after") == after


@pytest.mark.parametrize(
    ("headers", "challenge"),
    [
        ({}, "Bearer"),
        (
            {"authorization": "Bearer x"},
            'Bearer error="invalid_token", error_description="the token has expired"',
        ),
    ],
)
async def test_a_refused_token_is_challenged(
    raising: Raising, headers: dict[str, str], challenge: str
) -> None:
    answer = await raising(TokenError("the token has expired"), headers)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, challenge)


async def test_a_bug_of_ours_tells_nothing_of_itself(raising: Raising) -> None:
    answer = await raising(RuntimeError("secret of the inside"))
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert answer.json()["type"] == "urn:decision-proxy:internal"
    assert answer.json()["request_id"] == answer.headers["x-request-id"] == "r-1"


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (b'{"Errors": [1.50]}', b'"ordercloud":{"Errors": [1.50]}'),
        (b"<html>", b""),
        (b"\xff", b""),
        (b"[" * 100_000, b""),
    ],
    ids=["JSON", "HTML", "no UTF-8", "nested too deep"],
)
def test_within_several_ordercloud_s_error_is_a_member_of_the_problem(
    body: bytes, shown: bytes
) -> None:
    refusal = OrderCloudRefused(status=404, headers={}, body=body)
    written = msgspec.json.encode(problems.body_of(refusal, "r-1"))
    members: dict[str, Any] = msgspec.json.decode(written)
    assert members["status"] == 404
    assert ("ordercloud" in members) == bool(shown)
    assert shown in written


@pytest.mark.parametrize(
    ("method", "path", "status", "allow"),
    [
        ("GET", "/", 404, set()),
        ("GET", "/v2/x?token=y", 404, set()),
        ("POST", "/placements", 405, {"GET", "HEAD"}),
    ],
)
async def test_what_is_not_served_is_a_problem_too(
    gateway: StartGateway, method: str, path: str, status: int, allow: set[str]
) -> None:
    shop = await gateway({})
    answer = await shop.shop.request(method, path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert set(filter(None, answer.headers.get("allow", "").split(", "))) == allow
    assert "token" not in answer.text
    assert answer.json()["request_id"] == answer.headers["x-request-id"]
