import xml.etree.ElementTree as ET
from typing import Any

import pytest

from tests.sandbox.cdp.conftest import Cdp

DMN = "{http://www.omg.org/spec/DMN/20151101/dmn.xsd}"
CREDENTIALS = {
    "grant_type": "client_credentials",
    "client_id": "sandbox-client",
    "client_secret": "sandbox-secret",
    "audience": "https://api.sitecorecloud.io",
}


@pytest.fixture
async def admin(cdp: Cdp) -> Cdp:
    """The emulator, called with a valid token."""
    token = (await cdp.http.post("/oauth/token", json=CREDENTIALS)).json()["access_token"]
    cdp.http.headers["authorization"] = f"Bearer {token}"
    return cdp


async def _get(cdp: Cdp, path: str) -> Any:
    response = await cdp.http.get(path)
    assert response.status_code == 200, response.text
    return response.json()


async def _variant_named(cdp: Cdp, model: str) -> Any:
    models = (await _get(cdp, "/v2/decisionModelDefinitions?limit=50"))["items"]
    (ref,) = [item["ref"] for item in models if item["name"] == model]
    (variant,) = (await _get(cdp, f"/v2/decisionModelDefinitions/{ref}/variants"))["items"]
    return variant


async def test_a_token_is_given_for_json_and_for_a_form(cdp: Cdp) -> None:
    for response in (
        await cdp.http.post("/oauth/token", json=CREDENTIALS),
        await cdp.http.post("/oauth/token", data=CREDENTIALS),
    ):
        token = response.json()
        assert (token["token_type"], token["expires_in"]) == ("Bearer", 900)


@pytest.mark.parametrize(
    "wrong",
    [{"client_secret": "guess"}, {"client_id": "nobody"}, {"grant_type": "password"}],
)
async def test_wrong_credentials_get_no_token(cdp: Cdp, wrong: dict[str, str]) -> None:
    response = await cdp.http.post("/oauth/token", json=CREDENTIALS | wrong)
    assert (response.status_code, response.json()["error"]) == (401, "access_denied")


async def test_a_token_body_that_is_no_object_gets_no_token(cdp: Cdp) -> None:
    assert (await cdp.http.post("/oauth/token", json=[])).status_code == 401


@pytest.mark.parametrize("authorization", ["", "Bearer made-up", "Basic c2FuZGJveA=="])
async def test_definitions_are_for_bearers_of_a_valid_token(cdp: Cdp, authorization: str) -> None:
    headers = {"authorization": authorization}
    assert (await cdp.http.get("/v3/flowDefinitions", headers=headers)).status_code == 401


async def test_a_token_expires(admin: Cdp) -> None:
    await admin.let_pass(minutes=15, seconds=1)
    assert (await admin.http.get("/v3/flowDefinitions")).status_code == 401


async def test_flows_are_listed_in_pages(admin: Cdp) -> None:
    first = await _get(admin, "/v3/flowDefinitions?limit=4")
    second = await _get(admin, "/v3/flowDefinitions?limit=4&offset=4")
    assert (first["offset"], first["limit"], len(first["items"])) == (0, 4, 4)
    names = [item["friendlyId"] for item in first["items"] + second["items"]]
    assert len(set(names)) == 8
    assert (await admin.http.get("/v3/flowDefinitions?limit=all")).status_code == 400


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("type=TRIGGERED_V3", ["abandoned_cart"]),
        ("search=HERO", ["home_hero"]),
        ("search=welcome&type=INTERACTIVE_API_FLOW", ["welcome"]),
        ("search=nothing", []),
    ],
)
async def test_lists_of_flows_can_be_narrowed(admin: Cdp, query: str, expected: list[str]) -> None:
    items = (await _get(admin, f"/v3/flowDefinitions?{query}"))["items"]
    assert [item["friendlyId"] for item in items] == expected


