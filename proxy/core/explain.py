"""Why a placement shows what it shows: each rule that was looked at, the query, and its URL."""

from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import unquote

from proxy.core.choose import EmbeddedPage, Listed, choose, trace
from proxy.core.curated import Curated
from proxy.core.given import Given, NoSample, merged, output_at
from proxy.core.placement import Placement
from proxy.core.query import targets
from proxy.model import Asked, Composition, Decision, Facts, Freshness, Json, ListQuery, Reason


@dataclass(frozen=True, slots=True)
class Considered:
    """A rule that was looked at; *why_not* is None where it applies."""

    rule: str
    place: str
    why_not: str | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """The whole way from a decision to OrderCloud."""

    placement: str
    rule: str
    reason: Reason
    segment: str | None
    considered: tuple[Considered, ...]
    requests: tuple[str, ...]
    is_ordered: bool
    variant: str | None

    def as_json(self) -> dict[str, Any]:
        """Return it for machines."""
        return asdict(self)

    def as_text(self) -> str:
        """Return it for people."""
        variant = f", variant {self.variant}" if self.variant else ""
        lines = [f"placement {self.placement}: rule '{self.rule}' ({self.reason}{variant})"]
        lines += [f"  {one.place}  {one.rule}: {_verdict(one)}" for one in self.considered]
        lines += [f"GET {url}" for url in self.requests] or ["the list stands in the decision"]
        lines += [f"    {plain}" for url in self.requests if (plain := unquote(url)) != url]
        if self.is_ordered:
            lines.append("then the gateway lists the items in the order of the IDs")
        return "\n".join(lines)


def explain(
    placement: Placement, output: Json, facts: Facts, asked: Asked, *, base_url: str
) -> Explanation:
    """Explain what *placement* lists for a flow's *output*; None stands for no decision at all."""
    decision = decision_of(output)
    choice = choose(placement, decision, asked, facts)
    steps = trace(placement, decision, asked, facts)
    return Explanation(
        placement=placement.name,
        rule=choice.rule,
        reason=choice.reason,
        segment=choice.segment,
        considered=tuple(
            Considered(step.rule.name, f"{placement.file}:{step.rule.line}", step.why_not)
            for step in steps
        ),
        requests=requests(choice.then, base_url),
        is_ordered=isinstance(choice.then, ListQuery) and bool(choice.then.order),
        variant=choice.variant,
    )


def sample_output(placement: Placement, given: Given) -> Json:
    """Return the output that is supposed of the placement's flow; None where there is no decision.

    Raises:
        NoSample: where the segments would stand in it cannot be told.
    """
    if not given.segments:
        return given.output
    segments: Json = given.segments[0] if len(given.segments) == 1 else [*given.segments]
    pick = placement.flow.segment if placement.flow else None
    try:
        if pick is not None:
            return merged(given.output, output_at(pick.path, segments))
    except NoSample:
        pass
    raise NoSample(f"'{placement.name}' does not read a segment from a plain path")


def sample_decision(placement: Placement, given: Given) -> Decision:
    """Return the decision that is supposed.

    Raises:
        NoSample: where the segments would stand in it cannot be told.
    """
    return decision_of(sample_output(placement, given))


def requests(then: Listed, base_url: str) -> tuple[str, ...]:
    """Return the URL of each OrderCloud request that listing *then* may take."""
    match then:
        case ListQuery():
            return tuple(f"{base_url}{target}" for target in targets(then))
        case Composition():
            every = (*then.parts, *then.fills)
            return tuple(url for query in every for url in requests(query, base_url))
        case EmbeddedPage() | Curated():
            return ()


def decision_of(output: Json) -> Decision:
    """Return the decision with a flow's *output*; None stands for no decision at all."""
    if output is None:
        return Decision(None, Reason.NO_DECISION, Freshness.FALLBACK)
    return Decision(output, Reason.MATCHED, Freshness.FRESH)


def _verdict(one: Considered) -> str:
    return "applies" if one.why_not is None else f"no, {one.why_not}"
