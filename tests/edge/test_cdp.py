"""What is sent to CDP, and what is made of its answers. The faults of the line: test_http.py."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from proxy.edge.cdp import Cdp
from proxy.errors import UpstreamBroken, UpstreamError, UpstreamFailed
from proxy.model import Call, Execution, Guest, Reason
from proxy.sections import Cdp as CdpConfig
from tests import emulators
from tests.edge.conftest import Connect

_DIRECT = {"client_key": "sandbox", "point_of_sale": "demo"}
_EDGE = {"form": "edge", "context_id": "ctx 1", "site_id": "shop"}


@pytest.fixture
async def tenant(cdp: emulators.Cdp, connect: Connect) -> Cdp:
    config = CdpConfig.model_validate({"url": cdp.url, **_DIRECT})
    return Cdp(await connect(cdp.url), config)


def _call(**changes: Any) -> Call:
    fields: dict[str, Any] = {
        "friendly_id": "hero",
        "guest": Guest(identifier="acme-alice"),
        "params": {},
        "token": None,
        "user_agent": None,
        "geo": {},
    }
    return Call(**{**fields, **changes})


async def _sent(cdp: emulators.Cdp) -> dict[str, Any]:
    (request,) = await cdp.seen("/v")
    body: dict[str, Any] = json.loads(request["body"])
    return body


async def test_a_flow_puts_out_what_its_template_renders(tenant: Cdp, cdp: emulators.Cdp) -> None:
    await cdp.decide("hero", {"persona": "vip", "offers": [1, 2.5, None, True]})
    execution = await tenant.execute(_call())
    assert execution.output == {"persona": "vip", "offers": [1, 2.5, None, True]}
    assert execution.reason is Reason.MATCHED


async def test_the_root_may_be_an_array(tenant: Cdp, cdp: emulators.Cdp) -> None:
    await cdp.fail("/v2/callFlows", body='[{"ref": "a"}]')
    assert (await tenant.execute(_call())).output == [{"ref": "a"}]


@pytest.mark.parametrize(
    ("guest", "key"),
    [
        (Guest(browser_id="b-1"), {"browserId": "b-1"}),
        (
            Guest(identifier="acme-alice"),
            {"identifiers": {"id": "acme-alice", "provider": "ordercloud"}},
        ),
        (Guest(browser_id="b-1", identifier="acme-alice"), {"browserId": "b-1"}),
    ],
)
async def test_exactly_one_key_names_the_guest(
    tenant: Cdp, cdp: emulators.Cdp, guest: Guest, key: Mapping[str, object]
) -> None:
    await tenant.execute(_call(guest=guest))
    sent = await _sent(cdp)
    assert {
        name: sent[name] for name in ("browserId", "identifiers", "email") if name in sent
    } == key


async def test_the_flow_is_told_its_parameters_the_place_and_the_token(
    tenant: Cdp, cdp: emulators.Cdp
) -> None:
    params = {"page": "/cart", "total": 120}
    await tenant.execute(_call(params=params, token="jwt", geo={"country": "IE"}))
    assert (await _sent(cdp))["params"] == {**params, "geo": {"country": "IE"}, "ocToken": "jwt"}


async def test_no_parameter_can_pose_as_the_token(tenant: Cdp, cdp: emulators.Cdp) -> None:
    await tenant.execute(_call(params={"ocToken": "forged"}, token="jwt"))
    assert (await _sent(cdp))["params"] == {"ocToken": "jwt"}


async def test_a_flow_that_needs_no_token_gets_none(tenant: Cdp, cdp: emulators.Cdp) -> None:
    await tenant.execute(_call())
    assert (await _sent(cdp))["params"] == {}


@pytest.mark.parametrize(
    ("user_agent", "sent"), [("Browser/1.0", "Browser/1.0"), (None, "decision-proxy/")]
)
async def test_cdp_sees_the_shoppers_browser(
    tenant: Cdp, cdp: emulators.Cdp, user_agent: str | None, sent: str
) -> None:
    await tenant.execute(_call(user_agent=user_agent))
    (request,) = await cdp.calls()
    assert request["headers"]["user-agent"].startswith(sent)
    assert request["headers"]["content-type"] == "application/json"
    assert len(request["headers"]["x-sc-correlation-id"]) == 32


async def test_through_edge_the_context_stands_in_the_address(
    cdp: emulators.Cdp, connect: Connect
) -> None:
    await cdp.decide("hero", {"persona": "vip"})
    config = CdpConfig.model_validate({"url": cdp.url, **_EDGE})
    execution = await Cdp(await connect(cdp.url), config).execute(_call())
    assert execution.output == {"persona": "vip"}
    (request,) = await cdp.seen("/v1/personalize")
    assert request["query"] == "sitecoreContextId=ctx+1&siteId=shop"
    body = json.loads(request["body"])
    assert (body["clientKey"], body["pointOfSale"]) == ("", "")


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ({"body": '{"message": "No flow executed"}'}, Reason.NO_FLOW),
        ({"status": 400}, Reason.FLOW_REFUSED),
        ({"status": 404}, Reason.FLOW_REFUSED),
    ],
)
async def test_nothing_for_this_guest_is_an_answer(
    tenant: Cdp, cdp: emulators.Cdp, fault: dict[str, Any], reason: Reason
) -> None:
    await cdp.fail("/v2/callFlows", **fault)
    execution = await tenant.execute(_call())
    assert execution == Execution(None, reason)


async def test_an_unknown_browser_is_nothing_for_this_guest(tenant: Cdp) -> None:
    execution = await tenant.execute(_call(guest=Guest(browser_id="never-seen")))
    assert execution.reason is Reason.FLOW_REFUSED


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"status": 401}, UpstreamFailed),
        ({"status": 408}, UpstreamFailed),
        ({"status": 429}, UpstreamFailed),
        ({"status": 500}, UpstreamFailed),
        ({"status": 503}, UpstreamFailed),
        ({"status": 302}, UpstreamFailed),
        ({"status": 204, "body": ""}, UpstreamFailed),
        ({"body": ""}, UpstreamBroken),
        ({"body": "<html>"}, UpstreamBroken),
        ({"body": "null"}, UpstreamBroken),
        ({"body": '"text"'}, UpstreamBroken),
        ({"body": "{} {}"}, UpstreamBroken),
        ({"body": "NaN"}, UpstreamBroken),
        ({"body": "[" * 100_000}, UpstreamBroken),
    ],
    ids=lambda value: str(value)[:40],
)
async def test_no_usable_answer_is_an_error(
    tenant: Cdp, cdp: emulators.Cdp, fault: dict[str, Any], error: type[UpstreamError]
) -> None:
    await cdp.fail("/v2/callFlows", **fault)
    with pytest.raises(error):
        await tenant.execute(_call(token="jwt-of-alice"))


async def test_no_error_tells_the_token(tenant: Cdp, cdp: emulators.Cdp) -> None:
    await cdp.fail("/v2/callFlows", status=500)
    call = _call(token="jwt-of-alice")
    with pytest.raises(UpstreamFailed) as raised:
        await tenant.execute(call)
    assert "jwt" not in f"{raised.value!r} {call!r}"
