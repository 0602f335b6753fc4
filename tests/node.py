"""The official JavaScript SDKs, run by Node as they come from npm. `scripts/node` installs them."""

import asyncio
import os
import shutil
from pathlib import Path

import pytest

_HERE = Path(__file__).parent


async def passes(package: str, script: str, **environ: str) -> None:
    """Run *script* of the folder *package* with Node's own test runner; fail with its output."""
    node = shutil.which("node")
    folder = _HERE / package
    if node is None or not (folder / "node_modules").exists():
        pytest.fail("Node or the SDKs are missing: scripts/node installs them")
    run = await asyncio.create_subprocess_exec(
        node,
        "--test",
        script,
        cwd=folder,
        env={**os.environ, **environ},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await run.communicate()
    assert run.returncode == 0, output.decode()
