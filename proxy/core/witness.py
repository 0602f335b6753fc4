"""For whom a rule is: made-up shoppers to whom it applies, found from its condition."""

import contextlib
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import TypeAlias

from proxy.core.choose import circumstances
from proxy.core.conditions import All, AnyOf, Compared, Condition, Either, Has, Like, Present
from proxy.core.explain import sample_decision
from proxy.core.given import Given, NoSample, with_output
from proxy.core.grammar import Comparison
from proxy.core.placement import Placement, Rule
from proxy.core.query import Pick
from proxy.model import Json

_SHOPPERS_MAX = 20
"""Shoppers made up for one rule: each of its segments, as a rule."""

Wanted: TypeAlias = Mapping[tuple[str, str], tuple[str, ...]]
"""Values by their places in `given:`."""


def witnesses(placement: Placement, rule: Rule, now: datetime) -> Iterator[Given]:
    """Give shoppers for whom *rule* is, each as little known as may be; none where none is found.

    An earlier rule may take them all the same. A rule whose time is yet to come is looked at then.
    """
    for wanted in itertools.islice(_wanted(rule.when), _SHOPPERS_MAX):
        with contextlib.suppress(NoSample):
            given = _in_time(_with_picks(rule, _given(wanted)), rule, now)
            decision = sample_decision(placement, given)
            there = circumstances(placement, decision, given.asked, given.facts(now))
            if rule.why_not(there) is None:
                yield given


def _wanted(when: Condition) -> Iterator[Wanted]:
    """Give values that make *when* hold, as far as values can; what must not be is left out."""
    match when:
        case AnyOf():
            yield from ({when.subject.place: (value,)} for value in sorted(when.values))
        case All():
            every = itertools.product(*map(_wanted, when.parts))
            yield from itertools.starmap(_together, every)
        case Either():
            for part in when.parts:
                yield from _wanted(part)
        case _:
            yield _needed(when)


def _needed(when: Condition) -> Wanted:
    match when:
        case Compared():
            return {when.subject.place: (_beyond(when.comparison, when.bound),)}
        case Like():
            return {when.subject.place: (when.pattern.replace("*", "x"),)}
        case Present(wanted=True):
            return {when.subject.place: (_word(when.subject.place[1]),)}
        case Has(wanted=True):
            return {("output", when.pick.path): (_word(when.pick.path),)}
        case _:
            return {}


def _together(*parts: Wanted) -> Wanted:
    both: dict[tuple[str, str], tuple[str, ...]] = {}
    for place, values in itertools.chain.from_iterable(part.items() for part in parts):
        both[place] = tuple(dict.fromkeys((*both.get(place, ()), *values)))
    return both


def _given(wanted: Wanted) -> Given:
    plain = {kind: values for (kind, name), values in wanted.items() if not name}
    first = {kind: values[0] for kind, values in plain.items()}
    given = Given(
        segments=plain.get("segment", ()),
        is_anonymous=first["anonymous"] == "true" if "anonymous" in first else None,
        buyer=first.get("buyer"),
        groups=frozenset(plain.get("group", ())),
        language=first.get("language"),
        currency=first.get("currency"),
        request={name: values[0] for (kind, name), values in wanted.items() if kind == "request"},
    )
    for (kind, name), values in wanted.items():
        if kind == "output":
            given = with_output(given, name, _value(values[0]))
    return given


def _with_picks(rule: Rule, given: Given) -> Given:
    """Return *given* with something in its output wherever the rule's list takes from it."""
    for pick in (rule.then,) if isinstance(rule.then, Pick) else rule.then.picks:
        if not pick.finds(given.output):
            given = with_output(given, pick.path, _word(pick.path))
    return given


def _in_time(given: Given, rule: Rule, now: datetime) -> Given:
    moment = rule.schedule.next_on(now) if rule.schedule else now
    return given if moment == now else replace(given, at=moment)


def _beyond(comparison: Comparison, bound: str) -> str:
    """Return a value that compares so with *bound*."""
    number = _value(bound)
    match comparison:
        case Comparison.GT if isinstance(number, int | float):
            return str(number + 1)
        case Comparison.LT if isinstance(number, int | float):
            return str(number - 1)
        case Comparison.GT:
            return f"{bound}x"
        case Comparison.LT:
            return bound[:-1]
        case _:
            return bound


def _value(text: str) -> Json:
    """Return a number where *text* is one, written just so: that is how a flow puts it out."""
    for kind in (int, float):
        with contextlib.suppress(ValueError):
            if str(kind(text)) == text:
                return kind(text)
    return text


def _word(path: str) -> str:
    """Return the last word of a path, as something that may stand there."""
    words = "".join(letter if letter.isalnum() else " " for letter in path).split()
    return words[-1] if words else "x"
