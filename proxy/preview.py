"""What a placement would show: as `explain` says it, and as a test shopper sees it now."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

import msgspec
from msgspec.structs import replace

from proxy.core import listing
from proxy.core.choose import Choice, EmbeddedPage, Listed, choose
from proxy.core.curated import Curated
from proxy.core.experiment import Experiment
from proxy.core.explain import Explanation, decision_of, explain, sample_output
from proxy.core.given import Given, NoSample
from proxy.core.placement import Placement, Split
from proxy.errors import RequestError
from proxy.model import Page

_ASKED_MAX = 10_000


@dataclass(frozen=True, slots=True)
class Look:
    """What somebody sees; without a page, `why_not` says what is in the way."""

    page: Page | None
    shopper: str = ""
    why_not: str = ""


class Window(Protocol):
    """Lists as test shoppers see them."""

    async def look(self, then: Listed, given: Given) -> Look:
        """Return what such a shopper is shown, or why nobody can look."""


@dataclass(frozen=True, slots=True)
class Preview:
    """An explanation, and what is seen; *variants* are all of the experiment, if it is one."""

    explanation: Explanation
    look: Look
    variants: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return it for machines: the explanation, and beside it all else that there is."""
        look = self.look
        return {
            **self.explanation.as_json(),
            "variants": self.variants,
            "page": msgspec.Raw(look.page.body) if look.page else None,
            "shopper": look.shopper or None,
            "why_not": look.why_not or None,
        }


async def preview(
    placement: Placement,
    given: Given,
    window: Window,
    *,
    base_url: str,
    variant: str | None = None,
) -> Preview:
    """Show what *placement* lists for shoppers who are as *given*; OrderCloud is at *base_url*.

    Of an experiment it is that *variant*, or any.

    Raises:
        RequestError: where the segments would stand in the flow's output cannot be told.
    """
    try:
        output = sample_output(placement, given)
    except NoSample as exc:
        raise RequestError(f"{exc}; give the output instead") from exc
    facts = given.facts(datetime.now(UTC))
    decision = decision_of(output)
    experiment = _experiment(placement, choose(placement, decision, given.asked, facts))
    if experiment is not None and variant in experiment.variants:
        facts = replace(facts, who=_somebody(experiment, variant))
    explanation = explain(placement, output, facts, given.asked, base_url=base_url)
    then = choose(placement, decision, given.asked, facts).then
    variants = experiment.variants if experiment else ()
    return Preview(explanation, await _look(then, given, window), variants)


def _experiment(placement: Placement, choice: Choice) -> Experiment | None:
    """Return the experiment of the rule that was chosen."""
    rule = next((one for one in placement.rules if one.name == choice.rule), None)
    return rule.then.experiment if rule and isinstance(rule.then, Split) else None


def _somebody(experiment: Experiment, variant: str) -> str:
    """Return a shopper who gets that variant; anybody, if it is as good as nobody's."""
    people = (str(number) for number in range(_ASKED_MAX))
    return next((who for who in people if experiment.assign(who) == variant), "")


async def _look(then: Listed, given: Given, window: Window) -> Look:
    if not isinstance(then, EmbeddedPage | Curated):
        return await window.look(then, given)
    try:
        page = listing.embedded(then.found, page=None, page_size=None)
    except listing.NotAList as exc:
        return Look(None, why_not=f"the decision holds no list: {exc}")
    return Look(page)
