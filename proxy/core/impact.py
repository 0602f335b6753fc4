"""How a list changes for somebody: items that go, come, and stand elsewhere."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

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

    def as_json(self) -> dict[str, Any]:
        """Return it for machines."""
        return {
            "given": self.whom,
            "shopper": self.shopper,
            "variant": self.variant or None,
            "gone": self.gone,
            "new": self.new,
            "moved": self.moved,
            "newly_empty": self.is_newly_empty,
        }

    def __str__(self) -> str:
        """Write it for people."""
        kinds = (("gone", self.gone), ("new", self.new), ("moved", self.moved))
        parts = [f"{len(ids)} {what} ({_listed(ids)})" for what, ids in kinds if ids]
        if self.is_newly_empty:
            parts.append("nothing is left")
        variant = f", variant {self.variant}" if self.variant else ""
        return f"{self.shopper}{variant}: {', '.join(parts) or 'the same items'}"


def moves(old: Sequence[str], new: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return which IDs go, come, and stand elsewhere among those that stay."""
    before, after = [one for one in old if one in new], [one for one in new if one in old]
    blocks = difflib.SequenceMatcher(a=before, b=after, autojunk=False).get_matching_blocks()
    kept = {one for block in blocks for one in after[block.b : block.b + block.size]}
    return {
        "gone": tuple(one for one in old if one not in new),
        "new": tuple(one for one in new if one not in old),
        "moved": tuple(one for one in after if one not in kept),
    }


def _listed(ids: Sequence[str]) -> str:
    return ", ".join([*ids[:_SHOWN_MAX], "…"] if len(ids) > _SHOWN_MAX else ids)
