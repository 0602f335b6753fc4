"""`when:`: what has to hold for a rule to apply, and in plain words why it does not.

A condition is asked for `why_not`: None where it holds. Its `keys` let a placement find the few
rules that can hold at all without asking the others.
"""

import glob
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Protocol

import msgspec

from proxy.core.grammar import Comparison
from proxy.core.query import Pick, as_text
from proxy.core.schedule import Schedule
from proxy.model import Facts, Json

_NUMBER = re.compile(r"-?\d+(\.\d+)?(e[+-]?\d+)?", re.ASCII)


class Circumstances(msgspec.Struct, frozen=True):
    """All that a condition may look at: the decision, the shopper, the request.

    `request` holds parameters by their folded names.
    """

    segments: tuple[str, ...]
    output: Json
    facts: Facts
    request: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Subject:
    """Something that can be tested: its name for people, and how to read its values.

    `place` is where it stands in `given:` of an example: one key, and a path or name below it.
    """

    name: str
    place: tuple[str, str]
    read: Callable[[Circumstances], tuple[str, ...]] = field(compare=False)


@dataclass(frozen=True, slots=True)
class Key:
    """One of *values* is among the subject's, or the condition cannot hold."""

    subject: Subject
    values: frozenset[str]


class Condition(Protocol):
    """Anything that holds or not."""

    def why_not(self, now: Circumstances) -> str | None:
        """Return why it does not hold, or None."""

    @property
    def keys(self) -> tuple[Key, ...]:
        """Return what all must be so for it to hold, as far as that can be looked up."""


@dataclass(frozen=True, slots=True)
class AnyOf:
    """One of the subject's values is one of *values*."""

    subject: Subject
    values: frozenset[str]

    def why_not(self, now: Circumstances) -> str | None:
        """Return what the values are instead."""
        found = self.subject.read(now)
        if not self.values.isdisjoint(found):
            return None
        return f"{self.subject.name} is {_listed(found)}; wanted: {_listed(sorted(self.values))}"

    @property
    def keys(self) -> tuple[Key, ...]:
        """Return the wanted values."""
        return (Key(self.subject, self.values),)


@dataclass(frozen=True, slots=True)
class NoneOf:
    """None of the subject's values is one of *values*."""

    subject: Subject
    values: frozenset[str]
    keys: tuple[()] = ()

    def why_not(self, now: Circumstances) -> str | None:
        """Return which of them it is."""
        found = self.values.intersection(self.subject.read(now))
        return f"{self.subject.name} is {_listed(sorted(found))}" if found else None


@dataclass(frozen=True, slots=True)
class Compared:
    """The subject has a value that compares so with *bound*: a number with numbers, text with text.

    So dates compare as they are written, and a word is never more than ten.
    """

    subject: Subject
    comparison: Comparison
    bound: str
    keys: tuple[()] = ()

    def why_not(self, now: Circumstances) -> str | None:
        """Return what the value is."""
        found = self.subject.read(now)
        if any(self._holds(value) for value in found):
            return None
        wanted = f"{self.comparison.sign} {self.bound}"
        return f"{self.subject.name} is {_listed(found)}; wanted: {wanted}"

    def _holds(self, value: str) -> bool:
        if _is_number(value) != _is_number(self.bound):
            return False
        order = _order(value, self.bound)
        match self.comparison:
            case Comparison.GT:
                return order > 0
            case Comparison.GTE:
                return order >= 0
            case Comparison.LT:
                return order < 0
            case Comparison.LTE:
                return order <= 0


@dataclass(frozen=True, slots=True)
class Like:
    """The subject has a value of the form *pattern*, whose `*` stand for any text."""

    subject: Subject
    pattern: str
    keys: tuple[()] = ()

    def why_not(self, now: Circumstances) -> str | None:
        """Return what the value is."""
        # A browser may send the value: fnmatch never backtracks over what a `*` has taken.
        form = "*".join(map(glob.escape, self.pattern.split("*")))
        found = self.subject.read(now)
        if any(fnmatchcase(value, form) for value in found):
            return None
        return f"{self.subject.name} is {_listed(found)}; wanted: like '{self.pattern}'"


