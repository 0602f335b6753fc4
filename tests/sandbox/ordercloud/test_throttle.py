from tests.sandbox.ordercloud.conftest import OrderCloud

NOON = 1_767_268_800


async def test_calls_beyond_the_limit_are_told_when_to_come_again(oc: OrderCloud) -> None:
    await oc.client.put("/_sandbox/clock", json={"now": NOON})
    alice = await oc.log_in("alice")
    limit = {"throttle": {"requests": 2, "per_s": 30}}
    await oc.client.put("/_sandbox/options", json=limit)

    assert [(await alice.call("GET", "/me")).status_code for _ in range(3)] == [200, 200, 429]
    refused = await alice.call("GET", "/me/products")
    assert refused.json()["Errors"][0]["ErrorCode"] == "TooManyRequests"
    assert refused.headers["retry-after"] == "30"

    await oc.client.put("/_sandbox/clock", json={"now": NOON + 31})
    assert (await alice.call("GET", "/me")).status_code == 200


async def test_the_limit_holds_for_logging_in_but_not_for_the_sandbox_s_controls(
    oc: OrderCloud,
) -> None:
    await oc.client.put("/_sandbox/options", json={"throttle": {"requests": 1, "per_s": 60}})
    assert (await oc.token(grant_type="client_credentials")).status_code == 200
    assert (await oc.token(grant_type="client_credentials")).status_code == 429
    options = await oc.client.put("/_sandbox/options", json={"throttle": None})
    assert options.json()["throttle"] is None
    assert (await oc.token(grant_type="client_credentials")).status_code == 200


async def test_a_limit_that_is_set_again_begins_anew(oc: OrderCloud) -> None:
    alice = await oc.log_in("alice")
    for _ in range(2):
        limit = {"throttle": {"requests": 1, "per_s": 60}}
        await oc.client.put("/_sandbox/options", json=limit)
        assert [(await alice.call("GET", "/me")).status_code for _ in range(2)] == [200, 429]
