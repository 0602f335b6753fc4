"""Large work beside an event loop that must not notice: what would stop all threads, avoided.

Used by what loads rules in a thread of its own, and by the gateway once it is up.
"""

import contextlib
import gc
import sys
from collections.abc import Iterator
from typing import Any

_NEVER = 1_000_000_000
_SLICE_S = 0.001
_YOUNG = 20_000
"""So many objects may have come up before their cycles are looked for: requests make hardly any.

The interpreter's own 700 are made by two misses, and looking took a sixth of a miss.
"""


def settle() -> None:
    """Leave what is there for good alone, and look for cycles among what comes up less often."""
    gc.freeze()
    gc.set_threshold(_YOUNG, *gc.get_threshold()[1:])


@contextlib.contextmanager
def in_background(*, for_good: bool) -> Iterator[None]:
    """Let other threads run in between, and keep the garbage collector off what the block makes.

    A full collection walks through every object of the process while all threads wait: for 10,000
    rules half a second. So there is none in the block. Where it makes something *for good*, what
    has lived to its end is never looked at again; reference counts free it. What is young is
    collected as ever.
    """
    young, middle, old = gc.get_threshold()
    slice_s = sys.getswitchinterval()
    gc.set_threshold(young, middle, _NEVER)
    sys.setswitchinterval(_SLICE_S)
    try:
        yield
    finally:
        sys.setswitchinterval(slice_s)
        if for_good:
            gc.freeze()
        gc.set_threshold(young, middle, old)


def free(*large: list[Any] | dict[Any, Any]) -> None:
    """Empty these entry by entry: freed as a whole, each would be one step of the interpreter."""
    for one in large:
        take = one.popitem if isinstance(one, dict) else one.pop
        while one:
            take()
