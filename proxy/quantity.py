"""Durations and sizes as people write them: `400ms`, `5m`, `256MiB`. A bare number is refused."""

import re
from collections.abc import Mapping
from typing import Annotated

from pydantic import BeforeValidator

from proxy.document import refusal

_DURATION = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)\s*(ms|s|m|h|d)")
_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}
_SIZE = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)\s*(KiB|MiB|GiB)")
_BYTES = {"KiB": 1024, "MiB": 1024**2, "GiB": 1024**3}


def _read_quantity(value: object, pattern: re.Pattern[str], units: Mapping[str, float]) -> float:
    match = pattern.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        mend = f"write a number with one of: {', '.join(units)}"
        raise refusal(f"{value!r} is not a quantity with a unit", mend)
    return float(match[1]) * units[match[2]]


def _read_duration(value: object) -> float:
    return _read_quantity(value, _DURATION, _SECONDS)


def _read_size(value: object) -> int:
    return int(_read_quantity(value, _SIZE, _BYTES))


Duration = Annotated[float, BeforeValidator(_read_duration, json_schema_input_type=str)]
"""Seconds, read from `400ms`, `20s`, `5m`, `1h` or `7d`."""

Size = Annotated[int, BeforeValidator(_read_size, json_schema_input_type=str)]
"""Bytes, read from `64KiB`, `256MiB` or `1GiB`."""
