"""What a replica finds where all replicas keep answers: one, or leave to fetch one."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from proxy.core.entry import Entry

T = TypeVar("T")

ALONE = b""
"""The lease of a replica that cannot hear of the others."""


@dataclass(frozen=True, slots=True)
class Found(Generic[T]):
    """What was found under a key.

    *mark* tells what was found from what may stand there later; with a *lease* it is for the
    finder to fetch the answer, as long as the lease lasts.
    """

    entry: Entry[T] | None
    mark: bytes
    lease: bytes | None = None
