"""What a CDP tenant's definitions say of its flows, and which rules do not fit them.

Templates and decision tables are read as text: what they surely put out is known, and what a
script computes stays open and is never complained about.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from xml.etree import ElementTree as ET

import msgspec

from proxy.core.given import CART
from proxy.core.lint import Findings
from proxy.core.placement import Flow, Placement, Rule, picks_of
from proxy.core.query import Pick
from proxy.core.when import SEGMENT
from proxy.document import nearest
from proxy.errors import Problem

_LIVE = frozenset({"LIVE", "PRODUCTION"})
_TRIGGERED = "TRIGGERED"
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
    type: str = ""
    status: str = ""
    archived: bool = False
    variants: list["FlowVariant"] = []

    @property
    def model_refs(self) -> frozenset[str]:
        """Return the references of the decision models that any variant runs."""
        inputs = (one for variant in self.variants for one in variant.inputs)
        return frozenset(ref for one in inputs for ref in one.decision_model_refs)


class FlowVariant(msgspec.Struct):
    """A variant of a flow."""

    tasks: list["FlowTask"] = []

    @property
    def inputs(self) -> tuple["TaskInput", ...]:
        """Return what its steps work on."""
        return tuple(task.input for task in self.tasks if task.input is not None)


class FlowTask(msgspec.Struct):
    """A step of a variant: a template, decision models and more."""

    input: "TaskInput | None" = None


class TaskInput(msgspec.Struct, rename="camel"):
    """What a step works on."""

    template: str | None = None
    decision_model_refs: list[str] = []


@dataclass(frozen=True, slots=True)
class FlowOutput:
    """What a flow may put out: its keys, and the values of those keys that are fully known.

    `why_idle` says why it does not run now, and is None where it does; `keys` is None where the
    template does not tell.
    """

    friendly_id: str
    why_idle: str | None
    keys: frozenset[str] | None
    values: Mapping[str, frozenset[str]]


def read_flow(flow: FlowDefinition, models: Mapping[str, Iterable[str]]) -> FlowOutput:
    """Read what *flow* may put out; *models* has the DMN XML of each decision model's variants."""
    keys: set[str] = set()
    values: dict[str, set[str]] = {}
    unknown: set[str] = set()
    is_open = False
    for variant in flow.variants:
        tables = _tables_of(variant, models)
        for template in (one.template for one in variant.inputs if one.template):
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
        flow.friendly_id, _why_idle(flow), None if is_open else frozenset(keys), known
    )


def _why_idle(flow: FlowDefinition) -> str | None:
    if flow.type.startswith(_TRIGGERED):
        return "is started by events, never by a placement"
    if flow.archived:
        return "is archived in CDP"
    return None if flow.status in _LIVE else f"is not live in CDP, but {flow.status}"


def compare(placements: Iterable[Placement], flows: Mapping[str, FlowOutput]) -> Findings:
    """Return what in *placements* names a flow, key or segment that the tenant does not have."""
    problems: list[Problem] = []
    notes: list[Problem] = []
    for placement in placements:
        if placement.flow is None or _is_some_flow(placement.flow, flows):
            continue
        flow = flows.get(placement.flow.friendly_id)
        if flow is None:
            problems.append(_no_flow(placement, placement.flow, flows))
            continue
        if flow.why_idle is not None:
            what = f"the flow '{flow.friendly_id}' {flow.why_idle}"
            mend = "all shoppers see the default"
            notes.append(Problem(placement.file, placement.flow.line, 1, what, mend))
        problems += _missing_keys(placement, placement.flow, flow)
        problems += _unknown_segments(placement, placement.flow, flow)
        notes += _unhandled_segments(placement, placement.flow, flow)
    return Findings(tuple(problems), tuple(notes))


def _tables_of(
    variant: FlowVariant, models: Mapping[str, Iterable[str]]
) -> Mapping[str, frozenset[str] | None]:
    """Return the values of each decision-table output that *variant* can reach, by its name."""
    outputs: dict[str, frozenset[str] | None] = {}
    for ref in (ref for one in variant.inputs for ref in one.decision_model_refs):
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


def _is_some_flow(wanted: Flow, flows: Iterable[str]) -> bool:
    """Say whether *wanted* is any flow of a prefix, `home_*`, of which there is one at least."""
    prefix = wanted.friendly_id.removesuffix("*")
    is_any = prefix != wanted.friendly_id
    return is_any and any(friendly_id.startswith(prefix) for friendly_id in flows)


def _no_flow(placement: Placement, flow: Flow, flows: Mapping[str, FlowOutput]) -> Problem:
    what = f"CDP has no flow '{flow.friendly_id}'"
    return Problem(placement.file, flow.line, 1, what, nearest(flow.friendly_id, list(flows)))


def _missing_keys(placement: Placement, flow: Flow, output: FlowOutput) -> Iterator[Problem]:
    if output.keys is None:
        return
    for line, pick in _picks(placement, flow):
        root = pick.root
        if root is not None and root not in output.keys and not _is_cart(root, placement):
            what = f"the flow '{output.friendly_id}' never puts out '{root}'"
            yield Problem(placement.file, line, 1, what, nearest(root, list(output.keys)))


def _is_cart(root: str, placement: Placement) -> bool:
    return root == CART and placement.needs.cart


def _unknown_segments(placement: Placement, flow: Flow, output: FlowOutput) -> Iterator[Problem]:
    emitted = _emitted(flow, output)
    if emitted is None:
        return
    for rule in placement.rules:
        for segment in sorted(rule.segments - emitted):
            what = f"the flow '{output.friendly_id}' never names the segment '{segment}'"
            yield Problem(placement.file, rule.line, 1, what, nearest(segment, list(emitted)))


def _unhandled_segments(placement: Placement, flow: Flow, output: FlowOutput) -> Iterator[Problem]:
    wanted = [_wanted_segments(rule) for rule in placement.rules]
    if None in wanted:
        return
    handled = frozenset().union(*(segments or () for segments in wanted))
    for segment in sorted((_emitted(flow, output) or frozenset()) - handled):
        what = f"the flow '{output.friendly_id}' also names '{segment}', which no rule handles"
        yield Problem(placement.file, flow.line, 1, what, "those shoppers see the default")


def _wanted_segments(rule: Rule) -> frozenset[str] | None:
    """Return the segments that *rule* is for, or None where it takes others too."""
    return next((key.values for key in rule.when.keys if key.subject == SEGMENT), None)


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
        yield from ((rule.line, pick) for pick in picks_of(rule))
