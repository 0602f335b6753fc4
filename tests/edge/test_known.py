"""Verified shoppers: who is remembered, and what that takes."""

import gc
import sys
import tracemalloc

import pytest

from proxy.edge.known import SHOPPER_BYTES, Known
from proxy.model import Shopper

_ROLES = frozenset({"Shopper"})


def _shopper(number: int, *, expires_at: float = 1e9) -> Shopper:
    return Shopper(
        token=f"{number:0800}",
        client_id="storefront",
        username=f"shopper-{number}@example.com",
        order_id=None,
        roles=_ROLES,
        impersonator=None,
        expires_at=expires_at + number,
    )


def _known(most: int) -> Known:
    return Known(most * (800 + SHOPPER_BYTES))


def _remembered(known: Known, numbers: range) -> list[int]:
    return [number for number in numbers if known.get(_shopper(number).token)]


def test_a_shopper_is_known_by_the_token() -> None:
    known = _known(2)
    known.add(_shopper(1))
    assert known.get(_shopper(1).token) == _shopper(1)
    assert known.get(_shopper(2).token) is None


def test_whose_token_was_used_longest_ago_goes_first() -> None:
    known = _known(3)
    for number in range(3):
        known.add(_shopper(number))
    assert known.get(_shopper(0).token)
    known.add(_shopper(3))
    assert _remembered(known, range(4)) == [0, 2, 3]


def test_who_is_verified_again_takes_no_more_room() -> None:
    known = _known(2)
    known.add(_shopper(1))
    for _ in range(5):
        known.add(_shopper(2, expires_at=2e9))
    assert _remembered(known, range(4)) == [1, 2]
    assert known.get(_shopper(2).token) == _shopper(2, expires_at=2e9)
    assert known.size_bytes == 2 * (800 + SHOPPER_BYTES)


def test_a_shopper_takes_the_bytes_that_are_counted() -> None:
    known = _known(10_000)
    gc.collect()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for number in range(7000):
            known.add(_shopper(number))
        taken = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    counted = 7000 * (800 + SHOPPER_BYTES)
    assert taken == pytest.approx(counted, rel=0.1)
    assert sys.getsizeof(_shopper(1).token) < 900
