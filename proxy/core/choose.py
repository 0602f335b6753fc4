"""Which rule applies to a decision, a shopper and a moment; so what to list, and why.

`ladder` gives also what may be shown where that cannot be had.
"""

import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

import msgspec
from msgspec.structs import replace

from proxy.core.compose import ListTemplate
from proxy.core.conditions import Circumstances, texts_of
from proxy.core.curated import Curated
from proxy.core.experiment import HOLDOUT
from proxy.core.given import CART
from proxy.core.placement import Placement, Rule, Split, generations
from proxy.core.query import Pick, Unusable
from proxy.model import AS_MEANT, Asked, Composition, Decision, Facts, Json, ListQuery, Reason

DEFAULT = "default"
CURATED = "curated"


class NotThisRule(Exception):
    """The rule does not apply; the message says why."""


@dataclass(frozen=True, slots=True)
class EmbeddedPage:
    """A list that the decision model itself fetched from OrderCloud, not yet checked."""

    found: Json


Listed: TypeAlias = ListQuery | Composition | EmbeddedPage | Curated


class Choice(msgspec.Struct, frozen=True):
    """What to list, by which rule and variant, for which segment, and why.

    The rule may also be `default` or `curated`; one of a parent's is so for its own segment's lack.
    """

    rule: str
    segment: str | None
    reason: Reason
    then: Listed
    variant: str | None = None
    is_parents: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """One rule that was looked at: *why_not* it does not apply, or None where it does."""

    rule: Rule
    why_not: str | None


def choose(placement: Placement, decision: Decision, asked: Asked, facts: Facts) -> Choice:
    """Return what the first rule that applies lists, else what the default does."""
    now = circumstances(placement, decision, asked, facts)
    return next(ladder(placement, decision, asked, now))


def ladder(
    placement: Placement, decision: Decision, asked: Asked, now: Circumstances
) -> Iterator[Choice]:
    """Give what may be shown, best first; the next is for where the one before cannot be had.

    The first rule that applies, one for a parent of the segment, the default, the curated list.
    """
    # What befell CDP is said also where an older decision, or none, was enough for a rule.
    fault = None if decision.reason in AS_MEANT else decision.reason
    for choice in _ruled(placement, now, asked):
        yield replace(choice, reason=fault) if fault else choice
    segment = _first(now.segments)
    reason = Reason.NO_RULE if decision.reason is Reason.MATCHED else decision.reason
    yield default_choice(placement, asked, reason=reason, segment=segment)
    if placement.curated is not None:
        yield Choice(CURATED, segment, reason, placement.curated)


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
    of_parents = next(_ruled(placement, now, asked), None)
    yield from (Step(r, None) for r in placement.rules if of_parents and r.name == of_parents.rule)


def circumstances(
    placement: Placement, decision: Decision, asked: Asked, facts: Facts
) -> Circumstances:
    """Return what the placement's conditions look at."""
    segment = placement.flow.segment if placement.flow else None
    segments = texts_of(segment.find(decision.output)) if segment else ()
    return Circumstances(segments, _with_cart(decision.output, facts), facts, asked.query)


def _with_cart(output: Json, facts: Facts) -> Json:
    """Return the flow's *output*, the shopper's live cart in it where it was asked for."""
    if facts.cart is None:
        return output
    return {**(output if isinstance(output, dict) else {}), CART: facts.cart}


def _ruled(placement: Placement, now: Circumstances, asked: Asked) -> Iterator[Choice]:
    """Give what the first rule that applies lists, then one rule for each generation of parents.

    A rule that excepts the shopper's own segment is none for its parents either.
    """
    segment, given = _first(now.segments), set[str]()
    own = _first_to_apply(placement, placement.candidates(now), now, asked)
    if own is not None:
        given.add(own.rule)
        yield own
    for elders in generations(now.segments, placement.parents):
        now = replace(now, segments=(*now.segments, *sorted(elders)))
        rules = (
            rule
            for rule in placement.candidates(now)
            if rule.name not in given and not rule.segments.isdisjoint(elders)
        )
        choice = _first_to_apply(placement, rules, now, asked)
        if choice is not None:
            given.add(choice.rule)
            yield _inherited(choice, segment)


def _first_to_apply(
    placement: Placement, rules: Iterable[Rule], now: Circumstances, asked: Asked
) -> Choice | None:
    for rule in rules:
        with contextlib.suppress(NotThisRule):
            return _attempt(placement, rule, now, asked)
    return None


def _inherited(choice: Choice, segment: str | None) -> Choice:
    """Return a parent's *choice* as that of *segment*."""
    reason = Reason.PARENT_SEGMENT if choice.reason is Reason.MATCHED else choice.reason
    return replace(choice, segment=segment, reason=reason, is_parents=True)


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
