"""What a placement would show: as `explain` says it, and as a test shopper sees it now."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

import msgspec

from proxy.core import listing
from proxy.core.choose import EmbeddedPage, Listed, choose
from proxy.core.curated import Curated
from proxy.core.explain import Explanation, decision_of, explain, sample_output
from proxy.core.given import Given, NoSample
from proxy.core.placement import Placement
from proxy.errors import RequestError
from proxy.model import Page


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
    """An explanation, and what is seen."""

    explanation: Explanation
    look: Look

    def as_json(self) -> dict[str, Any]:
        """Return it for machines: the explanation, and beside it `page`, `shopper`, `why_not`."""
        look = self.look
        return {
            **self.explanation.as_json(),
            "page": msgspec.Raw(look.page.body) if look.page else None,
            "shopper": look.shopper or None,
            "why_not": look.why_not or None,
        }


async def preview(placement: Placement, given: Given, window: Window, *, base_url: str) -> Preview:
    """Show what *placement* lists for shoppers who are as *given*; OrderCloud is at *base_url*.

    Raises:
        RequestError: where the segments would stand in the flow's output cannot be told.
    """
    try:
        output = sample_output(placement, given)
    except NoSample as exc:
        raise RequestError(f"{exc}; give the output instead") from exc
    facts = given.facts(datetime.now(UTC))
    explanation = explain(placement, output, facts, given.asked, base_url=base_url)
    then = choose(placement, decision_of(output), given.asked, facts).then
    return Preview(explanation, await _look(then, given, window))


async def _look(then: Listed, given: Given, window: Window) -> Look:
    if not isinstance(then, EmbeddedPage | Curated):
        return await window.look(then, given)
    try:
        page = listing.embedded(then.found, page=None, page_size=None)
    except listing.NotAList as exc:
        return Look(None, why_not=f"the decision holds no list: {exc}")
    return Look(page)
