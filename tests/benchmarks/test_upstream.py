"""What stands for OrderCloud and CDP: a list of its own for each shopper, of the size asked for."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import jwt
import pytest

from benchmarks import recording, tokens, upstream, warming
from benchmarks.upstream import Connection, Recorded
from proxy.edge.http import connected
from tests.servers import free_socket, url_of


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("recorded")
    recording.record(folder, tokens.sign(1))
    return folder


@pytest.fixture
async def url(recorded: Path) -> AsyncIterator[str]:
    said = Recorded(recorded)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(said), sock=free_socket())
    async with server:
        yield url_of(server.sockets[0])


@pytest.mark.parametrize(("name", "size"), recording.SIZES.items())
async def test_a_list_has_the_size_asked_for_and_the_shopper_s_mark(
    url: str, name: str, size: int
) -> None:
    bodies = set()
    async with connected(name="upstream", url=url, limit_s=10.0, in_flight=10) as asked:
        for shopper in ("a", "b"):
            headers = {"authorization": f"Bearer {shopper * 40}"}
            answer = await asked.request("GET", f"/placements/home-{name}", headers=headers)
            assert len(answer.body) == size
            assert json.loads(answer.body)["Items"][0]["Name"] == shopper * len(upstream.MARK)
            bodies.add(answer.body)
    assert len(bodies) == 2


async def test_decisions_and_keys_are_what_was_recorded(url: str, recorded: Path) -> None:
    async with connected(name="upstream", url=url, limit_s=10.0, in_flight=10) as asked:
        decided = await asked.request("POST", "/v2/callFlows", headers={}, content=b"{}")
        key = await asked.request("GET", "/oauth/certs/bench", headers={})
    assert decided.body == (recorded / upstream.DECISION).read_bytes()
    assert key.body == (recorded / upstream.CERTIFICATE).read_bytes()


async def test_a_server_is_warm_once_it_has_answered_each_request(url: str) -> None:
    port = int(url.rpartition(":")[2])
    requests = [b"GET /placements/%dk HTTP/1.1\r\nhost: x\r\n\r\n" % size for size in (4, 24)]
    heads = await warming.send_all(port, requests * 20)
    assert len(heads) == 40
    assert all(head.startswith(b"HTTP/1.1 200 OK\r\n") for head in heads)


def test_a_token_is_a_shopper_s_and_kept_for_later_runs(tmp_path: Path) -> None:
    signed = tokens.load(tmp_path, 2)
    assert len(set(signed.bearers)) == 2
    assert all(700 < len(bearer) < 900 for bearer in signed.bearers)
    assert tokens.load(tmp_path, 2) == signed
    assert signed.bearer(1) == signed.bearers[1]


def test_a_shopper_beyond_those_kept_has_a_token_of_the_same_key(tmp_path: Path) -> None:
    signed = tokens.load(tmp_path, 1)
    assert signed.bearer(7) == tokens.load(tmp_path, 1).bearer(7)
    key = jwt.PyJWK(signed.certificate)
    claims = jwt.decode(signed.bearer(7), key, algorithms=["RS256"], audience=tokens.AUDIENCE)
    assert claims["usr"] == "shopper-7@example.com"
