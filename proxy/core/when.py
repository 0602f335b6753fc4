"""`when:` and `schedule:`, from YAML to conditions."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Protocol, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from proxy.core.conditions import (
    All,
    AnyOf,
    Circumstances,
    Compared,
    Condition,
    During,
    Either,
    Has,
    Like,
    NoneOf,
    Not,
    Present,
    Subject,
    texts_of,
)
from proxy.core.forms import CONDITIONS, FormError, read_pick
from proxy.core.grammar import Comparison
from proxy.core.nodes import ScheduleNode, WhenNode
from proxy.core.placement import NOTHING, Needs
from proxy.core.query import Pick, as_text
from proxy.core.schedule import Schedule, read_day, read_hours, read_moment
from proxy.document import Path, nearest

T = TypeVar("T")


class Presence(Protocol):
    """Makes the condition that something is there, or is not."""

    def __call__(self, *, wanted: bool) -> Condition:
        """Return the condition."""


def _of_profile(attribute: str) -> Callable[[Circumstances], tuple[str, ...]]:
    def read(now: Circumstances) -> tuple[str, ...]:
        value = getattr(now.facts.profile, attribute, None)
        return (value,) if value else ()

    return read


def _anonymity(now: Circumstances) -> tuple[str, ...]:
    is_anonymous = now.facts.is_anonymous
    return () if is_anonymous is None else (as_text(is_anonymous),)


SEGMENT = Subject("segment", ("segment", ""), lambda now: now.segments)
ANONYMOUS = Subject("anonymous", ("anonymous", ""), _anonymity)
BUYER = Subject("buyer", ("buyer", ""), _of_profile("buyer_id"))
GROUP = Subject("group", ("group", ""), lambda now: tuple(sorted(now.facts.groups or ())))
LANGUAGE = Subject("language", ("language", ""), _of_profile("language"))
CURRENCY = Subject("currency", ("currency", ""), _of_profile("currency"))


def read_when(node: WhenNode, zone: ZoneInfo, at: Path) -> Condition:
    """Make the condition of a `when:`, whose times are those of *zone* unless they say.

    Raises:
        FormError: at the first thing that cannot be.
    """
    parts = tuple(_parts(node, zone, at))
    if not parts:
        raise FormError(at, "this holds for everybody", "say for whom, or make it the default")
    return parts[0] if len(parts) == 1 else All(parts)


def read_schedule(node: ScheduleNode, zone: ZoneInfo, at: Path) -> Schedule:
    """Make a schedule, in its own time zone or in *zone*.

    Raises:
        FormError: at the first thing that cannot be.
    """
    if not node.model_fields_set - {"timezone"}:
        raise FormError(at, "this names no time", "write from, until, days or hours")
    if node.timezone is not None:
        zone = read_zone(node.timezone, (*at, "timezone"))
    start = node.from_ and _read(
        partial(read_moment, zone=zone), node.from_, (*at, "from"), "2026-11-27 09:00"
    )
    until = node.until and _read(
        partial(read_moment, zone=zone, is_end=True), node.until, (*at, "until"), "2026-11-30"
    )
    if start and until and start >= until:
        raise FormError((*at, "until"), "this ends before it starts", "swap the two")
    days = (_read(read_day, day, (*at, "days", i), "[mon, fri]") for i, day in enumerate(node.days))
    hours = node.hours and _read(read_hours, node.hours, (*at, "hours"), "09:00-17:30")
    return Schedule(start or None, until or None, frozenset(days), hours or None, zone)


def read_zone(name: str, at: Path) -> ZoneInfo:
    """Read a time zone's name.

    Raises:
        FormError: there is none of that name.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as exc:
        what = f"'{name}' is not a time zone"
        raise FormError(at, what, "write e.g. Europe/London or America/New_York") from exc


def _parts(node: WhenNode, zone: ZoneInfo, at: Path) -> Iterator[Condition]:
    yield from _names(node)
    for path in node.has:
        yield Has(read_pick(path, (*at, "has")))
    for path, form in node.output.items():
        pick = read_pick(path, (*at, "output", path))
        yield from _form(_output_subject(pick), form, (*at, "output", path), partial(Has, pick))
    for name, form in node.request.items():
        subject = _request_subject(name)
        yield from _form(subject, form, (*at, "request", name), partial(Present, subject))
    if node.time is not None:
        yield During(read_schedule(node.time, zone, (*at, "time")))
    yield from _combinations(node, zone, at)


