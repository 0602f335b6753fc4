"""`examples:` of a rules file, run: what marketers promise themselves, kept true by a command."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import unquote

from proxy.core.explain import explain, sample_output
from proxy.core.given import NoSample
from proxy.core.placement import Example, Placement


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
