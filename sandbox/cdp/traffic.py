"""Who takes part in a flow and which variant they get: sticky by guest.

Sitecore's hash is not public; BLAKE2 of the guest's reference stands in for it.
"""

import hashlib
from collections.abc import Sequence

from sandbox.cdp.definitions import Variant

_BUCKETS = 120


def bucket(guest_ref: str) -> int:
    """Return the guest's bucket, 1 to 120: the same one in every flow and decision model."""
    return 1 + _hash(guest_ref) % _BUCKETS


def takes_part(guest_ref: str, friendly_id: str, *, allocation: float) -> bool:
    """Whether the guest is among the *allocation* percent that the flow runs for."""
    return _share(f"allocation/{friendly_id}/{guest_ref}") < allocation


def pick(variants: Sequence[Variant], guest_ref: str, friendly_id: str) -> Variant | None:
    """Return the guest's variant, or None where the splits leave a gap."""
    share = _share(f"split/{friendly_id}/{guest_ref}")
    for variant, split in zip(variants, _splits(variants), strict=True):
        if share < split:
            return variant
        share -= split
    return None


def _splits(variants: Sequence[Variant]) -> list[float]:
    if all(variant.split is None for variant in variants):
        return [100 / len(variants)] * len(variants)
    return [variant.split or 0 for variant in variants]


def _share(text: str) -> float:
    """Return a stable number from 0 up to 100."""
    return _hash(text) / 2**64 * 100


def _hash(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest())
