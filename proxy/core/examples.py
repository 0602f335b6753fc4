"""`examples:` of a rules file, run: what marketers promise themselves, kept true by a command."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import unquote

from proxy.core.explain import NoSample, explain, sample_output
from proxy.core.placement import Example, Placement
from proxy.model import Asked, Facts


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
    output = example.output
    try:
        if output is None and example.segment is not None:
            output = sample_output(placement, example.segment)
    except NoSample as exc:
        return f"{exc}; give the output instead"
    facts = Facts(example.at or now, example.is_anonymous, example.profile, example.groups)
    found = explain(placement, output, facts, Asked(query=example.request), base_url="")
    if found.rule != example.rule:
        return f"expected rule '{example.rule}', got '{found.rule}'"
    asked = " and ".join(unquote(request.partition("?")[2]) for request in found.requests)
    if example.query is not None and (example.query != asked or not found.requests):
        got = asked or ("no parameters" if found.requests else "the page in the decision")
        return f"expected {example.query or 'no parameters'}, got {got}"
    return None
