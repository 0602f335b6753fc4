"""What a tenant's definitions tell, and what in rules does not fit them."""

from collections.abc import Mapping
from typing import Any

import msgspec
import pytest

from proxy.core.tenant import FlowDefinition, FlowOutput, compare, read_flow
from tests.core.making import FILE, placement

HEAD = """\
placement: slot
resource: me/products
decision: {flow: home_hero, segment: persona}
"""
TAIL = "default: {query: {}}\n"
HERO = f"""\
{HEAD}rules:
  - {{name: vips, when: {{segment: vip}}, query: {{}}}}
  - {{name: loyal, when: {{segment: [loyal, repeat]}}, query: {{ID: {{from: ids}}}}}}
{TAIL}"""


def flow(*templates: str, models: tuple[str, ...] = (), **fields: Any) -> FlowDefinition:
    """Return a live flow with one variant per template, each running the same models."""
    variants = [
        {
            "tasks": [
                {"implementation": "conditionsTask", "input": {"rules": []}},
                {"implementation": "templateRenderTask", "input": {"template": template}},
                {"implementation": "decisionModelTask", "input": {"decisionModelRefs": models}},
                {"implementation": "somethingNew"},
            ]
        }
        for template in templates
    ]
    shown = {"friendlyId": "home_hero", "status": "PRODUCTION", "variants": variants, **fields}
    return msgspec.convert(shown, FlowDefinition)


def table(**columns: list[str]) -> str:
    """Return the DMN of a decision table: output column → the FEEL of its cells."""
    outputs = "".join(f'<output name="{name}"/>' for name in columns)
    rows = "".join(
        "<rule>"
        + "".join(f"<outputEntry><text>{cell}</text></outputEntry>" for cell in cells)
        + "</rule>"
        for cells in zip(*columns.values(), strict=True)
    )
    return (
        '<definitions xmlns="http://www.omg.org/spec/DMN/20151101/dmn.xsd">'
        f"<decision><decisionTable>{outputs}{rows}</decisionTable></decision></definitions>"
    )


def read(*templates: str, **models: list[str]) -> FlowOutput:
    return read_flow(flow(*templates, models=tuple(models)), models)


def found(
    text: str, output: FlowOutput | None = None, **others: FlowOutput
) -> tuple[list[str], list[str]]:
    """Return problems and notes about a rules file, each without the file's name."""
    known = {"home_hero": output} if output else {}
    findings = compare([placement(text)], {**known, **others})
    problems, notes = (
        [str(one).removeprefix(f"{FILE}:") for one in kind]
        for kind in (findings.problems, findings.notes)
    )
    return problems, notes


def puts_out(**values: set[str]) -> FlowOutput:
    known = {key: frozenset(texts) for key, texts in values.items()}
    return FlowOutput("home_hero", None, frozenset(values), known)


class TestReading:
    @pytest.mark.parametrize(
        ("template", "keys", "values"),
        [
            ('{"persona": "vip"}', {"persona"}, {"persona": {"vip"}}),
            ('{"a": 1, "b": [true], "c": {"d": null}}', {"a", "b", "c", "d"}, {}),
            (
                '{<#if x>"persona": "vip"<#else>"persona": "new"</#if>}',
                {"persona"},
                {"persona": {"vip", "new"}},
            ),
            ('{"greeting": "Hello ${guest.firstName}"}', {"greeting"}, {}),
            ('{"ids": ${toJSON(ids)}}', {"ids"}, {}),
            ('{"persona": "vip", "x": {"persona": ${y}}}', {"persona", "x"}, {}),
            ("{}", set(), {}),
        ],
    )
    def test_a_template_tells_its_keys_and_the_values_that_are_written_out(
        self, template: str, keys: set[str], values: Mapping[str, set[str]]
    ) -> None:
        output = read(template)
        assert output.keys == frozenset(keys)
        assert output.values == values

    def test_a_template_that_is_one_expression_tells_nothing(self) -> None:
        assert read("${toJSON(result)}").keys is None
        assert read('{"persona": "vip"}', " ${toJSON(result)}").keys is None

    @pytest.mark.parametrize(
        "shown",
        [
            '"${node.outputs[0].persona}"',
            '"${node.outputs[0].persona!}"',
            '"${persona!""}"',
            '"${getDecisionModelResultNode("Persona table").outputs[0].persona}"',
        ],
    )
    def test_what_a_table_puts_out_are_the_values_of_the_key_that_shows_it(
        self, shown: str
    ) -> None:
        output = read(f'{{"segment": {shown}}}', m=[table(persona=['"vip"', '"new"'])])
        assert output.values == {"segment": {"vip", "new"}}

    def test_the_tables_of_all_variants_of_a_model_count(self) -> None:
        models = [table(persona=['"vip"']), table(persona=['"new"', ""], offer=["x", "y"])]
        assert read('{"p": "${n.persona}"}', m=models).values == {"p": {"vip", "new"}}

    @pytest.mark.parametrize(
        "xml", [table(persona=['"vip"', "guest.firstName"]), table(other=['"vip"']), "<broken"]
    )
    def test_a_value_that_is_computed_stays_open(self, xml: str) -> None:
        output = read('{"segment": "${node.persona}"}', m=[xml])
        assert output.keys == frozenset({"segment"})
        assert output.values == {}

    def test_a_key_that_is_open_in_one_variant_is_open(self) -> None:
        output = read('{"persona": "vip"}', '{"persona": ${x}}')
        assert output.values == {}

    @pytest.mark.parametrize(
        ("fields", "why_idle"),
        [
            ({}, None),
            ({"status": "LIVE"}, None),
            ({"status": "PAUSED"}, "is not live in CDP, but PAUSED"),
            ({"archived": True}, "is archived in CDP"),
            ({"type": "TRIGGERED_V3"}, "is started by events, never by a placement"),
        ],
    )
    def test_a_flow_that_no_placement_can_run_says_why(
        self, fields: dict[str, Any], why_idle: str | None
    ) -> None:
        assert read_flow(flow("{}", **fields), {}).why_idle == why_idle

    def test_the_models_of_all_variants_are_named(self) -> None:
        assert flow("{}", "{}", models=("a", "b")).model_refs == {"a", "b"}


