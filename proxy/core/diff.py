"""Two sets of rules, side by side: which segments get another list."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from proxy.core.compose import ListTemplate
from proxy.core.experiment import HOLDOUT
from proxy.core.explain import NoSample, explain, requests, sample_output
from proxy.core.placement import Placement, Split
from proxy.core.query import Unusable
from proxy.model import Asked, Facts, Json


@dataclass(frozen=True, slots=True)
class Change:
    """A segment (None: no decision) whose list changes; None where there is no such placement."""

    placement: str
    segment: str | None
    before: str | None
    after: str | None

    def __str__(self) -> str:
        """Write it for people."""
        whom = "no decision" if self.segment is None else f"segment '{self.segment}'"
        return f"{self.placement}, {whom}: {self.before or 'nothing'} -> {self.after or 'nothing'}"


def compare(
    before: Mapping[str, Placement], after: Mapping[str, Placement], facts: Facts
) -> Iterator[Change]:
    """Give every change, for each segment that the rules of either side name."""
    for name in sorted(before.keys() | after.keys()):
        sides = before.get(name), after.get(name)
        named = {segment for side in sides if side for segment in _segments(side)}
        for segment in (None, *sorted(named)):
            old, new = (_lists(side, segment, facts) if side else None for side in sides)
            if old != new:
                yield Change(name, segment, old, new)


def _segments(placement: Placement) -> frozenset[str]:
    return frozenset().union(*(rule.segments for rule in placement.rules))


def _lists(placement: Placement, segment: str | None, facts: Facts) -> str:
    """Return what *placement* lists for *segment*, in OrderCloud's words."""
    output: Json = None
    try:
        output = sample_output(placement, segment) if segment is not None else None
    except NoSample as exc:
        return str(exc)
    found = explain(placement, output, facts, Asked(), base_url="")
    rule = next((rule for rule in placement.rules if rule.name == found.rule), None)
    if rule is not None and isinstance(rule.then, Split):
        return f"{_variants(rule.then, output)} ({found.rule})"
    return f"{_written(found.requests) or 'the page in the decision'} ({found.rule})"


def _variants(split: Split, output: Json) -> str:
    """Return each variant with its weight: facts about one shopper would tell of one only."""
    weights, held_out = split.experiment.weights, split.experiment.holdout_ratio
    every = [
        f"{name} ({weights[name]:g}): {_variant(variant, output)}"
        for name, variant in split.variants.items()
    ]
    return ", ".join([*every, f"{HOLDOUT}: {held_out:.3g} of all"] if held_out else every)


def _variant(variant: ListTemplate, output: Json) -> str:
    try:
        return _written(requests(variant.fill(output, Asked()), ""))
    except Unusable:
        return "nothing"


def _written(urls: Iterable[str]) -> str:
    return " then ".join(map(unquote, urls))