def _names(node: WhenNode) -> Iterator[Condition]:
    for subject, wanted in (
        (SEGMENT, node.segment),
        (BUYER, node.buyer),
        (GROUP, node.group),
        (LANGUAGE, node.language),
        (CURRENCY, node.currency),
        (ANONYMOUS, None if node.anonymous is None else [as_text(node.anonymous)]),
    ):
        if wanted:
            yield AnyOf(subject, frozenset(wanted))


def _combinations(node: WhenNode, zone: ZoneInfo, at: Path) -> Iterator[Condition]:
    for i, inner in enumerate(node.all):
        yield read_when(inner, zone, (*at, "all", i))
    if node.any:
        inners = (read_when(inner, zone, (*at, "any", i)) for i, inner in enumerate(node.any))
        yield Either(tuple(inners))
    if node.not_ is not None:
        said = ", ".join(sorted(name.rstrip("_") for name in node.not_.model_fields_set))
        yield Not(read_when(node.not_, zone, (*at, "not")), said)


def _output_subject(pick: Pick) -> Subject:
    return Subject(
        f"'{pick.path}'", ("output", pick.path), lambda now: texts_of(pick.find(now.output))
    )


def _request_subject(name: str) -> Subject:
    def read(now: Circumstances) -> tuple[str, ...]:
        value = now.request.get(name.casefold())
        return (value,) if value else ()

    return Subject(f"request parameter '{name}'", ("request", name), read)


def _form(subject: Subject, form: Any, at: Path, presence: Presence) -> Iterator[Condition]:
    """Give the conditions of one value form; the forms are those of `query:`."""
    if not isinstance(form, dict):
        yield AnyOf(subject, _values(form, at))
        return
    if not form:
        raise FormError(at, "there is no condition", "write e.g. {gt: 5} or {missing: true}")
    for condition, operand in form.items():
        where = (*at, condition)
        if condition == "missing":
            if not isinstance(operand, bool):
                raise FormError(where, f"{operand!r} is not true or false", "write {missing: true}")
            yield presence(wanted=not operand)
        else:
            yield _condition(subject, condition, operand, where)


def _condition(subject: Subject, condition: str, operand: Any, at: Path) -> Condition:
    match condition:
        case "not":
            return NoneOf(subject, _values(operand, at))
        case "gt" | "gte" | "lt" | "lte":
            return Compared(subject, Comparison(condition), _value(operand, at))
        case "between":
            if not isinstance(operand, list) or len(operand) != 2:  # noqa: PLR2004 - from and to
                raise FormError(at, "between takes two values", "write {between: [10, 20]}")
            lower, upper = (_value(bound, (*at, i)) for i, bound in enumerate(operand))
            return All(
                (
                    Compared(subject, Comparison.GTE, lower),
                    Compared(subject, Comparison.LTE, upper),
                )
            )
        case "like":
            return Like(subject, _value(operand, at))
        case _:
            known = [name for name in CONDITIONS if name != "from"]
            raise FormError(at, f"'{condition}' is not a condition", nearest(condition, known))


def _values(form: Any, at: Path) -> frozenset[str]:
    values = form if isinstance(form, list) else [form]
    if not values:
        raise FormError(at, "this list is empty", "name at least one value")
    return frozenset(_value(value, at) for value in values)


def _value(value: Any, at: Path) -> str:
    if isinstance(value, str | int | float) and value != "":
        return as_text(value)
    raise FormError(at, "this is not a value", "write text, a number, true or false")


def _read(reader: Callable[[str], T], text: str, at: Path, example: str) -> T:
    try:
        return reader(text)
    except ValueError as exc:
        raise FormError(at, f"'{text}' cannot be read", f"write e.g. {example}") from exc


def needs_of(node: WhenNode, *, cart: bool) -> Needs:
    """Return what a rule with this `when:` asks that the token does not tell; *cart* is known."""
    parts = tuple(walk(node))
    needs = Needs(
        profile=any(one.buyer or one.language or one.currency for one in parts),
        groups=any(one.group for one in parts),
        cart=cart,
    )
    return NOTHING if needs == NOTHING else needs


def walk(node: WhenNode) -> Iterator[WhenNode]:
    """Give a `when:` and everything inside it."""
    yield node
    for inner in (*node.all, *node.any, *((node.not_,) if node.not_ else ())):
        yield from walk(inner)
