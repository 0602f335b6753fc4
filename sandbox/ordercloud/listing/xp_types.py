"""One JSON type per xp key: what OrderCloud's search index takes in, and what it leaves out.

The first value of a key decides. An entity with another type there can be read by its ID but is on
no list. Types are not forgotten with the entity that brought them.
"""

from collections.abc import Iterable, Iterator

from sandbox.ordercloud.collections import Entity


class XpTypes:
    """The types of the xp keys of all entities so far."""

    def __init__(self) -> None:
        self._types: dict[str, type] = {}
        self._seen: dict[str, tuple[Entity, bool]] = {}

    def listable(self, entities: Iterable[Entity]) -> list[Entity]:
        """Return the entities that fit; only those not seen before are looked at."""
        return [entity for entity in entities if self._fits(entity)]

    def _fits(self, entity: Entity) -> bool:
        seen, fits = self._seen.get(entity["ID"], (None, False))
        if seen is not entity:
            fits = self._take_in(entity)
            self._seen[entity["ID"]] = entity, fits
        return fits

    def _take_in(self, entity: Entity) -> bool:
        """Say whether an entity's types fit; if so they count from now on."""
        new: dict[str, type] = {}
        for path, kind in _types_in(entity.get("xp"), "xp"):
            if self._types.get(path, new.setdefault(path, kind)) != kind:
                return False
        self._types |= new
        return True


def _types_in(value: object, path: str) -> Iterator[tuple[str, type]]:
    """Give the paths in a value and their types; arrays have their elements'."""
    if isinstance(value, dict):
        yield path, dict
        for name, each in value.items():
            yield from _types_in(each, f"{path}.{name}")
    elif isinstance(value, list):
        for element in value:
            yield from _types_in(element, path)
    elif value is not None:
        yield path, float if type(value) is int else type(value)
