"""Which paths are whose."""

import pytest

from tests.conftest import StartGateway

_LIST = {"list.yaml": "placement: list\nresource: me/products\ndefault: {query: {}}"}


@pytest.mark.parametrize(
    "path", ["/placements/list/more", "/placements/a%2Fb", "//placements/list"]
)
async def test_a_placement_is_one_segment_of_the_path(gateway: StartGateway, path: str) -> None:
    running = await gateway(_LIST)
    assert (await running.get(path)).status_code == 404


async def test_another_method_is_told_which_there_are(gateway: StartGateway) -> None:
    running = await gateway(_LIST)
    answer = await running.shop.post("/placements/list")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, HEAD"
