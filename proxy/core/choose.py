"""Which rule applies to a decision, a shopper and a moment; so what to list, and why."""

from collections.abc import Iterator
from dataclasses import dataclass

from proxy.core.conditions import Circumstances, texts_of
from proxy.core.placement import Placement, Rule
from proxy.core.query import Pick, Unusable
from proxy.model import Asked, Decision, Facts, Json, ListQuery, Reason

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


def choose(placement: Placement, decision: Decision, asked: Asked, facts: Facts) -> Choice:
    """Return what the first rule that applies lists, else what the default does."""
    now = circumstances(placement, decision, asked, facts)
    for rule in placement.candidates(now):
        then = _attempt(rule, now, asked)
        if not isinstance(then, str):
            segment = next((s for s in now.segments if s in rule.segments), None)
            return Choice(rule.name, segment or _first(now.segments), Reason.MATCHED, then)
    reason = Reason.NO_RULE if decision.reason is Reason.MATCHED else decision.reason
    return default_choice(placement, asked, reason=reason, segment=_first(now.segments))


def default_choice(
    placement: Placement, asked: Asked, *, reason: Reason, segment: str | None
) -> Choice:
    """Return the placement's default query, and why it is shown."""
    return Choice(DEFAULT, segment, reason, placement.default.fill(None, asked))


def trace(placement: Placement, decision: Decision, asked: Asked, facts: Facts) -> Iterator[Step]:
    """Give each rule from the first to the one that applies, with why the others do not."""
    now = circumstances(placement, decision, asked, facts)
    for rule in placement.rules:
        then = _attempt(rule, now, asked)
        yield Step(rule, then if isinstance(then, str) else None)
        if not isinstance(then, str):
            return


def circumstances(
    placement: Placement, decision: Decision, asked: Asked, facts: Facts
) -> Circumstances:
    """Return what the placement's conditions look at."""
    segment = placement.flow.segment if placement.flow else None
    segments = texts_of(segment.find(decision.output)) if segment else ()
    return Circumstances(segments, decision.output, facts, asked.rule_params)


def _attempt(rule: Rule, now: Circumstances, asked: Asked) -> ListQuery | EmbeddedPage | str:
    """Return what *rule* lists, or why it does not apply."""
    why_not = rule.why_not(now)
    if why_not is not None:
        return why_not
    if isinstance(rule.then, Pick):
        if rule.then.finds(now.output):
            return EmbeddedPage(rule.then.find(now.output))
        return f"'{rule.then.path}' holds no list"
    try:
        return rule.then.fill(now.output, asked)
    except Unusable as exc:
        return str(exc)


def _first(segments: tuple[str, ...]) -> str | None:
    return segments[0] if segments else None
