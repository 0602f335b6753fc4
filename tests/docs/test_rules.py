"""docs/rules.md says what the code does: every key, every form, every example, every message."""

import json
import shlex
from collections.abc import Iterable
from datetime import UTC, datetime

import jmespath
import pytest
from pydantic import BaseModel

from proxy import cli
from proxy.core import examples, nodes
from proxy.core.choose import choose
from proxy.core.forms import CONDITIONS
from proxy.core.placement import Placement
from proxy.core.query import as_text, targets
from proxy.core.resources import RESOURCES
from proxy.core.rules import load
from proxy.document import parse
from proxy.errors import DocumentError
from proxy.model import Asked, Facts, Json, ListQuery, Reason
from tests.core.making import NOON, decided
from tests.docs.pages import ROOT, code, codes, page

PAGE = page("rules.md")
WHOLE = {
    "placement": "placement: slot\n",
    "resource": "resource: me/products\n",
    "default": "default: {query: {}}\n",
}
COMMON = {"search", "searchOn", "sortBy", "pageSize"}


def loaded(text: str) -> Placement:
    """Load a file, or some keys of one."""
    given = parse(text, "f").data
    return load(text + "".join(line for key, line in WHOLE.items() if key not in given), "f")


def keys(model: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]


def described(heading: str, header: str = "key") -> list[str]:
    return PAGE.section(heading).table(header).column(0)


def asked_for(query: str, output: Json = None) -> str:
    """Return what a rule with this query asks of OrderCloud."""
    inner = query if query.startswith("{") else f"{{{query}}}"
    rule = f"{{name: r, when: {{has: on}}, query: {inner}}}"
    placement = loaded(f"decision: {{flow: f}}\nrules: [{rule}]\n")
    given = {"on": True, **(output if isinstance(output, dict) else {})}
    choice = choose(placement, decided(given), Asked(), Facts(at=NOON))
    assert choice.rule == "r"
    assert isinstance(choice.then, ListQuery)
    (target,) = targets(choice.then)
    return target.partition("?")[2]


@pytest.mark.parametrize("block", PAGE.blocks("yaml"))
def test_every_example_file_can_be_loaded(block: str) -> None:
    loaded(block)


@pytest.mark.parametrize("block", PAGE.blocks("yaml"))
def test_the_examples_of_the_example_files_come_out(block: str) -> None:
    outcomes = examples.run(loaded(block), now=datetime(2026, 11, 23, tzinfo=UTC))
    assert [outcome.wrong for outcome in outcomes if outcome.wrong] == []


@pytest.mark.parametrize(
    ("heading", "known"),
    [
        ("A whole file", keys(nodes.PlacementFile)),
        ("`decision`", keys(nodes.FlowNode)),
        ("`when`", keys(nodes.WhenNode)),
        ("`schedule`", keys(nodes.ScheduleNode)),
        ("Beside the query", keys(nodes.ListNode)),
        ("`experiment`", keys(nodes.ExperimentNode)),
    ],
)
def test_every_key_is_described_and_nothing_else(heading: str, known: list[str]) -> None:
    assert sorted(described(heading)) == sorted(known)


def test_every_key_of_a_rule_is_described() -> None:
    beside = set(keys(nodes.ListNode)) - {"query"}
    assert set(described("A rule")) == set(keys(nodes.RuleNode)) - beside


def test_every_key_of_an_example_is_described() -> None:
    assert set(described("Examples", "key of `given`")) == set(keys(nodes.GivenNode))


def test_every_list_is_described_with_its_parameters() -> None:
    rows = PAGE.section("Lists").tables()[0].rows
    assert {code(row[0]): set(codes(row[1])) for row in rows} == {
        name: set(resource.parameters) - COMMON for name, resource in RESOURCES.items()
    }


FORMS = PAGE.table("In `query:`", "OrderCloud is asked").rows
PICKS = PAGE.table("In `query:`", "the flow's output", "OrderCloud is asked").rows


@pytest.mark.parametrize("row", FORMS, ids=lambda row: code(row[0]))
def test_a_value_form_is_sent_as_the_table_says(row: tuple[str, ...]) -> None:
    assert asked_for(code(row[0])) == code(row[1])


@pytest.mark.parametrize("row", PICKS, ids=lambda row: code(row[0]))
def test_a_picked_value_is_sent_as_the_table_says(row: tuple[str, ...]) -> None:
    assert asked_for(code(row[0]), json.loads(code(row[1]))) == code(row[2])


def test_every_condition_has_its_row() -> None:
    written = " ".join(code(row[0]) for row in (*FORMS, *PICKS))
    assert [one for one in CONDITIONS if f"{{{one}:" not in written] == []


def forms_in(heading: str) -> Iterable[str]:
    table = PAGE.section(heading).tables()[0]
    return [code(row[-1]) for row in table.rows]


@pytest.mark.parametrize("condition", forms_in("`when`"))
def test_every_condition_of_the_table_can_be_used(condition: str) -> None:
    loaded(f"rules: [{{name: r, when: {condition}, query: {{}}}}]\n")


@pytest.mark.parametrize("schedule", forms_in("`schedule`"))
def test_every_schedule_of_the_table_can_be_used(schedule: str) -> None:
    loaded(f"rules: [{{name: r, when: {{segment: a}}, schedule: {schedule}, query: {{}}}}]\n")


@pytest.mark.parametrize("listed", forms_in("Beside the query"))
def test_everything_beside_a_query_can_be_used(listed: str) -> None:
    loaded(f"default: {listed}\n")


WORDS = PAGE.table("you write", "it stays").rows


@pytest.mark.parametrize("row", WORDS, ids=lambda row: code(row[0]))
def test_a_word_stays_as_the_table_says(row: tuple[str, ...]) -> None:
    assert as_text(parse(f"key: {code(row[0])}", "f").data["key"]) == code(row[1])


PATHS = PAGE.section("Paths").tables()[0]


@pytest.mark.parametrize("row", PATHS.rows, ids=lambda row: code(row[0]))
def test_a_path_finds_what_the_table_says(row: tuple[str, ...]) -> None:
    output = json.loads(code(PATHS.header[1]))
    assert jmespath.search(code(row[0]), output) == json.loads(code(row[1]))


MISTAKES = PAGE.table("You write", "`check` says").rows


@pytest.mark.parametrize("row", MISTAKES, ids=lambda row: code(row[0]))
def test_a_mistake_is_answered_as_the_table_says(row: tuple[str, ...]) -> None:
    with pytest.raises(DocumentError) as caught:
        loaded(f"default: {{{code(row[0])}}}\n")
    said = [f"{problem.what}; {problem.mend}" for problem in caught.value.problems]
    assert row[1] in said


def transcripts() -> list[tuple[str, str]]:
    """Return each command shown, and what it prints."""
    shown: list[tuple[str, str]] = []
    for block in PAGE.blocks("console"):
        for part in block.removeprefix("$ ").split("\n$ "):
            command, _, output = part.partition("\n")
            shown.append((command, output.strip()))
    return shown


@pytest.mark.parametrize(("command", "output"), transcripts())
def test_a_command_prints_what_the_page_shows(
    command: str,
    output: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(ROOT)
    program, *arguments = shlex.split(command)
    assert program == "decision-proxy"
    assert cli.main(arguments) == 0
    assert capsys.readouterr().out.strip() == output


def test_every_reason_is_explained() -> None:
    table = PAGE.section("When something is down").tables()[0]
    assert sorted(table.column(2)) == sorted(Reason)
