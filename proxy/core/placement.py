"""A placement and its rules, compiled: found by what they are for, without asking the others."""

import heapq
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import chain
from typing import Self, TypeAlias

from proxy.core import tags
from proxy.core.compose import ListTemplate
from proxy.core.conditions import Circumstances, Condition, Key, Subject, schedules_in
from proxy.core.curated import Curated
from proxy.core.experiment import Experiment
from proxy.core.freshness import Times
from proxy.core.given import Given
from proxy.core.query import Pick
from proxy.core.schedule import NEVER, Schedule
from proxy.core.scope import Sharing
from proxy.model import Facts, Json


@dataclass(frozen=True, slots=True)
class Flow:
    """The CDP flow that decides for a placement.

    `timeout_s` is None where config.yaml says it. `params` go to the flow as they are; `asked`
    names more of them, each with the folded name of the query parameter that it comes from.
    """

    friendly_id: str
    segment: Pick | None
    timeout_s: float | None
    params: Mapping[str, Json]
    asked: Mapping[str, str]
    forwards_token: bool
    line: int


@dataclass(frozen=True, slots=True)
class Split:
    """An experiment, and what each of its variants lists."""

    experiment: Experiment
    variants: Mapping[str, ListTemplate]

    @property
    def picks(self) -> tuple[Pick, ...]:
        """Return every path into the decision that a variant follows."""
        return tuple(pick for variant in self.variants.values() for pick in variant.picks)


Outcome: TypeAlias = ListTemplate | Pick | Split
"""What a rule leads to: a list, the page inside the decision, or one list per variant."""


@dataclass(frozen=True, slots=True)
class Needs:
    """What a rule asks about a shopper that the token does not tell."""

    profile: bool = False
    groups: bool = False
    cart: bool = False

    @property
    def any(self) -> bool:
        """Say whether there is anything that OrderCloud has to be asked for."""
        return self.profile or self.groups or self.cart

    def unmet(self, facts: Facts) -> str | None:
        """Return what is not known, so that nothing can be said: neither that it is so nor not."""
        if self.profile and facts.profile is None:
            return "the shopper's buyer and locale are not known"
        if self.groups and facts.groups is None:
            return "the shopper's groups are not known"
        if self.cart and facts.cart is None:
            return "the shopper's cart is not known"
        return None


NOTHING = Needs()
"""What most rules need; one for all of them."""


@dataclass(frozen=True, slots=True)
class Rule:
    """When this holds → this list, or the page that the decision itself holds.

    `segments` and `picks` are all that the condition names and looks at in the flow's output.
    """

    name: str
    when: Condition
    schedule: Schedule | None
    then: Outcome
    segments: frozenset[str]
    picks: tuple[Pick, ...]
    needs: Needs
    line: int

    def why_not(self, now: Circumstances) -> str | None:
        """Return why the rule does not apply, or None."""
        off = self.schedule.why_not(now.facts.at) if self.schedule else None
        return off or self.needs.unmet(now.facts) or self.when.why_not(now)


def picks_of(rule: Rule) -> Iterator[Pick]:
    """Give every path into the decision that *rule* follows: to apply, and to list."""
    yield from rule.picks
    yield from (rule.then,) if isinstance(rule.then, Pick) else rule.then.picks


@dataclass(frozen=True, slots=True)
class Example:
    """What the file itself promises: given this, that rule (and query) is what comes out."""

    line: int
    given: Given
    rule: str
    query: str | None


@dataclass(frozen=True)
class Placement:
    """A named slot on the storefront, and what fills it.

    `query_names` are the query parameters that rules and flow look at, folded. `route` is the path
    of the OrderCloud call that shows this placement instead, if one does. `parents` leads from a
    segment to the one whose rules serve it where it has none of its own.
    """

    name: str
    description: str
    resource: str
    flow: Flow | None
    rules: tuple[Rule, ...]
    default: ListTemplate
    allow: Mapping[str, str]
    sharing: Sharing
    page_times: Times
    decision_times: Times
    parents: Mapping[str, str]
    curated: Curated | None
    route: str | None
    query_names: frozenset[str]
    examples: tuple[Example, ...]
    file: str

    @cached_property
    def tag(self) -> int:
        """Return the hash of the tag that all that is shown here has."""
        return tags.hash_of(tags.tag("placement", self.name))

    def prepared(self) -> Self:
        """Return this, with all worked out that the first request would else wait for."""
        _ = self.needs, self._index, self.named_groups
        return self

    @cached_property
    def needs(self) -> Needs:
        """Return what any of the rules needs."""
        return Needs(
            profile=any(rule.needs.profile for rule in self.rules),
            groups=any(rule.needs.groups for rule in self.rules),
            cart=any(rule.needs.cart for rule in self.rules),
        )

    @cached_property
    def _schedules(self) -> tuple[Schedule, ...]:
        own = (rule.schedule for rule in self.rules if rule.schedule is not None)
        return (*own, *chain.from_iterable(schedules_in(rule.when) for rule in self.rules))

    def steady_until(self, at: datetime) -> datetime:
        """Return a moment up to which *at* and later moments make no difference to any rule."""
        return min((schedule.steady_until(at) for schedule in self._schedules), default=NEVER)

    @property
    def named(self) -> Mapping[str, AbstractSet[str]]:
        """Return what rules go by, as `when` calls it, with the values that any of them names."""
        named = {"segment": set(self.parents).union(*(one.segments for one in self.rules))}
        for key in (key for rule in self.rules for key in rule.when.keys):
            named.setdefault(key.subject.name, set()).update(key.values)
        return named

    @cached_property
    def named_groups(self) -> frozenset[str]:
        """Return the user groups that any of the rules names."""
        return frozenset(self.named.get("group", ()))

    @cached_property
    def _index(self) -> Mapping[Subject | None, Mapping[str, list[int]]]:
        """Return positions of rules by subject and wanted value; the rest stand under None.

        A rule stands under the key that it shares with the fewest others.
        """
        all_keys = (key for rule in self.rules for key in rule.when.keys)
        shared = Counter((key.subject, value) for key in all_keys for value in key.values)
        index: dict[Subject | None, dict[str, list[int]]] = {None: {"": []}}
        for position, rule in enumerate(self.rules):
            key = min(rule.when.keys, default=None, key=lambda key: _crowd(key, shared))
            by_value = index.setdefault(key.subject if key else None, {})
            for value in key.values if key else ("",):
                by_value.setdefault(value, []).append(position)
        return index

    def candidates(self, now: Circumstances) -> Iterator[Rule]:
        """Give the rules that may apply, first to last, without looking at the others."""
        lists = [
            by_value[value]
            for subject, by_value in self._index.items()
            for value in (subject.read(now) if subject else ("",))
            if value in by_value
        ]
        last = -1
        for position in heapq.merge(*lists):
            if position != last:
                yield self.rules[position]
            last = position


def generations(segments: Iterable[str], parents: Mapping[str, str]) -> Iterator[frozenset[str]]:
    """Give the parents of *segments*, then the parents of those, and so on; none twice."""
    before: frozenset[str] = frozenset()
    elders = frozenset(segments)
    while elders := frozenset(parents[one] for one in elders if one in parents) - before:
        before |= elders
        yield elders


def _crowd(key: Key, shared: Mapping[tuple[Subject, str], int]) -> int:
    """Return how often *key*'s values stand in rules."""
    return sum(shared[key.subject, value] for value in key.values)
