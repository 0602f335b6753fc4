"""Two sets of rules, side by side: who gets another list, and how much of the traffic that is."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from urllib.parse import unquote

from proxy.core.choose import Listed, choose
from proxy.core.compose import ListTemplate
from proxy.core.experiment import HOLDOUT
from proxy.core.explain import requests, sample_decision
from proxy.core.given import Given, NoSample
from proxy.core.placement import Placement, Split
from proxy.core.query import Pick, Unusable
from proxy.core.traffic import Kind, Traffic
from proxy.core.witness import witnesses
from proxy.model import Asked, Decision

_SHOWN_MAX = 3


@dataclass(frozen=True, slots=True)
class Shown:
    """What a placement shows: by which rule, and its list, or one for each variant.

    Lists that take from a decision are left out, as it is made up; `said` is all of it in
    OrderCloud's words.
    """

    rule: str
    listed: Mapping[str, Listed] = field(hash=False, compare=False)
    said: str

    def __str__(self) -> str:
        """Write it for people."""
        return f"{self.said} ({self.rule})" if self.rule else self.said


@dataclass(frozen=True, slots=True)
class Change:
    """Shoppers who are shown something else; None where there is no such placement.

    `answers` are those of the recent traffic that went to them; None where none is known.
    """

    placement: str
    givens: tuple[Given, ...]
    before: Shown | None
    after: Shown | None
    answers: int | None = None

    @property
    def is_of_lists(self) -> bool:
        """Say whether another list is shown, and not the same by a rule of another name."""
        before, after = self.before, self.after
        return before is None or after is None or before.said != after.said

    @property
    def whom(self) -> str:
        """Name the shoppers, the first few of many."""
        named = [str(given) for given in self.givens[:_SHOWN_MAX]]
        more = len(self.givens) - len(named)
        return "; ".join([*named, f"{more} more"] if more else named)

    def as_json(self) -> dict[str, Any]:
        """Return it for machines."""
        return {
            "placement": self.placement,
            "given": [given.as_json() for given in self.givens],
            "before": str(self.before) if self.before else None,
            "after": str(self.after) if self.after else None,
            "answers": self.answers,
        }

    def __str__(self) -> str:
        """Write it for people."""
        before, after = (self.before or "nothing", self.after or "nothing")
        return f"{self.placement}, {self.whom}: {before} -> {after}"


def compare(
    before: Mapping[str, Placement],
    after: Mapping[str, Placement],
    now: datetime,
    traffic: Traffic | None = None,
) -> list[Change]:
    """Return every change, for shoppers whom rules of either side are for, or who came of late."""
    changes: list[Change] = []
    for name in sorted(before.keys() | after.keys()):
        old, new = (_Side(one[name], now) if name in one else None for one in (before, after))
        changes += _changes(name, old, new, traffic)
    return changes


def touched_ratio(changes: Iterable[Change], traffic: Traffic) -> float:
    """Return the share of the recent answers that would be other lists: 0 to 1."""
    touched = sum(change.answers or 0 for change in changes if change.is_of_lists)
    return touched / traffic.answers if traffic.answers else 0.0


class _Side:
    """One of the two: what its placement shows to whom."""

    def __init__(self, placement: Placement, now: datetime) -> None:
        self._placement = placement
        self._now = now
        self._rules = {rule.name: rule for rule in placement.rules}

    def shoppers(self) -> Iterator[Given]:
        """Give shoppers whom the rules are for, or those of their segment's parents."""
        for rule in self._placement.rules:
            yield from witnesses(self._placement, rule, self._now)
        for segment in self._placement.parents:
            yield Given(segments=(segment,))

    def supposed(self, kind: Kind) -> Given:
        """Return shoppers of *kind*, with such a decision as led them to their rule."""
        rule = self._rules.get(kind.rule)
        there = next(witnesses(self._placement, rule, self._now), Given()) if rule else Given()
        return replace(kind.given, output=there.output, request=there.request)

    def shown(self, given: Given) -> Shown:
        """Return what is shown to *given*."""
        try:
            decision = sample_decision(self._placement, given)
        except NoSample as exc:
            return Shown("", {}, str(exc))
        choice = choose(self._placement, decision, given.asked, given.facts(self._now))
        rule = self._rules.get(choice.rule)
        if rule is not None and isinstance(rule.then, Split):
            return _split(choice.rule, rule.then, decision)
        is_open = rule is not None and (isinstance(rule.then, Pick) or rule.then.picks)
        return Shown(choice.rule, {} if is_open else {"": choice.then}, _said(choice.then))


def _changes(
    name: str, before: _Side | None, after: _Side | None, traffic: Traffic | None
) -> Iterator[Change]:
    """Give the changes of one placement; all who get the same instead of the same are one."""
    touched: dict[tuple[Shown | None, Shown | None], list[tuple[Given, int]]] = {}
    for given, answers in _shoppers(name, before, after, traffic):
        old = before.shown(given) if before else None
        new = after.shown(given) if after else None
        if old != new:
            touched.setdefault((old, new), []).append((given, answers))
    for (old, new), found in touched.items():
        named = [given for given, answers in found if not answers]
        distinct = {str(given): given for given in named or [given for given, _ in found]}
        count = sum(answers for _, answers in found) if traffic else None
        yield Change(name, tuple(distinct.values()), old, new, count)


def _shoppers(
    name: str, before: _Side | None, after: _Side | None, traffic: Traffic | None
) -> Iterator[tuple[Given, int]]:
    """Give who is to be looked at: made-up shoppers, and those who came, with their answers."""
    yield Given(), 0
    for side in (before, after):
        yield from ((given, 0) for given in (side.shoppers() if side else ()))
    if traffic is not None and before is not None:
        of_it = (one for one in traffic.counted if one.kind.placement == name)
        yield from ((before.supposed(one.kind), one.answers) for one in of_it)


def _split(rule: str, split: Split, decision: Decision) -> Shown:
    """Return each variant with its weight: facts about one shopper would tell of one only."""
    weights, held_out = split.experiment.weights, split.experiment.holdout_ratio
    every = {name: _filled(one, decision) for name, one in split.variants.items()}
    said = [f"{name} ({weights[name]:g}): {_said(then)}" for name, then in every.items()]
    if held_out:
        said.append(f"{HOLDOUT}: {held_out:.3g} of all")
    fixed = {name: then for name, then in every.items() if then and not split.variants[name].picks}
    return Shown(rule, fixed, ", ".join(said))


def _filled(variant: ListTemplate, decision: Decision) -> Listed | None:
    try:
        return variant.fill(decision.output, Asked())
    except Unusable:
        return None


def _said(then: Listed | None) -> str:
    if then is None:
        return "nothing"
    return " then ".join(map(unquote, requests(then, ""))) or "the page in the decision"
