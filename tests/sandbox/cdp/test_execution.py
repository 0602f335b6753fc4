import socket
from typing import Any

import pytest
from starlette.responses import JSONResponse

from sandbox.ordercloud.app import build as build_ordercloud
from sandbox.server import running
from tests.sandbox.cdp.conftest import Cdp, Endpoint, ServeCdp

ALICE = {"provider": "ordercloud", "id": "acme-alice"}
OFFERS = {"rules": [{"offer": "free-shipping"}, {"offer": "reminder"}], "hitPolicy": "COLLECT"}


def _model(*decisions: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"name": "Inline", "decisions": decisions, **more}


async def test_templates_see_guest_request_and_the_models_results(cdp: Cdp) -> None:
    template = """
      {"name": "${guest.firstName}", "page": "${request.params.page}",
       "one": ${getDecisionModelResultNode("Two words").outputs[0].twoWords?c},
       "all": ${toJSON(decisionModelResults.decisionModelResultNodes?map(n -> n.name))},
       "none": "${getDecisionModelResultNode("Unheard of")!"none"}"}"""
    model = _model({"name": "Two words", "programmable": "request.params.n + 1"})
    await cdp.put("all_names", template=template, models=[model])
    params = {"page": "/cart", "n": 41}
    assert await cdp.decide("all_names", identifiers=ALICE, params=params) == {
        "name": "Alice",
        "page": "/cart",
        "one": 42,
        "all": ["Two words"],
        "none": "none",
    }


async def test_templates_see_the_offers_that_tables_returned(cdp: Cdp) -> None:
    template = "<#if (offers)??>${toJSON(offers?map(o -> o.name))}<#else>[]</#if>"
    await cdp.put("some", template=template, models=[_model({"name": "O", "table": OFFERS})])
    await cdp.put("none", template=template)
    assert await cdp.decide("some", identifiers=ALICE) == ["Free shipping", "Your cart is waiting"]
    assert await cdp.decide("none", identifiers=ALICE) == []


async def test_a_variants_own_audience_comes_before_any_split(cdp: Cdp) -> None:
    variants = [
        {"name": "Vip", "audience": "guest.firstName === 'Alice'", "output": "vip"},
        {"name": "Others", "audience": "true", "output": "others"},
    ]
    await cdp.put("by_audience", variants=variants)
    assert await cdp.decide("by_audience", identifiers=ALICE) == "vip"
    assert await cdp.decide("by_audience", email="bob@acme.example") == "others"


async def test_universal_traffic_gives_a_guest_the_same_place_in_every_flow(cdp: Cdp) -> None:
    variants = [{"name": str(n), "output": n, "split": 1} for n in range(100)]
    for friendly_id in ("one", "two"):
        await cdp.put(friendly_id, variants=variants, universal=True)
    browser_id = await cdp.new_browser()
    first, second = [await cdp.decide(f, browserId=browser_id) for f in ("one", "two")]
    assert first == second


@pytest.mark.parametrize(
    ("status", "seen"),
    [("PRODUCTION", 1), ("TEST", None), ("DRAFT", None), ("ARCHIVED", None)],
)
async def test_only_production_variants_of_a_model_are_seen(
    cdp: Cdp, status: str, seen: int | None
) -> None:
    variant = {"status": status, "decisions": [{"name": "N", "programmable": "1"}]}
    template = '${(getDecisionModelResultNode("N").outputs[0].n)!"null"}'
    await cdp.put("m", template=template, models=[{"name": "M", "variants": [variant]}])
    assert await cdp.decide("m", identifiers=ALICE) == seen


async def test_a_models_test_variant_runs_silently(cdp: Cdp, endpoint: Endpoint) -> None:
    system = {"name": "Ask", "url": endpoint.url}
    variants = [
        {"name": "new", "status": "TEST", "decisions": [{"name": "A", "dataSystem": system}]},
        {"name": "old", "decisions": [{"name": "A", "programmable": "'old'"}]},
    ]
    template = '{"a": "${getDecisionModelResultNode("A").outputs[0].a}"}'
    await cdp.put("m", template=template, models=[{"name": "M", "variants": variants}])
    assert await cdp.decide("m", identifiers=ALICE) == {"a": "old"}
    assert len(endpoint.requests) == 1


async def test_production_variants_of_a_model_split_the_guests(cdp: Cdp) -> None:
    variants = [
        {"name": str(n), "split": 50, "decisions": [{"name": "N", "programmable": str(n)}]}
        for n in range(2)
    ]
    template = '${getDecisionModelResultNode("N").outputs[0].n}'
    await cdp.put("m", template=template, models=[{"name": "M", "variants": variants}])
    browsers = [await cdp.new_browser() for _ in range(30)]
    assert {await cdp.decide("m", browserId=b) for b in browsers} == {0, 1}


async def test_a_data_system_is_asked_with_the_forwarded_token(
    cdp: Cdp, endpoint: Endpoint
) -> None:
    endpoint.answer = JSONResponse({"Meta": {"Page": 1}, "Items": [{"ID": "p1"}]})
    connection = {
        "name": "Orders",
        "url": f"{endpoint.url}/v1/me/products?pageSize=8",
        "headers": {"Authorization": "Bearer ${ocToken}"},
        "outputs": ["Meta", "Items"],
    }
    node = {
        "name": "My list",
        "dataSystem": connection,
        "mapping": {"ocToken": "request.params.ocToken"},
    }
    template = '{"products": ${toJSON(getDecisionModelResultNode("My list").outputs[0].myList)}}'
    await cdp.put("forwarding", template=template, models=[_model(node)])
    decision = await cdp.decide("forwarding", identifiers=ALICE, params={"ocToken": "a.b.c"})
    assert decision == {"products": {"Meta": {"Page": 1}, "Items": [{"ID": "p1"}]}}
    (request,) = endpoint.requests
    assert request.headers["authorization"] == "Bearer a.b.c"


async def test_the_seeds_for_you_lists_what_ordercloud_shows_this_shopper(
    serve_cdp: ServeCdp,
) -> None:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    async with (
        running(build_ordercloud(), listener) as ordercloud,
        serve_cdp(ordercloud_url=ordercloud) as cdp,
    ):
        form = {
            "grant_type": "password",
            "client_id": "storefront-client",
            "username": "alice",
            "password": "Password123!",
            "scope": "Shopper",
        }
        login = await cdp.http.post(f"{ordercloud}/oauth/token", data=form)
        params = {"ocToken": login.json()["access_token"]}
        for_alice = await cdp.decide("for_you", identifiers=ALICE, params=params)
        without_token = await cdp.decide("for_you", identifiers=ALICE)
    assert for_alice["source"] == "model"
    assert len(for_alice["products"]["Items"]) == for_alice["products"]["Meta"]["PageSize"] == 8
    assert without_token == {"source": "model"}