@dataclass(frozen=True, slots=True)
class Present:
    """The subject has a value; or has none, where it is not *wanted*."""

    subject: Subject
    wanted: bool
    keys: tuple[()] = ()

    def why_not(self, now: Circumstances) -> str | None:
        """Say that it is missing, or given."""
        if bool(self.subject.read(now)) is self.wanted:
            return None
        return f"{self.subject.name} is {'missing' if self.wanted else 'given'}"


@dataclass(frozen=True, slots=True)
class Has:
    """The path finds something in the decision: a value, a list, an object; or nothing."""

    pick: Pick
    wanted: bool = True
    keys: tuple[()] = ()

    def why_not(self, now: Circumstances) -> str | None:
        """Say that it is missing, or there."""
        if self.pick.finds(now.output) is self.wanted:
            return None
        where = "is missing from" if self.wanted else "stands in"
        return f"'{self.pick.path}' {where} the decision"


@dataclass(frozen=True, slots=True)
class During:
    """The schedule is on."""

    schedule: Schedule
    keys: tuple[()] = ()

    def why_not(self, now: Circumstances) -> str | None:
        """Return when it is on."""
        return self.schedule.why_not(now.facts.at)


@dataclass(frozen=True, slots=True)
class All:
    """Every part holds."""

    parts: tuple[Condition, ...]

    def why_not(self, now: Circumstances) -> str | None:
        """Return why the first part does not hold that does not."""
        reasons = (part.why_not(now) for part in self.parts)
        return next((reason for reason in reasons if reason is not None), None)

    @property
    def keys(self) -> tuple[Key, ...]:
        """Return the keys of every part: all of them are necessary."""
        return tuple(key for part in self.parts for key in part.keys)


@dataclass(frozen=True, slots=True)
class Either:
    """At least one part holds."""

    parts: tuple[Condition, ...]

    def why_not(self, now: Circumstances) -> str | None:
        """Return why none holds."""
        reasons = [part.why_not(now) for part in self.parts]
        told = [reason for reason in reasons if reason is not None]
        return " and ".join(told) if len(told) == len(reasons) else None

    @property
    def keys(self) -> tuple[Key, ...]:
        """Return, for each subject that every part has a key for, the values of all of them."""
        first, *others = ({key.subject for key in part.keys} for part in self.parts)
        shared = first.intersection(*others)
        return tuple(Key(subject, self._values(subject)) for subject in shared)

    def _values(self, subject: Subject) -> frozenset[str]:
        keys = (key for part in self.parts for key in part.keys if key.subject == subject)
        return frozenset().union(*(key.values for key in keys))


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold."""

    part: Condition
    said: str
    keys: tuple[()] = ()

    def why_not(self, now: Circumstances) -> str | None:
        """Say what holds."""
        return f"{self.said} holds" if self.part.why_not(now) is None else None


def schedules_in(condition: Condition) -> Iterator[Schedule]:
    """Give every schedule that *condition* looks at."""
    match condition:
        case During(schedule):
            yield schedule
        case All(parts) | Either(parts):
            for part in parts:
                yield from schedules_in(part)
        case Not(part):
            yield from schedules_in(part)
        case _:
            pass


def texts_of(found: Json) -> tuple[str, ...]:
    """Return the scalar, or the scalars of the list, that a path found."""
    values = found if isinstance(found, list) else [found]
    return tuple(as_text(v) for v in values if isinstance(v, str | int | float) and v != "")


def _is_number(text: str) -> bool:
    return _NUMBER.fullmatch(text) is not None


def _order(left: str, right: str) -> int:
    """Return whether *left* comes before (-1), with (0) or after (1) *right*."""
    if _is_number(left):
        return (float(left) > float(right)) - (float(left) < float(right))
    return (left > right) - (left < right)


def _listed(values: tuple[str, ...] | list[str]) -> str:
    return ", ".join(map(repr, values)) or "not given"
