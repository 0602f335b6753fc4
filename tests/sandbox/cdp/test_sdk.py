"""Sitecore's own SDKs run against the sandbox as they come from npm."""

import asyncio
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.sandbox.cdp.conftest import Cdp

SDK = Path(__file__).parents[2] / "sdk-cdp"


@pytest.fixture(scope="session")
def node() -> str:
    """Return the path of Node with the SDKs installed; skip where there is no Node."""
    found = shutil.which("node")
    if found is None:
        pytest.skip("needs Node")
    if not (SDK / "node_modules").exists():
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=SDK, check=True)
    return found


@pytest.mark.parametrize("sdk", ["cloudsdk", "engage"])
async def test_an_official_sdk_runs_unchanged(cdp: Cdp, node: str, sdk: str) -> None:
    run = await asyncio.create_subprocess_exec(
        node,
        "--test",
        f"{sdk}.test.js",
        cwd=SDK,
        env={**os.environ, "CDP_URL": str(cdp.http.base_url)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await run.communicate()
    assert run.returncode == 0, output.decode()
