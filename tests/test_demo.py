"""The demo and the sandbox, as one command starts them."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.answers import personalization, until
from tests.emulators import OrderCloud
from tests.servers import client, free_socket

ROOT = Path(__file__).parent.parent
PORTS = ("--port", "--admin-port", "--storefront-port", "--oc-port", "--cdp-port")


@contextlib.contextmanager
def started(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "proxy", *arguments]
    environ = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def urls(process: subprocess.Popen[str], count: int) -> dict[str, str]:
    """Read the addresses that the command prints, by what is there."""
    assert process.stdout is not None
    found: dict[str, str] = {}
    for line in process.stdout:
        name, _, rest = line.strip().partition(" ")
        if rest.strip().startswith("http://"):
            found[name] = rest.split()[0]
        if len(found) == count:
            break
    return found


def ends(process: subprocess.Popen[str]) -> int:
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)
    return process.returncode


@pytest.fixture
def ports() -> list[str]:
    """Return a port for each option; freed together, so that all differ."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(free_socket()) for _ in PORTS]
        return [str(one.getsockname()[1]) for one in sockets]


async def anonymous(http: httpx2.AsyncClient) -> str:
    form = {"grant_type": "client_credentials", "client_id": "storefront-client"}
    answer = await http.post("/oauth/token", data=form)
    return str(answer.raise_for_status().json()["access_token"])


async def test_one_command_runs_gateway_sandboxes_and_storefront(ports: list[str]) -> None:
    options = [word for pair in zip(PORTS, ports, strict=True) for word in pair]
    with started("demo", *options, "--products", "40") as process:
        at = urls(process, 5)
        async with client(at["OrderCloud"]) as ordercloud:
            token = await anonymous(ordercloud)
        async with client(at["gateway"]) as gateway:
            headers = {"authorization": f"Bearer {token}"}
            page = await gateway.get("/placements/home-hero", headers=headers)
        async with client(at["admin"]) as admin:
            key = {"authorization": "Bearer demo-admin"}
            assert (await admin.get("/readyz")).json()["status"] == "ready"
            assert "decision_proxy_placements" in (await admin.get("/metrics", headers=key)).text
        async with client(at["storefront"]) as storefront:
            assert "<title>" in (await storefront.get("/")).text
        assert page.json()["Items"]
        assert personalization(page)["placement"] == "home-hero"
        assert ends(process) == 0


async def test_what_is_written_in_the_sandbox_shows_in_the_demo(ports: list[str]) -> None:
    options = [word for pair in zip(PORTS, ports, strict=True) for word in pair]
    with started("demo", *options, "--products", "40") as process:
        at = urls(process, 5)
        async with client(at["OrderCloud"]) as http, client(at["gateway"]) as gateway:
            ordercloud = OrderCloud(http)
            headers = {"authorization": f"Bearer {await ordercloud.token()}"}

            async def shown() -> dict[str, str]:
                page = await gateway.get("/placements/home-hero", headers=headers)
                return {item["ID"]: item["Name"] for item in page.json()["Items"]}

            first = next(iter(await shown()))
            await ordercloud.administer("PATCH", f"products/{first}", {"Name": "New name"})
            await until(shown, lambda names: "New name" in names.values())
        assert ends(process) == 0


async def test_the_sandbox_runs_alone(ports: list[str]) -> None:
    options = ["--oc-port", ports[3], "--cdp-port", ports[4], "--products", "40"]
    with started("sandbox", *options) as process:
        at = urls(process, 2)
        async with client(at["OrderCloud"]) as ordercloud:
            headers = {"authorization": f"Bearer {await anonymous(ordercloud)}"}
            products = await ordercloud.get("/v1/me/products", headers=headers)
            assert products.json()["Meta"]["TotalCount"] > 0
        async with client(at["CDP"]) as cdp:
            browser = await cdp.get("/v1.2/browser/create.json", params={"client_key": "sandbox"})
            assert browser.json()["ref"]
        assert ends(process) == 0


@pytest.mark.parametrize("option", PORTS)
def test_a_port_that_is_taken_is_told_with_the_option_to_change(
    option: str, ports: list[str]
) -> None:
    taken = ports[PORTS.index(option)]
    options = [word for pair in zip(PORTS, ports, strict=True) for word in pair]
    with socket.create_server(("127.0.0.1", int(taken))), started("demo", *options) as process:
        _, said = process.communicate(timeout=60)
    assert process.returncode == 1
    assert f"cannot listen on 127.0.0.1:{taken}: Address already in use; stop what" in said
    assert option in said
    assert "Traceback" not in said
