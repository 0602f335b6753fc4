"""`experiment:`: which variant a shopper gets; the same one always, without remembering anything.

Weighted rendezvous hashing: each variant draws a number from (salt, variant, shopper), scaled by
its weight, and the lowest wins. Changing weights moves only the shoppers that the change needs.
Source: docs/sources.md#rendezvous-hashing.
"""

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass

HOLDOUT = "holdout"

_BITS = 53  # what a float holds exactly
_STEPS: float = 2.0**_BITS


@dataclass(frozen=True, slots=True)
class Experiment:
    """A split by weight, after *holdout_ratio* (0 to 1) of all shoppers are left out."""

    salt: str
    weights: Mapping[str, float]
    holdout_ratio: float

    @property
    def variants(self) -> tuple[str, ...]:
        """Return the names of all that anybody may get."""
        return (*self.weights, *([HOLDOUT] if self.holdout_ratio else ()))

    def assign(self, who: str) -> str:
        """Return the variant of the shopper called *who*, or HOLDOUT."""
        if _draw(self.salt, HOLDOUT, who) < self.holdout_ratio:
            return HOLDOUT
        return min(self.weights, key=lambda variant: self._distance(variant, who))

    def _distance(self, variant: str, who: str) -> float:
        weight = self.weights[variant]
        return (
            -math.log(_draw(self.salt, f"variant:{variant}", who)) / weight if weight else math.inf
        )


def _draw(*parts: str) -> float:
    """Return a number in (0, 1), uniform over *parts* and the same for the same ones."""
    digest = hashlib.blake2b("\x1f".join(parts).encode(), digest_size=8).digest()
    return ((int.from_bytes(digest) >> (64 - _BITS)) + 0.5) / _STEPS
