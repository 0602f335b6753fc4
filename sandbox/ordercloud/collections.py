"""Collections: the entities of one kind, by ID.

Entities are dicts in OrderCloud's own PascalCase shape. They are replaced, never changed in place,
so that an index built over them stays true to its revision.
"""

from collections.abc import Iterator
from typing import Any

from sandbox.ordercloud.errors import ApiError, not_found

Entity = dict[str, Any]


class Revision:
    """Counts the writes to a group of collections: equal numbers mean unchanged content."""

    def __init__(self) -> None:
        self.number = 0

    def bump(self) -> None:
        """Count a write."""
        self.number += 1


class Collection:
    """The entities of one kind in order of creation; IDs compare without regard to case."""

    def __init__(self, kind: str, revision: Revision) -> None:
        self.kind = kind
        self._revision = revision
        self._entities: dict[str, Entity] = {}

    def __iter__(self) -> Iterator[Entity]:
        return iter(self._entities.values())

    def __len__(self) -> int:
        return len(self._entities)

    def __contains__(self, entity_id: str) -> bool:
        return entity_id.casefold() in self._entities

    def copy(self) -> "Collection":
        """Return the collection as it is now; later writes do not change the copy."""
        twin = Collection(self.kind, self._revision)
        twin._entities = dict(self._entities)
        return twin

    def find(self, entity_id: str) -> Entity | None:
        """Return the entity, or None."""
        return self._entities.get(entity_id.casefold())

    def get(self, entity_id: str) -> Entity:
        """Return the entity; raise NotFound."""
        entity = self.find(entity_id)
        if entity is None:
            raise not_found(self.kind, entity_id)
        return entity

    def check_new(self, entity_id: str) -> None:
        """Raise IdExists if there is such an entity."""
        if entity_id in self:
            raise ApiError("IdExists", {"ObjectType": self.kind, "ObjectID": entity_id})

    def add(self, entity: Entity) -> Entity:
        """Keep a new entity and return it; raise IdExists."""
        self.check_new(entity["ID"])
        return self.put(entity)

    def put(self, entity: Entity) -> Entity:
        """Keep an entity, in place of one with its ID, and return it."""
        self._entities[entity["ID"].casefold()] = entity
        self._revision.bump()
        return entity

    def remove(self, entity_id: str) -> Entity:
        """Forget the entity and return it; raise NotFound."""
        entity = self.get(entity_id)
        del self._entities[entity_id.casefold()]
        self._revision.bump()
        return entity


class Owned:
    """One collection per owner: users per buyer, categories per catalog, items per order."""

    def __init__(self, kind: str, revision: Revision) -> None:
        self.kind = kind
        self._revision = revision
        self._collections: dict[str, Collection] = {}

    def of(self, owner_id: str) -> Collection:
        """Return the owner's collection, empty at first."""
        owner = owner_id.casefold()
        if owner not in self._collections:
            self._collections[owner] = Collection(self.kind, self._revision)
        return self._collections[owner]

    def copy(self) -> "Owned":
        """Return the collections as they are now; later writes do not change the copy."""
        twin = Owned(self.kind, self._revision)
        twin._collections = {owner: each.copy() for owner, each in self._collections.items()}
        return twin

    def drop(self, owner_id: str) -> None:
        """Forget everything of an owner."""
        self._collections.pop(owner_id.casefold(), None)
        self._revision.bump()
