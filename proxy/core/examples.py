"""`examples:` of a rules file, read and run: what marketers promise, kept true by a command."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import unquote
from zoneinfo import ZoneInfo

from proxy import document
from proxy.core.explain import explain, sample_output
from proxy.core.given import Given, NoSample
from proxy.core.nodes import GivenNode
from proxy.core.placement import Example, Placement
from proxy.core.schedule import read_moment
from proxy.errors import DocumentError


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one example came out: *wrong* is None where it is as expected."""

    place: str
    placement: str
    wrong: str | None


def run(placement: Placement, *, now: datetime) -> Iterator[Outcome]:
    """Run the placement's examples; *now* is the moment of those that name none."""
    for example in placement.examples:
        place = f"{placement.file}:{example.line}"
        yield Outcome(place, placement.name, _wrong(placement, example, now))


def given_of(node: GivenNode, at: datetime | None) -> Given:
    """Return what `given:` says, *at* the moment that it names."""
    return Given(
        segments=(node.segment,) if node.segment is not None else (),
        output=node.output,
        at=at,
        is_anonymous=node.anonymous,
        buyer=node.buyer,
        groups=frozenset(node.group),
        language=node.language,
        currency=node.currency,
        request=node.request,
    )


def read_given(text: str, name: str) -> Given:
    """Read `given:` as it would stand in a rules file, from a text of its own called *name*.

    Raises:
        DocumentError: with every mistake found.
    """
    source = document.parse(text, name)
    node = document.validate(source, GivenNode)
    try:
        return given_of(node, read_moment(node.at, ZoneInfo("UTC")) if node.at else None)
    except ValueError as exc:
        mend = "write e.g. 2026-11-28 12:00"
        problem = source.problem(("at",), f"'{node.at}' is not a time", mend)
        raise DocumentError((problem,)) from exc


def _wrong(placement: Placement, example: Example, now: datetime) -> str | None:
    given = example.given
    try:
        output = sample_output(placement, given)
    except NoSample as exc:
        return f"{exc}; give the output instead"
    found = explain(placement, output, given.facts(now), given.asked, base_url="")
    if found.rule != example.rule:
        return f"expected rule '{example.rule}', got '{found.rule}'"
    asked = " and ".join(unquote(request.partition("?")[2]) for request in found.requests)
    if example.query is not None and (example.query != asked or not found.requests):
        got = asked or ("no parameters" if found.requests else "the page in the decision")
        return f"expected {example.query or 'no parameters'}, got {got}"
    return None
