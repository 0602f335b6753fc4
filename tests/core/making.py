"""Placements, decisions and choices for the tests of the core, each in one line."""

import textwrap
from datetime import UTC, datetime

import pytest

from proxy.core.choose import Choice, Listed, choose, trace
from proxy.core.placement import Placement
from proxy.core.query import targets
from proxy.core.rules import load
from proxy.errors import DocumentError
from proxy.model import Asked, Decision, Facts, Freshness, Json, ListQuery, Reason

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
FILE = "rules/slot.yaml"


def placement(text: str) -> Placement:
    """Load a rules file written in a test."""
    return load(textwrap.dedent(text), FILE)


def slot(
    rules: str = "[]",
    *,
    default: str = "{query: {}}",
    resource: str = "me/products",
    segment: str = "persona",
    more: str = "",
) -> Placement:
    """Load a placement of which only some parts matter; each is written as YAML flow style."""
    return load(
        f"placement: slot\nresource: {resource}\ndecision: {{flow: f, segment: '{segment}'}}\n"
        f"rules: {rules}\ndefault: {default}\n{more}",
        FILE,
    )


def mistakes(text: str) -> list[str]:
    """Return every mistake of a rules file, without the file's name."""
    with pytest.raises(DocumentError) as caught:
        load(textwrap.dedent(text), FILE)
    return [str(problem).removeprefix(f"{FILE}:") for problem in caught.value.problems]


def decided(output: Json) -> Decision:
    """Return the fresh decision of a flow that put out *output*."""
    return Decision(output, Reason.MATCHED, Freshness.FRESH)


def chosen(
    where: Placement, output: Json, asked: Asked | None = None, at: datetime = NOON
) -> Choice:
    """Return what *where* shows for a flow's output."""
    return choose(where, decided(output), asked or Asked(), Facts(at=at))


def reasons(where: Placement, output: Json, at: datetime = NOON) -> list[str | None]:
    """Return why each rule that was looked at does not apply, and None for the one that does."""
    return [step.why_not for step in trace(where, decided(output), Asked(), Facts(at=at))]


def listed(then: Listed) -> tuple[str, ...]:
    """Return the OrderCloud requests of a choice."""
    assert isinstance(then, ListQuery)
    return targets(then)


def asking(**params: str) -> Asked:
    """Return a request with allowed parameters."""
    return Asked(params={name: (text,) for name, text in params.items()})
