"""The official ordercloud-javascript-sdk runs against the sandbox as it comes from npm."""

import pytest

from tests import node

pytestmark = pytest.mark.node


async def test_the_javascript_sdk_shops(oc_url: str) -> None:
    await node.passes("sdk", "storefront.test.js", OC_URL=oc_url)
