"""A placement and its rules, compiled: found by segment without looking at the other rules."""

import heapq
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from proxy.core.query import Pick, QueryTemplate
from proxy.model import Json


@dataclass(frozen=True, slots=True)
class Flow:
    """The CDP flow that decides for a placement; times in seconds, None where config.yaml says.

    `fresh_s` is how long a decision is served without asking again: 0 asks each time. `params` go
    to the flow as they are; `asked` names more of them, each by the query parameter it comes from.
    """

    friendly_id: str
    segment: Pick | None
    fresh_s: float | None
    timeout_s: float | None
    params: Mapping[str, Json]
    asked: Mapping[str, str]
    forwards_token: bool
    line: int

    @property
    def asked_names(self) -> Mapping[str, str]:
        """Return the query parameters that the flow is told, by their folded names."""
        return {source.casefold(): source for source in self.asked.values()}


@dataclass(frozen=True, slots=True)
class Condition:
    """When a rule applies: for one of `segments` (any, if empty), and with all of `has` there."""

    segments: frozenset[str]
    has: tuple[Pick, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """When the decision looks like this → this query, or the page the decision itself holds."""

    name: str
    when: Condition
    then: QueryTemplate | Pick
    line: int


@dataclass(frozen=True)
class Placement:
    """A named slot on the storefront, and what fills it."""

    name: str
    description: str
    resource: str
    flow: Flow | None
    rules: tuple[Rule, ...]
    default: QueryTemplate
    allow: Mapping[str, str]
    file: str

    @cached_property
    def _by_segment(self) -> Mapping[str | None, list[int]]:
        """Return positions of rules by segment; under None those that no segment restricts."""
        positions: dict[str | None, list[int]] = {}
        for position, rule in enumerate(self.rules):
            for segment in rule.when.segments or (None,):
                positions.setdefault(segment, []).append(position)
        return positions

    def candidates(self, segments: tuple[str, ...]) -> Iterator[Rule]:
        """Give the rules that may apply, first to last, without looking at the others."""
        lists = [self._by_segment.get(key, []) for key in (None, *segments)]
        last = -1
        for position in heapq.merge(*lists):
            if position != last:
                yield self.rules[position]
            last = position
