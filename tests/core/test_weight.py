"""What values take in memory."""

import sys
import tracemalloc
from collections.abc import Iterator

import msgspec
import pytest

from proxy.core.weight import weight
from proxy.model import Page, Profile, Reason

_DECISION = msgspec.json.encode(
    {"segment": "vip", "offers": [{"id": f"offer-{n}", "score": n / 7} for n in range(200)]}
)


def test_a_page_weighs_its_body_and_a_little() -> None:
    page = Page(b"x" * 10_000, '"0123456789abcdef01234567"', 20)
    assert 10_000 < weight(page) < 10_300


@pytest.mark.parametrize("value", [None, True, False, Reason.MATCHED])
def test_what_there_is_only_one_of_weighs_nothing(value: object) -> None:
    assert weight(value) == 0


@pytest.mark.parametrize(
    "value",
    ["some text", b"bytes", 1 << 70, 1.5, frozenset({"vip"}), ("a", "b"), Profile("b", "u")],
)
def test_more_of_something_weighs_more(value: object) -> None:
    assert weight([value, value]) == sys.getsizeof([0, 0]) + 2 * weight(value)
    assert weight(value) >= sys.getsizeof(value)


def test_a_deep_value_is_weighed_to_the_bottom() -> None:
    deep: object = "bottom"
    for _ in range(5000):
        deep = [deep]
    assert weight(deep) > 5000 * sys.getsizeof([0])


def test_json_weighs_what_it_takes() -> None:
    """Its keys may be shared with others, so it may be counted with more, but not by much."""
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        kept = list(_outputs(20))
        taken = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert taken <= weight(kept) * 1.05
    assert weight(kept) <= taken * 1.5


def _outputs(count: int) -> Iterator[object]:
    for _ in range(count):
        yield msgspec.json.decode(_DECISION)
