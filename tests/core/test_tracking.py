"""What a storefront's script may report."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.core.tracking import RESERVED, read
from proxy.errors import InvalidEvents

_VIEW = {"type": "VIEW", "page": "/"}


def _mistakes(told: object) -> tuple[str, ...]:
    with pytest.raises(InvalidEvents) as caught:
        read(json.dumps(told).encode())
    return caught.value.mistakes


@pytest.mark.parametrize(
    ("report", "said"),
    [
        (_VIEW, {"page": "/"}),
        (
            {**_VIEW, "utm_source": "news", "referrer": "https://a.example/", "language": "de"},
            {"page": "/", "utm_source": "news", "referrer": "https://a.example/", "language": "DE"},
        ),
        ({"type": "SEARCH", "product_name": "shoe"}, {"product_name": "shoe"}),
        (
            {"type": "QUIZ_DONE", "ext": {"score": 3, "ratio": 0.5, "won": True, "name": "x"}},
            {"ext": {"score": 3, "ratio": 0.5, "won": True, "name": "x"}},
        ),
    ],
)
def test_a_report_says_what_cdp_reads(report: dict[str, Any], said: dict[str, Any]) -> None:
    (tracked,) = read(json.dumps({**report, "id": "1", "browserId": "b-1"}).encode())
    assert (tracked.type, tracked.id, tracked.browserId) == (report["type"], "1", "b-1")
    assert tracked.said == said


def test_a_list_is_read_in_its_order() -> None:
    told = [_VIEW, {"type": "A"}, {"type": "SEARCH", "product_name": "x"}]
    assert [one.type for one in read(json.dumps(told).encode())] == ["VIEW", "A", "SEARCH"]


@pytest.mark.parametrize("name", [*sorted(RESERVED - {"VIEW", "SEARCH"}), "SC_ANY"])
def test_reserved_types_are_refused(name: str) -> None:
    assert _mistakes({"type": name}) == (f"0.type: {name} is reserved; choose another type",)


@pytest.mark.parametrize("name", [None, 1, "", "lower", "A B", "Ä", "A" * 51, "1A"])
def test_types_are_written_in_capitals(name: object) -> None:
    (mistake,) = _mistakes({"type": name})
    assert mistake.startswith("0.type: a type is written in capitals")


def test_every_mistake_is_named_with_its_place() -> None:
    told = [
        {"type": "VIEW", "colour": "red"},
        {"type": "SEARCH", "product_name": ""},
        {"type": "QUIZ", "ext": {"Bad": 1, "deep": {"a": 1}}},
    ]
    places = [mistake.partition(":")[0] for mistake in _mistakes(told)]
    assert places == ["0.page", "0.colour", "1.product_name", "2.ext.Bad.[key]", "2.ext.deep"]


@pytest.mark.parametrize(
    "told",
    [
        [],
        [_VIEW] * 51,
        {"type": "A", "ext": {f"k{number}": 1 for number in range(51)}},
        {"type": "A", "ext": {"list": [1]}},
        {"type": "A", "id": "not an id"},
        {"type": "A", "browserId": "../x"},
        {"type": "A", "currency": "usd"},
        3,
        None,
        "VIEW",
    ],
)
def test_what_does_not_fit_is_refused(told: object) -> None:
    assert _mistakes(told)


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 100_000, b'{"type": NaN}'])
def test_what_is_no_json_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidEvents, match="the body is not JSON"):
        read(body)


@given(
    told=st.recursive(
        st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(st.sampled_from(["type", "ext", "page", "id", "a"]), inner)
        ),
    )
)
def test_whatever_is_told_is_read_or_refused(told: object) -> None:
    with contextlib.suppress(InvalidEvents):
        assert read(json.dumps(told).encode())
