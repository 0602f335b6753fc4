"""Who takes part in a flow and which variant they get: sticky by guest.

Sitecore's hash is not public; BLAKE2 of the guest's reference stands in for it.
"""

import hashlib
from collections.abc import Sequence
from typing import Protocol, TypeVar

_BUCKETS = 120


class HasSplit(Protocol):
    """Anything that traffic is split between; *split* is its share in percent."""

    @property
    def split(self) -> float | None:
        """The share, None to take an equal part."""


_S = TypeVar("_S", bound=HasSplit)


def bucket(guest_ref: str) -> int:
    """Return the guest's bucket, 1 to 120: the same one in every flow and decision model."""
    return 1 + _hash(guest_ref) % _BUCKETS


def universal_share(guest_ref: str) -> float:
    """Return the guest's place, from 0 up to 100, that follows from the bucket."""
    return (bucket(guest_ref) - 1) / _BUCKETS * 100


def own_share(guest_ref: str, friendly_id: str) -> float:
    """Return the guest's place, from 0 up to 100, in one flow: independent of other flows."""
    return _hash(f"split/{friendly_id}/{guest_ref}") / 2**64 * 100


def takes_part(guest_ref: str, friendly_id: str, *, allocation: float) -> bool:
    """Whether the guest is among the *allocation* percent that the flow runs for."""
    return _hash(f"allocation/{friendly_id}/{guest_ref}") / 2**64 * 100 < allocation


def pick(options: Sequence[_S], share: float) -> _S | None:
    """Return the option at *share*, or None where the splits leave a gap."""
    for option, split in zip(options, splits(options), strict=True):
        if share < split:
            return option
        share -= split
    return None


def splits(options: Sequence[HasSplit]) -> list[float]:
    """Return each option's share in percent: equal ones if none has a split."""
    if all(option.split is None for option in options):
        return [100 / len(options)] * len(options)
    return [option.split or 0 for option in options]


def _hash(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest())
