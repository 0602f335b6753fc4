"""What all definitions have in common."""

import uuid
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

_NAMESPACE = uuid.UUID("6a0d2a3e-6f0b-4f6e-9f0a-0f2f6d6c1e5b")


def ref_of(*names: str) -> str:
    """Return the reference of a defined thing: the same names give the same one on each run."""
    return str(uuid.uuid5(_NAMESPACE, "/".join(names)))


class Definition(BaseModel):
    """Base of all definitions: immutable, camelCase, unknown keys refused."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        alias_generator=to_camel,
        arbitrary_types_allowed=True,
    )


def folded(given: Any, into: str, keys: frozenset[str]) -> Any:
    """Fold the *keys* of a definition with a single variant into a list of one under *into*."""
    if not isinstance(given, Mapping) or into in given or not keys & given.keys():
        return given
    rest = {key: value for key, value in given.items() if key not in keys}
    return {**rest, into: [{key: given[key] for key in keys & given.keys()}]}
