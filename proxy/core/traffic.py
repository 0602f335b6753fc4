"""What shoppers were shown of late, counted by kinds of shoppers; and how it is told.

A kind holds what rules go by and nothing that tells one shopper from another: no ID, no value of
a flow's output but the segment, and of the groups only those that the placement's rules name.
"""

from datetime import datetime

import msgspec

from proxy.core.choose import Choice
from proxy.core.conditions import Circumstances
from proxy.core.given import Given
from proxy.core.placement import Placement
from proxy.errors import UNREADABLE
from proxy.model import Profile

_SEGMENTS_MAX = 5
_SEGMENT_MAX_CHARS = 100


class Kind(msgspec.Struct, frozen=True, omit_defaults=True):
    """Shoppers to whom one rule (or the default) of a placement applied, as far as it is told."""

    placement: str
    rule: str
    segments: tuple[str, ...] = ()
    anonymous: bool | None = None
    buyer: str | None = None
    groups: tuple[str, ...] = ()
    language: str | None = None
    currency: str | None = None

    @property
    def given(self) -> Given:
        """Return it as what an example would suppose."""
        return Given(
            segments=self.segments,
            is_anonymous=self.anonymous,
            buyer=self.buyer,
            groups=frozenset(self.groups),
            language=self.language,
            currency=self.currency,
        )


class Counted(msgspec.Struct, frozen=True):
    """How many answers shoppers of a kind got."""

    kind: Kind
    answers: int


class Traffic(msgspec.Struct, frozen=True):
    """All answers between two moments; *others* are of more kinds than are told apart."""

    since: datetime
    until: datetime
    counted: tuple[Counted, ...]
    others: int = 0

    @property
    def answers(self) -> int:
        """Return how many answers there were in all."""
        return self.others + sum(one.answers for one in self.counted)


class NoTraffic(ValueError):
    """A text does not tell of traffic."""


def kind_of(placement: Placement, choice: Choice, now: Circumstances) -> Kind:
    """Return the kind of a shopper who was shown *choice* as things are *now*."""
    facts = now.facts
    profile = facts.profile or Profile("", "")
    return Kind(
        placement.name,
        choice.rule,
        tuple([segment[:_SEGMENT_MAX_CHARS] for segment in now.segments[:_SEGMENTS_MAX]]),
        facts.is_anonymous,
        profile.buyer_id or None,
        tuple(sorted(placement.named_groups & (facts.groups or frozenset()))),
        profile.language,
        profile.currency,
    )


def read(text: bytes) -> Traffic:
    """Read what the gateway has told, or a file has kept of it.

    Raises:
        NoTraffic: it is something else.
    """
    try:
        return msgspec.json.decode(text, type=Traffic)
    except UNREADABLE as exc:
        raise NoTraffic(f"this does not tell of traffic: {exc}") from exc
