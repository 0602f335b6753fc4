"""What a value takes in memory, all that it holds included: measured, not guessed."""

import sys
from enum import Enum
from typing import Any

_WHOLE = frozenset({bytes, float, int, str})
"""Types of what holds nothing else, as nearly all does."""

_ONLY_ONCE = (type(None), bool, Enum)
"""Types of what there is only one of, which weighs nothing."""


def weight(value: object) -> int:
    """Return the bytes of *value*: JSON, or one of our frozen dataclasses.

    What two values share counts for both, so the sum over many is rather too high than too low.
    """
    total = 0
    rest: list[Any] = [value]
    while rest:
        one = rest.pop()
        if type(one) in _WHOLE:
            total += sys.getsizeof(one)
            continue
        if isinstance(one, _ONLY_ONCE):
            continue
        total += sys.getsizeof(one)
        if isinstance(one, dict):
            rest += one.keys()
            rest += one.values()
        elif isinstance(one, list | tuple | frozenset):
            rest += one
        else:
            rest += (getattr(one, name) for name in getattr(one, "__slots__", ()))
    return total
