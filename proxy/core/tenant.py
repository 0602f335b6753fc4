"""What a CDP tenant's definitions say of its flows, and which rules do not fit them.

Templates and decision tables are read as text: what they surely put out is known, and what a
script computes stays open and is never complained about.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from xml.etree import ElementTree as ET

import msgspec

from proxy.core.compose import ListTemplate
from proxy.core.placement import Flow, Placement, Rule, Split
from proxy.core.query import Pick
from proxy.document import nearest
from proxy.errors import Problem

_LIVE = frozenset({"LIVE", "PRODUCTION"})
_MEMBER = re.compile(
    r'"(?P<key>[^"\\$<]+)"\s*:\s*(?:"(?P<text>[^"$<]*)"|"\$\{(?P<shown>[^}]*)\}"|(?P<other>.))',
    re.DOTALL,
)
_LAST_NAME = re.compile(r"([A-Za-z_]\w*)\s*(?:[!?].*)?$", re.DOTALL)
_WHOLE = re.compile(r"^\s*\$\{")
_FEEL_TEXT = re.compile(r'"([^"]*)"')
_DMN = "{http://www.omg.org/spec/DMN/20151101/dmn.xsd}"


class FlowDefinition(msgspec.Struct, rename="camel"):
    """What we read of `/v3/flowDefinitions`."""

    friendly_id: str = ""
    status: str = ""
    variants: list["FlowVariant"] = []


class FlowVariant(msgspec.Struct):
    """A variant of a flow."""

    tasks: list["FlowTask"] = []


class FlowTask(msgspec.Struct):
    """A step of a variant: a template, decision models and more."""

    input: "TaskInput"


class TaskInput(msgspec.Struct, rename="camel"):
    """What a step works on."""

    template: str = ""
    decision_model_refs: list[str] = []


@dataclass(frozen=True, slots=True)
class FlowOutput:
    """What a flow may put out: its keys, and the values of those keys that are fully known.

    `keys` is None where the template does not tell.
    """

    friendly_id: str
    is_live: bool
    keys: frozenset[str] | None
    values: Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Findings:
    """Mistakes, and notes on what is allowed but perhaps not meant."""

    problems: tuple[Problem, ...]
    notes: tuple[Problem, ...]


def read_flow(flow: FlowDefinition, models: Mapping[str, Iterable[str]]) -> FlowOutput:
    """Read what *flow* may put out; *models* has the DMN XML of each decision model's variants."""
    keys: set[str] = set()
    values: dict[str, set[str]] = {}
    unknown: set[str] = set()
    is_open = False
    for variant in flow.variants:
        tables = _tables_of(variant, models)
        for template in (task.input.template for task in variant.tasks if task.input.template):
            is_open |= _WHOLE.match(template) is not None
            for member in _MEMBER.finditer(template):
                keys.add(member["key"])
                found = _values_of(member, tables)
                if found is None:
                    unknown.add(member["key"])
                else:
                    values.setdefault(member["key"], set()).update(found)
    known = {key: frozenset(found) for key, found in values.items() if key not in unknown}
    return FlowOutput(
        flow.friendly_id, flow.status in _LIVE, None if is_open else frozenset(keys), known
    )


def compare(placements: Iterable[Placement], flows: Mapping[str, FlowOutput]) -> Findings:
    """Return what in *placements* names a flow, key or segment that the tenant does not have."""
    problems: list[Problem] = []
    notes: list[Problem] = []
    for placement in placements:
        if placement.flow is None or placement.flow.friendly_id.endswith("*"):
            continue
        flow = flows.get(placement.flow.friendly_id)
        if flow is None:
            problems.append(_no_flow(placement, placement.flow, flows))
            continue
        if not flow.is_live:
            what = f"the flow '{flow.friendly_id}' is not live in CDP"
            notes.append(Problem(placement.file, placement.flow.line, 1, what, "start it there"))
        problems += _missing_keys(placement, placement.flow, flow)
        problems += _unknown_segments(placement, placement.flow, flow)
        notes += _unhandled_segments(placement, placement.flow, flow)
    return Findings(tuple(problems), tuple(notes))


