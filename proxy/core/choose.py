"""Which rule applies to a decision, a shopper and a moment; so what to list, and why."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TypeAlias

from proxy.core.compose import ListTemplate
from proxy.core.conditions import Circumstances, texts_of
from proxy.core.experiment import HOLDOUT
from proxy.core.placement import Placement, Rule, Split
from proxy.core.query import Pick, Unusable
from proxy.model import AS_MEANT, Asked, Composition, Decision, Facts, Json, ListQuery, Reason

DEFAULT = "default"


class NotThisRule(Exception):
    """The rule does not apply; the message says why."""


@dataclass(frozen=True, slots=True)
class EmbeddedPage:
    """A list that the decision model itself fetched from OrderCloud, not yet checked."""

    found: Json


Listed: TypeAlias = ListQuery | Composition | EmbeddedPage


@dataclass(frozen=True, slots=True)
class Choice:
    """What to list, by which rule (or `default`) and variant, for which segment, and why."""

    rule: str
    segment: str | None
    reason: Reason
    then: Listed
    variant: str | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One rule that was looked at: *why_not* it does not apply, or None where it does."""

    rule: Rule
    why_not: str | None


def choose(placement: Placement, decision: Decision, asked: Asked, facts: Facts) -> Choice:
    """Return what the first rule that applies lists, else what the default does."""
    now = circumstances(placement, decision, asked, facts)
    for rule in placement.candidates(now):
        try:
            choice = _attempt(placement, rule, now, asked)
        except NotThisRule:
            continue
        # What befell CDP is said also where an older decision, or none, was enough for a rule.
        return choice if decision.reason in AS_MEANT else replace(choice, reason=decision.reason)
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
        try:
            _attempt(placement, rule, now, asked)
        except NotThisRule as exc:
            yield Step(rule, str(exc))
        else:
            yield Step(rule, None)
            return


def circumstances(
    placement: Placement, decision: Decision, asked: Asked, facts: Facts
) -> Circumstances:
    """Return what the placement's conditions look at."""
    segment = placement.flow.segment if placement.flow else None
    segments = texts_of(segment.find(decision.output)) if segment else ()
    return Circumstances(segments, decision.output, facts, asked.query)


def _attempt(placement: Placement, rule: Rule, now: Circumstances, asked: Asked) -> Choice:
    """Return what *rule* lists; raises NotThisRule where it does not apply."""
    why_not = rule.why_not(now)
    if why_not is not None:
        raise NotThisRule(why_not)
    segment = next((s for s in now.segments if s in rule.segments), _first(now.segments))
    then, variant = rule.then, None
    if isinstance(then, Split):
        variant = then.experiment.assign(now.facts.who)
        if variant == HOLDOUT:
            held = default_choice(placement, asked, reason=Reason.HOLDOUT, segment=segment)
            return replace(held, rule=rule.name, variant=HOLDOUT)
        then = then.variants[variant]
    return Choice(rule.name, segment, Reason.MATCHED, _listed(then, now, asked), variant)


def _listed(then: ListTemplate | Pick, now: Circumstances, asked: Asked) -> Listed:
    if isinstance(then, Pick):
        if not then.finds(now.output):
            raise NotThisRule(f"'{then.path}' holds no list")
        if asked.params:
            raise NotThisRule("the list in a decision cannot be sorted or filtered")
        return EmbeddedPage(then.find(now.output))
    try:
        return then.fill(now.output, asked)
    except Unusable as exc:
        raise NotThisRule(str(exc)) from exc


def _first(segments: tuple[str, ...]) -> str | None:
    return segments[0] if segments else None