async def test_a_flow_is_shown_by_friendly_id_and_by_reference(admin: Cdp) -> None:
    flow = await _get(admin, "/v3/flowDefinitions/home_hero")
    assert flow == await _get(admin, f"/v3/flowDefinitions/{flow['ref']}")
    assert flow["href"].endswith(f"/v3/flowDefinitions/{flow['ref']}")
    assert (flow["clientKey"], flow["status"]) == ("sandbox", "PRODUCTION")
    (variant,) = flow["variants"]
    assert flow["traffic"]["splits"] == [{"ref": variant["ref"], "split": 100}]
    rendering, deciding = variant["tasks"]
    assert rendering["implementation"] == "templateRenderTask"
    assert '"persona": "${node.outputs[0].persona}"' in rendering["input"]["template"]
    assert deciding["implementation"] == "decisionModelTask"
    assert len(deciding["input"]["decisionModelRefs"]) == 1


async def test_a_triggered_flow_shows_trigger_condition_and_destination(admin: Cdp) -> None:
    flow = await _get(admin, "/v3/flowDefinitions/abandoned_cart")
    assert flow["triggers"][0]["identifiers"] == [{"operator": "Equals", "value": "ABANDONED_CART"}]
    tasks = {task["implementation"]: task["input"] for task in flow["variants"][0]["tasks"]}
    assert tasks["connectionTask"]["connection"]["systemType"] == "DESTINATION"
    (rule,) = tasks["conditionsTask"]["rules"]
    assert "guest.guestType" in rule["ruleData"]["expression"]


async def test_a_flow_that_was_put_is_shown_as_defined(admin: Cdp) -> None:
    variants = [{"name": "A", "audience": "true", "output": {"a": 1}}]
    await admin.put("put", variants=variants, schedule={"startDate": "2026-01-01T00:00:00Z"})
    flow = await _get(admin, "/v3/flowDefinitions/put")
    assert flow["traffic"]["type"] == "audienceTraffic"
    assert flow["variants"][0]["tasks"][0]["input"]["template"] == '{"a": 1}'
    assert flow["schedule"] == {"type": "simpleSchedule", "startDate": "2026-01-01T00:00:00Z"}


@pytest.mark.parametrize(
    "path",
    [
        "/v3/flowDefinitions/nowhere",
        "/v2/decisionModelDefinitions/nowhere",
        "/v2/decisionModelDefinitions/nowhere/variants",
        "/v2/decisionModelVariants/nowhere",
        "/v2/connections/nowhere",
    ],
)
async def test_what_is_not_defined_is_not_found(admin: Cdp, path: str) -> None:
    response = await admin.http.get(path)
    assert (response.status_code, response.json()["status"]) == (404, 404)


async def test_a_model_says_which_variants_are_in_production(admin: Cdp) -> None:
    variant = await _variant_named(admin, "Persona")
    model = await _get(
        admin, f"/v2/decisionModelDefinitions/{variant['decisionModelDefinitionRef']}"
    )
    assert model["deploymentConfiguration"]["variants"] == [
        {
            "variantRef": variant["ref"],
            "split": 100,
            "status": "PRODUCTION",
            "variantRevision": 1,
        }
    ]
    assert model["variants"]["href"].endswith("/variants")
    assert variant["inProduction"] is True
    assert variant == await _get(admin, f"/v2/decisionModelVariants/{variant['ref']}")