def _tables_of(
    variant: FlowVariant, models: Mapping[str, Iterable[str]]
) -> Mapping[str, frozenset[str] | None]:
    """Return the values of each decision-table output that *variant* can reach, by its name."""
    outputs: dict[str, frozenset[str] | None] = {}
    for ref in (ref for task in variant.tasks for ref in task.input.decision_model_refs):
        for xml in models.get(ref, ()):
            for name, found in _table_outputs(xml):
                before = outputs.get(name, frozenset())
                outputs[name] = None if found is None or before is None else before | found
    return outputs


def _table_outputs(xml: str) -> Iterator[tuple[str, frozenset[str] | None]]:
    try:
        root = ET.fromstring(xml)  # noqa: S314 - the tenant's own definitions
    except ET.ParseError:
        return
    for table in root.iter(f"{_DMN}decisionTable"):
        rows = [
            [entry.findtext(f"{_DMN}text", "").strip() for entry in row.iter(f"{_DMN}outputEntry")]
            for row in table.iter(f"{_DMN}rule")
        ]
        for column, output in enumerate(table.iter(f"{_DMN}output")):
            cells = [row[column] for row in rows if column < len(row) and row[column]]
            texts = [_FEEL_TEXT.fullmatch(cell) for cell in cells]
            found = frozenset(text[1] for text in texts if text)
            yield output.get("name", ""), found if all(texts) else None


def _values_of(
    member: re.Match[str], tables: Mapping[str, frozenset[str] | None]
) -> Iterable[str] | None:
    """Return the values that one `"key": …` of a template may have, or None where it is open."""
    if member["text"] is not None:
        return (member["text"],)
    name = _LAST_NAME.search(member["shown"] or "")
    return tables.get(name[1]) if name else None


def _no_flow(placement: Placement, flow: Flow, flows: Mapping[str, FlowOutput]) -> Problem:
    what = f"CDP has no flow '{flow.friendly_id}'"
    return Problem(placement.file, flow.line, 1, what, nearest(flow.friendly_id, list(flows)))


def _missing_keys(placement: Placement, flow: Flow, output: FlowOutput) -> Iterator[Problem]:
    if output.keys is None:
        return
    for line, pick in _picks(placement, flow):
        root = pick.root
        if root is not None and root not in output.keys:
            what = f"the flow '{output.friendly_id}' never puts out '{root}'"
            yield Problem(placement.file, line, 1, what, nearest(root, list(output.keys)))


def _unknown_segments(placement: Placement, flow: Flow, output: FlowOutput) -> Iterator[Problem]:
    emitted = _emitted(flow, output)
    if emitted is None:
        return
    for rule in placement.rules:
        for segment in sorted(rule.segments - emitted):
            what = f"the flow '{output.friendly_id}' never names the segment '{segment}'"
            yield Problem(placement.file, rule.line, 1, what, nearest(segment, list(emitted)))


def _unhandled_segments(placement: Placement, flow: Flow, output: FlowOutput) -> Iterator[Problem]:
    handled = frozenset().union(*(rule.segments for rule in placement.rules))
    if any(not rule.segments for rule in placement.rules):
        return
    for segment in sorted((_emitted(flow, output) or frozenset()) - handled):
        what = f"the flow '{output.friendly_id}' also names '{segment}', which no rule handles"
        yield Problem(placement.file, flow.line, 1, what, "those shoppers see the default")


def _emitted(flow: Flow, output: FlowOutput) -> frozenset[str] | None:
    """Return all segments the flow can name, or None where that is open."""
    if flow.segment is None or flow.segment.root != flow.segment.path:
        return None
    emitted = output.values.get(flow.segment.path)
    return emitted - {""} if emitted is not None else None


def _picks(placement: Placement, flow: Flow) -> Iterator[tuple[int, Pick]]:
    """Give every path into the flow's output, with the line that it belongs to."""
    if flow.segment is not None:
        yield flow.line, flow.segment
    for rule in placement.rules:
        yield from ((rule.line, pick) for pick in _picks_of(rule))


def _picks_of(rule: Rule) -> Iterator[Pick]:
    yield from rule.picks
    match rule.then:
        case Pick():
            yield rule.then
        case ListTemplate():
            yield from rule.then.picks
        case Split():
            yield from (pick for one in rule.then.variants.values() for pick in one.picks)