class TestComparing:
    def test_rules_that_fit_are_fine(self) -> None:
        output = puts_out(persona={"vip", "loyal", "repeat", ""}, ids=set())
        assert found(HERO, output) == ([], [])

    def test_a_placement_without_a_flow_needs_nothing_of_the_tenant(self) -> None:
        plain = "placement: slot\nresource: me/products\ndefault: {query: {}}"
        assert found(plain) == ([], [])

    def test_an_unknown_flow_is_a_mistake_with_the_nearest_name(self) -> None:
        problems, notes = found(HERO, None, home_heroes=puts_out())
        assert problems == ["3:1: CDP has no flow 'home_hero'; did you mean 'home_heroes'?"]
        assert notes == []

    @pytest.mark.parametrize(("wanted", "is_fine"), [("home_*", True), ("basket_*", False)])
    def test_any_flow_of_a_prefix_will_do(self, wanted: str, *, is_fine: bool) -> None:
        problems, _ = found(HERO.replace("home_hero", wanted), puts_out())
        assert (problems == []) is is_fine

    def test_an_idle_flow_is_noted(self) -> None:
        output = FlowOutput("home_hero", "is archived in CDP", None, {})
        assert found(HERO, output) == (
            [],
            ["3:1: the flow 'home_hero' is archived in CDP; all shoppers see the default"],
        )

    def test_a_key_that_the_flow_never_puts_out_is_a_mistake(self) -> None:
        problems, _ = found(HERO, puts_out(personas=set(), ids=set()))
        assert problems == [
            "3:1: the flow 'home_hero' never puts out 'persona'; did you mean 'personas'?"
        ]

    @pytest.mark.parametrize(
        "rule",
        [
            "{name: r, when: {has: idz}, query: {}}",
            "{name: r, when: {output: {idz: 1}}, query: {}}",
            "{name: r, when: {has: 'idz[0].name'}, query: {}}",
            "{name: r, when: {any: [{not: {has: idz}}]}, query: {}}",
            "{name: r, when: {segment: vip}, query: {ID: {from: idz}}}",
            "{name: r, when: {segment: vip}, query: {}, pin: {from: idz}}",
            "{name: r, when: {segment: vip}, page: {from: idz}}",
            """{name: r, when: {segment: vip}, experiment: {split: {a: 1}},
            variants: {a: {query: {ID: {from: idz}}}}}""",
        ],
    )
    def test_keys_are_checked_wherever_a_rule_reads_the_decision(self, rule: str) -> None:
        hero = f"{HEAD}rules:\n  - {rule}\n{TAIL}"
        problems, _ = found(hero, puts_out(persona={"vip"}, ids=set()))
        assert problems == ["5:1: the flow 'home_hero' never puts out 'idz'; did you mean 'ids'?"]

    def test_a_segment_that_the_flow_never_names_is_a_mistake(self) -> None:
        problems, _ = found(HERO, puts_out(persona={"vip", "loyally", "repeat"}, ids=set()))
        assert problems == [
            "6:1: the flow 'home_hero' never names the segment 'loyal'; did you mean 'loyally'?"
        ]

    def test_a_segment_that_no_rule_handles_is_noted(self) -> None:
        output = puts_out(persona={"vip", "loyal", "repeat", "new"}, ids=set())
        problems, (note,) = found(HERO, output)
        assert not problems
        assert note == (
            "3:1: the flow 'home_hero' also names 'new', which no rule handles; "
            "those shoppers see the default"
        )

    @pytest.mark.parametrize(
        "when", ["{has: ids}", "{not: {segment: vip}}", "{any: [{segment: vip}, {has: ids}]}"]
    )
    def test_a_rule_that_takes_any_segment_leaves_none_unhandled(self, when: str) -> None:
        rules = f"rules:\n  - {{name: rest, when: {when}, query: {{}}}}"
        output = puts_out(persona={"vip", "loyal", "repeat", "new"}, ids=set())
        assert found(HERO.replace("rules:", rules), output) == ([], [])

    def test_what_a_script_computes_is_never_complained_about(self) -> None:
        unknown_values = FlowOutput("home_hero", None, frozenset({"persona", "ids"}), {})
        unknown_keys = FlowOutput("home_hero", None, None, {})
        nested = HERO.replace("segment: persona", "segment: offer.persona")
        assert found(HERO, unknown_values) == ([], [])
        assert found(HERO, unknown_keys) == ([], [])
        assert found(nested, puts_out(offer=set(), ids=set())) == ([], [])
