"""Two sets of rules, side by side: which segments get another list."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from proxy.core.explain import NoSample, explain, sample_output
from proxy.core.placement import Placement
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
    listed = " then ".join(unquote(request) for request in found.requests)
    return f"{listed or 'the page in the decision'} ({found.rule})"
