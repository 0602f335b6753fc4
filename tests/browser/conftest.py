"""The whole demo as one process, and the system's Chromium: one of each for the module."""

from asyncio.subprocess import create_subprocess_exec
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright

from tests.demo import Demo, running

_ROOT = Path(__file__).parent.parent.parent
_CHROMIUM_FLAGS = (
    "--no-sandbox",  # CI runs as root
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def demo(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Demo]:
    """Run the demo for all tests of the module."""
    async with running(tmp_path_factory.mktemp("demo")) as demo:
        yield demo


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
