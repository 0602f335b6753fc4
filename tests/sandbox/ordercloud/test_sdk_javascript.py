"""The official ordercloud-javascript-sdk runs against the sandbox as it comes from npm."""

import asyncio
import os
import shutil
import subprocess
from pathlib import Path

import pytest

SDK = Path(__file__).parents[2] / "sdk"


@pytest.fixture(scope="session")
def node() -> str:
    """Return the path of Node with the SDK installed; skip where there is no Node."""
    found = shutil.which("node")
    if found is None:
        pytest.skip("needs Node")
    if not (SDK / "node_modules").exists():
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=SDK, check=True)
    return found


async def test_the_javascript_sdk_shops(oc_url: str, node: str) -> None:
    run = await asyncio.create_subprocess_exec(
        node,
        "--test",
        "storefront.test.js",
        cwd=SDK,
        env={**os.environ, "OC_URL": oc_url},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await run.communicate()

    assert run.returncode == 0, output.decode()
