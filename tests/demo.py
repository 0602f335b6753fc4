"""`decision-proxy demo` as a user runs it: a process of its own, on free ports."""

import asyncio
import os
import shutil
import socket
import sys
from asyncio.subprocess import Process, create_subprocess_exec
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import httpx2

_ROOT = Path(__file__).parent.parent
_STARTS_WITHIN_S = 30.0


@dataclass(frozen=True)
class Demo:
    """The rules, a copy of the shipped ones; and where the parts of the demo listen."""

    rules: Path
    gateway: str
    admin: str
    storefront: str
    ordercloud: str
    cdp: str


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[Demo]:
    """Run the demo for the block, once it is ready; what it says goes to *folder*'s `log`."""
    ports = _free_ports(5)
    names = ("--port", "--admin-port", "--storefront-port", "--oc-port", "--cdp-port")
    flags = [f"{name}={port}" for name, port in zip(names, ports, strict=True)]
    rules, log = folder / "rules", folder / "log"
    shutil.copytree(_ROOT / "rules", rules)
    demo = Demo(rules, *(f"http://127.0.0.1:{port}" for port in ports))
    command = (sys.executable, "-m", "proxy", "demo", *flags)
    environ = {**os.environ, "DECISION_PROXY__RULES__FOLDER": str(rules)}
    with _opened(log) as output:
        process = await create_subprocess_exec(
            *command, cwd=_ROOT, stdout=output, stderr=output, env=environ
        )
    try:
        assert await _is_ready(demo, process), f"see {log}"
        yield demo
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


def _opened(log: Path) -> IO[str]:
    return log.open("w")


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
