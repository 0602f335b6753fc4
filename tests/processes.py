"""The command as a process of its own, as operations run it."""

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).parent.parent


@dataclass(slots=True)
class Process:
    """A running `decision-proxy serve`, and where its listeners are."""

    process: asyncio.subprocess.Process
    log: list[str] = field(default_factory=list)
    shop_url: str = ""
    admin_url: str = ""

    async def read_until(self, message: str) -> dict[str, Any]:
        """Read the log up to the line that says *message*."""
        assert self.process.stderr is not None
        async for line in self.process.stderr:
            self.log.append(line.decode())
            said: dict[str, Any] = json.loads(line)
            if said["message"] == message:
                return said
        raise AssertionError(f"never said {message!r}: {self.log}")

    async def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal, read the rest of the log, and return the exit status."""
        self.process.send_signal(number)
        assert self.process.stderr is not None
        self.log += [line.decode() async for line in self.process.stderr]
        return await self.process.wait()


async def run(*arguments: str, environ: Mapping[str, str]) -> asyncio.subprocess.Process:
    """Start the command with *environ* beside this process's own environment."""
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "proxy",
        *arguments,
        cwd=_ROOT,
        env={**os.environ, **environ},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


@contextlib.asynccontextmanager
async def serving(environ: Mapping[str, str]) -> AsyncIterator[Process]:
    """Run `serve`, configured by *environ* alone, for the block."""
    process = Process(await run("serve", environ=environ))
    try:
        listening = await process.read_until("listening")
        process.shop_url, process.admin_url = listening["on"]
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.process.kill()
        await process.process.wait()
