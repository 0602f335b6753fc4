"""What large work leaves alone, and how it lets go."""

import gc
import sys

import pytest

from proxy.stalls import free, in_background, settle


@pytest.mark.parametrize("for_good", [True, False])
def test_the_collector_never_looks_at_what_was_made_for_good(*, for_good: bool) -> None:
    with in_background(for_good=for_good):
        made = [[number] for number in range(1000)]
    looked_at = {id(one) for one in gc.get_objects()}
    assert looked_at.isdisjoint(map(id, made)) is for_good


def test_there_is_no_full_collection_meanwhile() -> None:
    full = gc.get_stats()[2]["collections"]
    with in_background(for_good=True):
        made: list[object] = [[] for _ in range(200_000)]
    assert gc.get_stats()[2]["collections"] == full
    assert len(made) == 200_000


def test_afterwards_all_is_as_before_even_after_a_fault() -> None:
    before = gc.get_threshold(), sys.getswitchinterval()
    with pytest.raises(KeyError), in_background(for_good=True):
        {"a": 1}.pop("b")
    assert (gc.get_threshold(), sys.getswitchinterval()) == before


def test_what_is_freed_is_empty() -> None:
    items, places = [1, 2, 3], {"a": 1, "b": 2}
    free(items, places, [])
    assert (items, places) == ([], {})


def test_a_gateway_that_is_up_looks_for_cycles_less_often() -> None:
    before = gc.get_threshold()
    try:
        settle()
        assert gc.get_threshold()[0] > before[0]
        assert gc.get_threshold()[1:] == before[1:]
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
