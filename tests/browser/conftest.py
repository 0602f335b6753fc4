"""The whole demo as one process, and the system's Chromium: one of each for the module."""

import asyncio
import socket
import sys
from asyncio.subprocess import Process, create_subprocess_exec
from collections.abc import AsyncIterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright

_ROOT = Path(__file__).parent.parent.parent
_STARTS_WITHIN_S = 30.0
_CHROMIUM_FLAGS = (
    "--no-sandbox",  # CI runs as root
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@dataclass(frozen=True)
class Demo:
    """Where the parts of the demo listen."""

    gateway: str
    admin: str
    storefront: str
    ordercloud: str
    cdp: str


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def demo(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Demo]:
    """Run `decision-proxy demo` as a user does, on free ports."""
    ports = _free_ports(5)
    names = ("--port", "--admin-port", "--storefront-port", "--oc-port", "--cdp-port")
    flags = [f"{name}={port}" for name, port in zip(names, ports, strict=True)]
    running = Demo(*(f"http://127.0.0.1:{port}" for port in ports))
    log = tmp_path_factory.mktemp("demo") / "log"
    with log.open("w") as output:
        process = await create_subprocess_exec(
            sys.executable, "-m", "proxy", "demo", *flags, cwd=_ROOT, stdout=output, stderr=output
        )
    try:
        assert await _is_ready(running, process), log.read_text()
        yield running
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    """Start the system's Chromium."""
    find = await create_subprocess_exec(_ROOT / "scripts" / "chromium", stdout=-1)
    path, _ = await find.communicate()
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(
            executable_path=path.decode().strip(), args=_CHROMIUM_FLAGS
        )
        yield chromium
        await chromium.close()


def _free_ports(count: int) -> list[int]:
    with ExitStack() as held:
        probes = [held.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]


async def _is_ready(demo: Demo, process: Process) -> bool:
    with suppress(TimeoutError):
        async with asyncio.timeout(_STARTS_WITHIN_S), httpx2.AsyncClient() as client:
            while process.returncode is None:
                with suppress(httpx2.TransportError):
                    if (await client.get(f"{demo.admin}/readyz")).is_success:
                        return True
                await asyncio.sleep(0.1)
    return False
