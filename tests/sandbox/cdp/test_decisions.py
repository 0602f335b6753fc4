from typing import Any

import httpx2
import pytest

from sandbox.cdp import decisions
from sandbox.cdp.catalog import Catalog
from sandbox.cdp.connections import Caller
from sandbox.cdp.decisions import Findings
from sandbox.cdp.definitions.model import ModelVariant
from sandbox.cdp.seed import load_seed

CATALOG = Catalog(load_seed())
NOWHERE = {"name": "Nowhere", "url": "http://127.0.0.1:1/"}


async def _run(*nodes: dict[str, Any], **names: Any) -> Findings:
    variant = ModelVariant.model_validate({"decisions": nodes})
    async with httpx2.AsyncClient(verify=False) as client:
        caller = Caller(client, {})
        return await decisions.run(variant, names, catalog=CATALOG, caller=caller, now=0)


async def _outputs(*nodes: dict[str, Any], **names: Any) -> list[Any]:
    return [node.outputs for node in (await _run(*nodes, **names)).nodes]


async def test_what_a_node_finds_is_known_to_the_later_ones_by_its_output() -> None:
    first, second, third = await _outputs(
        {"name": "Guest age", "programmable": "guest.age"},
        {"name": "Doubled", "output": "twice", "programmable": "guestAge * 2"},
        {"name": "Sum", "programmable": "guestAge + twice"},
        guest={"age": 20},
    )
    assert (first, second, third) == ([{"guestAge": 20}], [{"twice": 40}], [{"sum": 60}])


async def test_a_scripts_arrays_are_hashes_in_its_output_and_arrays_to_later_scripts() -> None:
    listed, counted = await _outputs(
        {"name": "Ids", "programmable": "({all: ['a', ['b']]})"},
        {"name": "Count", "programmable": "ids.all.length"},
    )
    assert listed == [{"ids": {"all": {"0": "a", "1": {"0": "b"}}}}]
    assert counted == [{"count": 2}]


@pytest.mark.parametrize(("length", "kept"), [(10_000, 10_000), (10_001, 0)])
async def test_a_text_over_the_limit_becomes_empty(length: int, kept: int) -> None:
    ((output,),) = await _outputs({"name": "Text", "programmable": f"'x'.repeat({length})"})
    assert len(output["text"]) == kept


@pytest.mark.parametrize(
    ("kind", "code", "fits"),
    [
        ("string", "'a'", True),
        ("string", "1", False),
        ("string", "({})", False),
        ("integer", "1", True),
        ("integer", "1.5", False),
        ("long", "true", False),
        ("double", "1.5", True),
        ("boolean", "true", True),
        ("boolean", "0", False),
        ("date", "'2026-01-01'", True),
        ("date", "true", False),
        ("map", "[1]", True),
        ("map", "'a'", False),
        ("string", "undefined", True),
    ],
)
async def test_a_value_of_another_type_than_declared_is_an_error(
    kind: str, code: str, *, fits: bool
) -> None:
    (node,) = (await _run({"name": "Value", "type": kind, "programmable": code})).nodes
    assert (node.error_cause is None) is fits


async def test_a_node_that_fails_has_no_outputs_and_the_others_still_run() -> None:
    findings = await _run(
        {"name": "Bad", "programmable": "guest.a.b"},
        {"name": "After", "needs": ["Bad"], "programmable": "typeof bad"},
        guest={},
    )
    bad, after = (node.to_json() for node in findings.nodes)
    assert (bad["error"], bad["outputs"]) == (True, [])
    assert bad["errorCause"].startswith("TypeError")
    assert (after["error"], after["outputs"]) == (False, [{"after": "undefined"}])
    assert after["dependentNodeIds"] == [bad["id"]]
    assert "errorCause" not in after


async def test_what_scripts_print_is_kept() -> None:
    assert (await _run({"name": "Loud", "programmable": "print('hi'); 1"})).logs == ["hi"]


async def test_a_table_tests_expressions_and_an_undefined_one_is_null() -> None:
    rules = [
        {"when": {"guest.age": ">= 18", "unheardOf.at.all": "null"}, "then": {"adult": True}},
    ]
    rows, after = await _outputs(
        {"name": "Adult", "table": {"rules": rules}},
        {"name": "After", "programmable": "adult"},
        guest={"age": 20},
    )
    assert rows == [{"ruleId": "Adult_0", "adult": True}]
    assert after == [{"after": True}]


async def test_a_table_that_may_match_often_gives_later_nodes_a_list() -> None:
    rules = [{"then": {"n": 1}}, {"then": {"n": 2}}]
    rows, after = await _outputs(
        {"name": "All", "table": {"hitPolicy": "RULE ORDER", "rules": rules}},
        {"name": "After", "programmable": "n"},
    )
    assert [row["n"] for row in rows] == [1, 2]
    assert after == [{"after": {"0": 1, "1": 2}}]


async def test_a_table_that_breaks_its_hit_policy_is_an_error() -> None:
    rules = [{"then": {"n": 1}}, {"then": {"n": 2}}]
    (node,) = (await _run({"name": "One", "table": {"rules": rules}})).nodes
    assert node.error_cause == "UNIQUE, but 2 rules match"


async def test_a_table_offers_by_reference() -> None:
    ((row,),) = await _outputs({"name": "Offer", "table": {"rules": [{"offer": "reminder"}]}})
    offer = {"type": "com.sandbox.offer", "value": CATALOG.offer("reminder").ref}
    assert row == {"ruleId": "Offer_0", "offer": offer}


async def test_a_data_system_that_cannot_be_reached_is_an_error() -> None:
    (node,) = (await _run({"name": "Ask", "dataSystem": NOWHERE})).nodes
    assert node.error_cause is not None
    assert node.error_cause.startswith("Nowhere: ConnectError")
    assert (node.type, node.outputs) == ("webService", [])