async def test_a_variants_definition_is_dmn_from_which_segments_can_be_read(admin: Cdp) -> None:
    definition = (await _variant_named(admin, "Persona"))["definition"]
    root = ET.fromstring(definition)  # noqa: S314 - it is the emulator's own
    known, views, table = root.findall(f"{DMN}decision")
    assert (known.get("name"), views.get("name")) == ("Known persona", "Page views")
    expression = known.find(f"{DMN}literalExpression")
    assert expression is not None
    assert expression.get("expressionLanguage") == "javascript"
    required = [r.get("href") for r in table.iter(f"{DMN}requiredDecision")]
    assert required == [f"#{known.get('id')}", f"#{views.get('id')}"]
    decision_table = table.find(f"{DMN}decisionTable")
    assert decision_table is not None
    assert decision_table.get("hitPolicy") == "FIRST"
    emitted = [entry.findtext(f"{DMN}text") for entry in table.iter(f"{DMN}outputEntry")]
    assert emitted == [
        '"vip"',
        '"repeatCustomer"',
        '"loyal"',
        '"repeatCustomer"',
        '"browser"',
        '"newVisitor"',
    ]


async def test_models_that_stand_in_flows_are_listed_too(admin: Cdp) -> None:
    variant = await _variant_named(admin, "Promotion audience")
    assert "repeatCustomer" in variant["definition"]


async def test_a_data_system_and_offers_are_in_the_dmn(admin: Cdp) -> None:
    asking = (await _variant_named(admin, "Products for me"))["definition"]
    assert 'expressionLanguage="web-service"' in asking
    assert "request.params.ocToken" in asking
    offering = (await _variant_named(admin, "Cart reminder"))["definition"]
    assert 'typeRef="com.sandbox.offer"' in offering


async def test_aggregating_tables_say_so_in_the_dmn(admin: Cdp) -> None:
    table = {"hitPolicy": "COLLECT", "aggregation": "SUM", "rules": [{"then": {"n": 1}}]}
    model = {"name": "Summing", "decisions": [{"name": "Sum", "table": table}]}
    await admin.put("summing", output=1, models=[model])
    assert 'aggregation="SUM"' in (await _variant_named(admin, "Summing"))["definition"]


async def test_connections_are_listed_and_shown(admin: Cdp) -> None:
    listed = (await _get(admin, "/v2/connections"))["items"]
    assert {item["name"] for item in listed} == {"Mail", "OrderCloud my products"}
    for item in listed:
        assert await _get(admin, f"/v2/connections/{item['ref']}") == item


async def test_a_model_can_be_tested_with_a_made_up_guest(admin: Cdp) -> None:
    variant = await _variant_named(admin, "Persona")
    guest = {"ref": "g", "dataExtensions": [], "sessions": [], "orders": [{}, {}, {}]}
    asked = {"decisionModelVariantRef": variant["ref"], "context": {"guest": guest}}
    result = (await admin.http.post("/v2/testDecisionModel", json=asked)).json()
    assert (result["decisionModelName"], result["error"]) == ("Persona", False)
    assert result["debug"].keys() == {"bucket", "logs"}
    nodes = {node["name"]: node for node in result["decisionModelResultNodes"]}
    assert nodes["Persona table"]["outputs"] == [
        {"ruleId": "PersonaTable_3", "persona": "repeatCustomer"}
    ]
    assert nodes["Persona table"]["type"] == "decisionTable"


async def test_a_test_shows_what_failed(admin: Cdp) -> None:
    variant = await _variant_named(admin, "Persona")
    asked = {"decisionModelVariantRef": variant["ref"]}
    result = (await admin.http.post("/v2/testDecisionModel", json=asked)).json()
    assert result["error"] is True
    assert result["errorCause"].startswith("TypeError")


@pytest.mark.parametrize("context", ["guest", {"guest": "g"}])
async def test_a_test_needs_objects_as_context(admin: Cdp, context: Any) -> None:
    variant = await _variant_named(admin, "Persona")
    asked = {"decisionModelVariantRef": variant["ref"], "context": context}
    assert (await admin.http.post("/v2/testDecisionModel", json=asked)).status_code == 400


async def test_a_test_of_an_unknown_variant_is_not_found(admin: Cdp) -> None:
    asked = {"decisionModelVariantRef": "nowhere"}
    assert (await admin.http.post("/v2/testDecisionModel", json=asked)).status_code == 404
