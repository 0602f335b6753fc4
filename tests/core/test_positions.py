"""Positions: records of a stream in their order, and room for what only one replica knows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.core import positions

IDS = st.tuples(st.integers(0, 2_000_000_000_000), st.integers(0, 4095))


def written(ms: int, sequence: int) -> str:
    return f"{ms}-{sequence}"


@given(IDS, IDS)
def test_records_keep_their_order(one: tuple[int, int], other: tuple[int, int]) -> None:
    at = [positions.of_record(written(*each)) for each in (one, other)]
    assert (at[0] < at[1]) is (one < other)


@given(IDS)
def test_a_record_is_found_again_by_its_position(one: tuple[int, int]) -> None:
    assert positions.record_at(positions.of_record(written(*one))) == written(*one)


@given(IDS, st.integers(0, 1023))
def test_what_one_replica_knows_stands_before_the_next_record(
    one: tuple[int, int], count: int
) -> None:
    here = positions.of_record(written(*one)) + count
    assert positions.record_at(here) == written(*one)
    assert positions.known_to_all(here) == positions.of_record(written(*one))
    assert positions.of_record(positions.record_after(here)) > here


@pytest.mark.parametrize(("before", "after"), [("0-0", "0-1"), ("5-7", "5-8"), ("5-4095", "6-0")])
def test_the_next_record_may_follow_at_once(before: str, after: str) -> None:
    assert positions.record_after(positions.of_record(before)) == after


def test_a_moment_comes_before_the_records_of_its_millisecond() -> None:
    assert positions.at_moment(1.5) == positions.of_record("1500-0")
    assert positions.at_moment(1_795_000_000) < 2**63
