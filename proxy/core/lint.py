"""What a file may say but cannot mean, and what is worth knowing of it.

Rules that never apply; parents without a rule; schedules that are over or still to come.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import chain

from proxy.core.conditions import All, AnyOf, Condition, Either, Subject
from proxy.core.given import CART
from proxy.core.placement import Placement, Rule, generations, picks_of
from proxy.core.query import Pick
from proxy.core.schedule import Phase
from proxy.errors import Problem


@dataclass(frozen=True, slots=True)
class Findings:
    """Mistakes, and notes on what is allowed but perhaps not meant."""

    problems: tuple[Problem, ...] = ()
    notes: tuple[Problem, ...] = ()

    def __add__(self, other: "Findings") -> "Findings":
        """Return these and the *other* ones."""
        return Findings(self.problems + other.problems, self.notes + other.notes)


def examine(placement: Placement, at: datetime) -> Findings:
    """Return what can be said of *placement* by itself, at a moment."""
    mistakes = (*_mistakes(placement), *_ruleless_parents(placement))
    return Findings(mistakes, tuple(_notes(placement, at)))


def _mistakes(placement: Placement) -> Iterator[Problem]:
    """Give the rules that earlier ones always forestall. They do no harm, but cannot be meant."""
    taken: dict[tuple[Subject, str], str] = {}
    for rule in placement.rules:
        names = _forestalled_by(rule.when, taken)
        if names:
            first = " and ".join(f"'{name}'" for name in sorted(names))
            takes = "takes" if len(names) == 1 else "take"
            what = f"'{rule.name}' never applies: {first} above it {takes} all of its shoppers"
            yield Problem(placement.file, rule.line, 1, what, "move it up, or narrow the other")
        if isinstance(rule.when, AnyOf) and _always_lists(rule):
            for value in rule.when.values:
                taken.setdefault((rule.when.subject, value), rule.name)


def _ruleless_parents(placement: Placement) -> Iterator[Problem]:
    """Give the parents that no rule is for, neither for one of theirs: they serve nobody."""
    named = frozenset().union(*(rule.segments for rule in placement.rules))
    for segment, parent in placement.parents.items():
        elders = generations((parent,), placement.parents)
        if named.isdisjoint({parent, *chain.from_iterable(elders)}):
            what = f"'{parent}', the parent of '{segment}', has no rule"
            yield Problem(placement.file, 1, 1, what, "write one, or remove it from `parents`")


def _notes(placement: Placement, at: datetime) -> Iterator[Problem]:
    """Give what is worth knowing about the placement's schedules, and about carts."""
    for rule in placement.rules:
        for what, mend in (*_of_schedule(rule, at), *_of_cart(rule)):
            yield Problem(placement.file, rule.line, 1, f"'{rule.name}' {what}", mend)


def _of_schedule(rule: Rule, at: datetime) -> Iterator[tuple[str, str]]:
    phase = rule.schedule.phase(at) if rule.schedule else Phase.ON
    if rule.schedule is not None and phase in {Phase.OVER, Phase.UPCOMING}:
        mend = "remove it" if phase is Phase.OVER else "nothing to do until then"
        yield f"does not apply: {rule.schedule.why_not(at)}", mend


def _of_cart(rule: Rule) -> Iterator[tuple[str, str]]:
    """Give what is to be known of a rule that looks at a cart of the flow's."""
    if not rule.needs.cart and any(pick.looks_at(CART) for pick in picks_of(rule)):
        yield "looks for a cart in the flow's output", "for the live cart add `cart: true`"


def _forestalled_by(when: Condition, taken: Mapping[tuple[Subject, str], str]) -> frozenset[str]:
    """Return the names of the rules that take all for whom *when* can hold, if they do."""
    match when:
        case AnyOf():
            names = {taken.get((when.subject, value)) for value in when.values}
            return frozenset(name for name in names if name and None not in names)
        case All():
            parts = (_forestalled_by(part, taken) for part in when.parts)
            return next(filter(None, parts), frozenset())
        case Either():
            every = [_forestalled_by(part, taken) for part in when.parts]
            return frozenset().union(*every) if all(every) else frozenset()
        case _:
            return frozenset()


def _always_lists(rule: Rule) -> bool:
    """Say whether the rule, once its condition holds, leaves nothing to the rules below it."""
    if rule.schedule is not None or isinstance(rule.then, Pick):
        return False
    return not rule.then.picks
