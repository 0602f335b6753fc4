import pytest

from sandbox.ordercloud.options import Options, Throttle, changed
from tests.sandbox.ordercloud.conftest import OrderCloud


def test_a_change_leaves_the_other_options_alone() -> None:
    options = changed(Options(webhook_copies=2), b'{"index_lag_s": 1.5}')
    assert options == Options(webhook_copies=2, index_lag_s=1.5)
    throttled = changed(options, b'{"throttle": {"requests": 5}}')
    assert throttled.throttle == Throttle(requests=5, per_s=1.0)
    assert changed(throttled, b'{"throttle": null}') == options


@pytest.mark.parametrize(
    "change",
    [
        b"",
        b"[]",
        b'{"index_lag_s": -1}',
        b'{"index_lag_s": "soon"}',
        b'{"webhook_copies": 1.5}',
        b'{"throttle": {"requests": 0}}',
        b'{"throttle": {"requests": 1, "per_s": 0}}',
        b'{"throttles": null}',
    ],
)
async def test_what_is_no_option_is_refused_with_the_reason(oc: OrderCloud, change: bytes) -> None:
    before = (await oc.client.get("/_sandbox/options")).json()
    refused = await oc.client.put("/_sandbox/options", content=change)
    assert refused.status_code == 400
    assert refused.json()["error"]
    assert (await oc.client.get("/_sandbox/options")).json() == before
