"""How lists change: what goes, comes and moves, and how it is told."""

from collections.abc import Sequence

import msgspec
import pytest

from proxy.core.impact import Impact, moves


@pytest.mark.parametrize(
    ("old", "new", "gone", "come", "moved"),
    [
        ("abc", "abc", "", "", ""),
        ("abc", "ab", "c", "", ""),
        ("ab", "xaby", "", "xy", ""),
        ("abcd", "dabc", "", "", "d"),
        ("abcd", "xdab", "c", "x", "d"),
        ("", "ab", "", "ab", ""),
        ("ab", "", "ab", "", ""),
    ],
)
def test_what_stays_in_its_order_has_not_moved(
    old: Sequence[str], new: Sequence[str], gone: str, come: str, moved: str
) -> None:
    assert moves(old, new) == {"gone": (*gone,), "new": (*come,), "moved": (*moved,)}


def test_machines_are_told_all() -> None:
    impact = Impact("hero", "segment 'vip'", "alice", "", ("p1",), (), (), is_newly_empty=True)
    assert msgspec.json.encode(impact.as_json()) == (
        b'{"given":"segment \'vip\'","shopper":"alice","variant":null,"gone":["p1"],"new":[],'
        b'"moved":[],"newly_empty":true}'
    )


def test_people_are_shown_a_few_of_many() -> None:
    ids = tuple(f"p{number}" for number in range(9))
    impact = Impact("hero", "", "alice", "b", ids, ids[:3], (), is_newly_empty=False)
    assert str(impact) == "alice, variant b: 9 gone (p0, p1, p2, …), 3 new (p0, p1, p2)"
