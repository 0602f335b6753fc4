"""(Placement, Decision, Asked) → what to list, and why: the rule that applies, or the default."""

from collections.abc import Iterator
from dataclasses import dataclass

from proxy.core.placement import Placement, Rule
from proxy.core.query import Pick, Unusable, as_text
from proxy.model import Asked, Decision, Json, ListQuery, Reason

DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class EmbeddedPage:
    """A list that the decision model itself fetched from OrderCloud, not yet checked."""

    found: Json


@dataclass(frozen=True, slots=True)
class Choice:
    """What to list, by which rule (or `default`), for which segment, and why."""

    rule: str
    segment: str | None
    reason: Reason
    then: ListQuery | EmbeddedPage


@dataclass(frozen=True, slots=True)
class Step:
    """One rule that was looked at: *why_not* it does not apply, or None where it does."""

    rule: Rule
    why_not: str | None


def choose(placement: Placement, decision: Decision, asked: Asked) -> Choice:
    """Return the first rule's query that the decision fits, else the default's."""
    segments = segments_of(placement, decision.output)
    for rule in placement.candidates(segments):
        then = _attempt(rule, segments, decision.output, asked)
        if not isinstance(then, str):
            segment = next((s for s in segments if s in rule.when.segments), None)
            return Choice(rule.name, segment or _first(segments), Reason.MATCHED, then)
    reason = Reason.NO_RULE if decision.reason is Reason.MATCHED else decision.reason
    return default_choice(placement, asked, reason=reason, segment=_first(segments))


def default_choice(
    placement: Placement, asked: Asked, *, reason: Reason, segment: str | None
) -> Choice:
    """Return the placement's default query, and why it is shown."""
    return Choice(DEFAULT, segment, reason, placement.default.fill(None, asked))


def trace(placement: Placement, decision: Decision, asked: Asked) -> Iterator[Step]:
    """Give each rule from the first to the one that applies, with why the others do not."""
    segments = segments_of(placement, decision.output)
    for rule in placement.rules:
        then = _attempt(rule, segments, decision.output, asked)
        yield Step(rule, then if isinstance(then, str) else None)
        if not isinstance(then, str):
            return


def segments_of(placement: Placement, output: Json) -> tuple[str, ...]:
    """Return the segments that the decision names: one, several, or none."""
    if placement.flow is None or placement.flow.segment is None or output is None:
        return ()
    found = placement.flow.segment.find(output)
    values = found if isinstance(found, list) else [found]
    return tuple(as_text(v) for v in values if isinstance(v, str | int | float) and v != "")


def _attempt(
    rule: Rule, segments: tuple[str, ...], output: Json, asked: Asked
) -> ListQuery | EmbeddedPage | str:
    """Return what *rule* lists, or why it does not apply."""
    wanted = rule.when.segments
    if wanted and not wanted.intersection(segments):
        is_now = " and ".join(map(repr, segments)) or "not given"
        return f"segment is {is_now}; wanted: {', '.join(map(repr, sorted(wanted)))}"
    for pick in rule.when.has:
        if _is_nothing(pick.find(output)):
            return f"'{pick.path}' is missing from the decision"
    if isinstance(rule.then, Pick):
        found = rule.then.find(output)
        return f"'{rule.then.path}' holds no list" if _is_nothing(found) else EmbeddedPage(found)
    try:
        return rule.then.fill(output, asked)
    except Unusable as exc:
        return str(exc)


def _is_nothing(found: Json) -> bool:
    return found is None or found in ("", [], {})


def _first(segments: tuple[str, ...]) -> str | None:
    return segments[0] if segments else None
