"""`decision-proxy diff --live`: what a change of rules would do to what shoppers see now."""

import difflib
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from proxy import shelf
from proxy.config import Config
from proxy.core import listing
from proxy.core.choose import Listed
from proxy.core.diff import Change, compare, touched_ratio
from proxy.core.given import Given
from proxy.core.traffic import NoTraffic, Traffic, read
from proxy.errors import DocumentError, OrderCloudRefused, Problem, ProxyError
from proxy.model import Shopper
from proxy.remote import fetch_traffic
from proxy.ruleset import RuleSet
from proxy.shelf import NobodyNamed, Shelf

_SHOWN_MAX = 3


@dataclass(frozen=True, slots=True)
class Impact:
    """How the first page of a list changes for a test shopper: IDs that go, come, and move.

    `variant` is empty but for a list of an experiment.
    """

    placement: str
    whom: str
    shopper: str
    variant: str
    gone: tuple[str, ...]
    new: tuple[str, ...]
    moved: tuple[str, ...]
    is_newly_empty: bool

    def __str__(self) -> str:
        """Write it for people."""
        kinds = (("gone", self.gone), ("new", self.new), ("moved", self.moved))
        parts = [f"{len(ids)} {what} ({_listed(ids)})" for what, ids in kinds if ids]
        if self.is_newly_empty:
            parts.append("nothing is left")
        variant = f", variant {self.variant}" if self.variant else ""
        return f"{self.shopper}{variant}: {', '.join(parts) or 'the same items'}"


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
                {**change.as_json(), "impacts": [_as_json(one) for one in impacts]}
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
        impacts = [[one async for one in _impacts(change, opened)] for change in changes]
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


async def _impacts(change: Change, opened: Shelf) -> AsyncIterator[Impact]:
    """Give how each list of *change* changes; none where nobody can look at it."""
    found = await _looking(change, opened) if change.is_of_lists else None
    if found is None:
        return
    given, shopper = found
    before, after = (side.listed if side else {} for side in (change.before, change.after))
    for variant in after or before:
        old = await _ids(before.get(variant, before.get("")), opened, shopper)
        new = await _ids(after.get(variant), opened, shopper)
        yield Impact(
            placement=change.placement,
            whom=str(given),
            shopper=shelf.named(shopper),
            variant=variant,
            is_newly_empty=not new and (bool(old) or change.before is None),
            **_moves(old, new),
        )


async def _looking(change: Change, opened: Shelf) -> tuple[Given, Shopper] | None:
    """Return the first of the shoppers touched for whom there is a test shopper."""
    for given in change.givens:
        try:
            return given, await opened.shopper(shelf.wanted_of(given))
        except NobodyNamed:
            continue
    return None


async def _ids(then: Listed | None, opened: Shelf, shopper: Shopper) -> tuple[str, ...]:
    """Return the IDs on the first page; none where OrderCloud refuses it, or nothing is listed."""
    if then is None:
        return ()
    try:
        page = await opened.fetch_shown(then, shopper)
    except OrderCloudRefused:
        return ()
    items = listing.parse(page.body).items if page else ()
    return tuple(map(listing.id_of, items))


def _moves(old: Sequence[str], new: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return which IDs go, come, and stand elsewhere among those that stay."""
    before, after = [one for one in old if one in new], [one for one in new if one in old]
    blocks = difflib.SequenceMatcher(a=before, b=after, autojunk=False).get_matching_blocks()
    kept = {one for block in blocks for one in after[block.b : block.b + block.size]}
    return {
        "gone": tuple(one for one in old if one not in new),
        "new": tuple(one for one in new if one not in old),
        "moved": tuple(one for one in after if one not in kept),
    }


def _as_json(impact: Impact) -> dict[str, Any]:
    return {
        "given": impact.whom,
        "shopper": impact.shopper,
        "variant": impact.variant or None,
        "gone": impact.gone,
        "new": impact.new,
        "moved": impact.moved,
        "newly_empty": impact.is_newly_empty,
    }


def _listed(ids: Sequence[str]) -> str:
    return ", ".join([*ids[:_SHOWN_MAX], "…"] if len(ids) > _SHOWN_MAX else ids)


def _span(traffic: Traffic) -> str:
    return f" since {traffic.since:%Y-%m-%d %H:%M} UTC"
