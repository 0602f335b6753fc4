"""`decision-proxy diff --live`: what a change of rules would do to what shoppers see now."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from proxy import shelf
from proxy.config import Config
from proxy.core.diff import Change, compare, touched_ratio
from proxy.core.impact import Impact
from proxy.core.traffic import NoTraffic, Traffic, read
from proxy.errors import DocumentError, Problem, ProxyError
from proxy.remote import fetch_traffic
from proxy.ruleset import RuleSet


@dataclass(frozen=True, slots=True)
class Blast:
    """Changes of rules, and what is known of their reach; *limit* is a share: 0 to 1.

    `impacts` stand beside the changes, in their order; they are empty where none was looked at.
    """

    changes: Sequence[Change]
    traffic: Traffic | None = None
    impacts: Sequence[Sequence[Impact]] = ()
    notes: Sequence[str] = ()
    limit: float = 1.0

    @property
    def ratio(self) -> float | None:
        """Return the share of the recent answers that would be other lists; None: not known."""
        return touched_ratio(self.changes, self.traffic) if self.traffic else None

    @property
    def refusals(self) -> list[str]:
        """Return why this should not go live unseen."""
        empty = [one for impacts in self.impacts for one in impacts if one.is_newly_empty]
        found = [f"{one.placement}, {one.whom}: nothing is left for {one.shopper}" for one in empty]
        if self.ratio is not None and self.ratio > self.limit:
            found.append(
                f"{self.ratio:.1%} of the recent answers would change; check.blast lets pass "
                f"{self.limit:.1%}"
            )
        return found

    def as_json(self) -> dict[str, Any]:
        """Return it for machines."""
        beside = self.impacts or [()] * len(self.changes)
        return {
            "changes": [
                {**change.as_json(), "impacts": [one.as_json() for one in impacts]}
                for change, impacts in zip(self.changes, beside, strict=True)
            ],
            "answers": self.traffic.answers if self.traffic else None,
            "touched": self.ratio,
            "limit": self.limit,
            "refusals": self.refusals,
            "notes": [*self.notes],
        }

    def as_text(self) -> Iterator[str]:
        """Give it line by line for people."""
        beside = self.impacts or [()] * len(self.changes)
        for change, impacts in zip(self.changes, beside, strict=True):
            yield str(change)
            if change.answers is not None and self.traffic is not None:
                share = change.answers / (self.traffic.answers or 1)
                yield f"    {share:.1%} of the recent answers"
            yield from (f"    {one}" for one in impacts)
        yield from (f"note: {note}" for note in self.notes)
        if self.traffic is not None:
            yield f"{self.ratio:.1%} of {self.traffic.answers} answers{_span(self.traffic)} change"


async def look(
    settings: Config, before: RuleSet, after: RuleSet, *, traffic: Path | None, url: str | None
) -> Blast:
    """Compare two sets of rules by what shoppers see now, and by how many of them.

    The traffic stands in a file, or the gateway at *url* (or the configured one) tells it.

    Raises:
        DocumentError: the file does not tell of traffic.
        ProxyError: nobody can be signed in, or OrderCloud gives no usable answer.
    """
    notes: list[str] = []
    told = read_traffic(traffic) if traffic else None
    if traffic is None:
        try:
            told = await fetch_traffic(settings, url=url)
        except ProxyError as exc:  # no key, no gateway: the lists can be looked at all the same
            notes.append(f"the recent traffic is not known: {exc}")
    changes = compare(before.placements, after.placements, datetime.now(UTC), told)
    async with shelf.opened(settings) as opened:
        impacts = [await opened.impacts(change) for change in changes]
    return Blast(changes, told, impacts, notes, settings.check.blast)


def weigh(settings: Config, before: RuleSet, after: RuleSet, traffic: Path) -> Blast:
    """Compare two sets of rules by the traffic that stands in a file.

    Raises:
        DocumentError: the file does not tell of traffic.
    """
    told = read_traffic(traffic)
    changes = compare(before.placements, after.placements, datetime.now(UTC), told)
    return Blast(changes, told, limit=settings.check.blast)


def read_traffic(path: Path) -> Traffic:
    """Read what `GET /traffic` has answered, from a file.

    Raises:
        DocumentError: it is something else.
    """
    try:
        return read(path.read_bytes())
    except (OSError, NoTraffic) as exc:
        mend = "save what GET /traffic of the admin port answers"
        raise DocumentError((Problem(str(path), 0, 0, str(exc), mend),)) from exc


def _span(traffic: Traffic) -> str:
    return f" since {traffic.since:%Y-%m-%d %H:%M} UTC"
