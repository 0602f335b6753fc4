"""Sitecore's own SDKs run against the sandbox as they come from npm."""

import pytest

from tests import node
from tests.sandbox.cdp.conftest import Cdp

pytestmark = pytest.mark.node


@pytest.mark.parametrize("sdk", ["cloudsdk", "engage"])
async def test_an_official_sdk_runs_unchanged(cdp: Cdp, sdk: str) -> None:
    await node.passes("sdk-cdp", f"{sdk}.test.js", CDP_URL=str(cdp.http.base_url))
