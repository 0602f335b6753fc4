from collections import Counter

from sandbox.cdp import traffic
from sandbox.cdp.definitions.flow import Variant

GUESTS = [f"guest-{number}" for number in range(2000)]


def _variants(*splits: float | None) -> list[Variant]:
    return [Variant(name=str(n), output=n, split=split) for n, split in enumerate(splits)]


def _counts(variants: list[Variant]) -> Counter[str]:
    picked = (traffic.pick(variants, traffic.own_share(guest, "flow")) for guest in GUESTS)
    return Counter(variant.name if variant else "none" for variant in picked)


def test_shares_follow_the_splits() -> None:
    counts = _counts(_variants(80, 20))
    assert 1500 < counts["0"] < 1700
    assert counts["0"] + counts["1"] == len(GUESTS)


def test_variants_without_splits_share_equally() -> None:
    assert all(550 < count < 780 for count in _counts(_variants(None, None, None)).values())


def test_a_gap_in_the_splits_gets_nothing() -> None:
    assert 900 < _counts(_variants(50))["none"] < 1100


def test_allocation_is_independent_of_the_split() -> None:
    inside = [g for g in GUESTS if traffic.takes_part(g, "flow", allocation=50)]
    first = [g for g in inside if traffic.own_share(g, "flow") < 50]
    assert 900 < len(inside) < 1100
    assert 400 < len(first) < 600


def test_own_traffic_differs_by_flow_and_universal_traffic_does_not() -> None:
    assert traffic.own_share("guest-1", "a") != traffic.own_share("guest-1", "b")
    buckets = {traffic.bucket(guest) for guest in GUESTS}
    assert (min(buckets), max(buckets)) == (1, 120)
