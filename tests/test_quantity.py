"""Durations and sizes as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from proxy.quantity import Duration, Size

DURATION = TypeAdapter[float](Duration)
SIZE = TypeAdapter[int](Size)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("400ms", 0.4), ("20s", 20), ("5m", 300), ("1h", 3600), ("7d", 604800), ("1.5h", 5400),
     (" 5 m ", 300), ("0s", 0)],
)  # fmt: skip
def test_a_duration_is_read_in_seconds(text: str, seconds: float) -> None:
    assert DURATION.validate_python(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("text", "count"), [("64KiB", 65536), ("256MiB", 268435456), ("1.5 GiB", 1610612736)]
)
def test_a_size_is_read_in_bytes(text: str, count: int) -> None:
    assert SIZE.validate_python(text) == count


@pytest.mark.parametrize("value", [5, 0.4, "5", "5 minutes", "-5s", "5S", "", "s", None, "1e3s"])
def test_a_duration_without_a_known_unit_is_refused(value: object) -> None:
    with pytest.raises(ValidationError, match="is not a quantity with a unit"):
        DURATION.validate_python(value)


@pytest.mark.parametrize("value", [5, "5", "5MB", "5 mib", "-5MiB", None])
def test_a_size_without_a_known_unit_is_refused(value: object) -> None:
    with pytest.raises(ValidationError, match="write a number with one of: KiB, MiB, GiB"):
        SIZE.validate_python(value)


@given(st.text() | st.from_regex(r"[0-9]{1,500}(\.[0-9]+)?(ms|d|KiB|GiB)", fullmatch=True))
def test_any_text_is_a_finite_quantity_or_refused(text: str) -> None:
    for adapter in (DURATION, SIZE):
        try:
            read = adapter.validate_python(text)
        except ValidationError:
            continue
        assert 0 <= read < 1e18
