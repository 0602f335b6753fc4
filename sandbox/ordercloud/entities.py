"""List, create, get, save, patch and delete, the same for every kind of entity."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sandbox.ordercloud import models
from sandbox.ordercloud.call import Call, Endpoint
from sandbox.ordercloud.collections import Collection, Entity

Show = Callable[[Entity], Entity]


def _plain(_: Call) -> Show:
    return lambda entity: entity


def _nothing(_: Call, __: Entity) -> None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entities:
    """The six operations on the entities of one *model*.

    *path* is where they are listed, *place* the name of their ID in paths below it. An ID cannot
    be changed (a difference to OrderCloud).
    """

    model: str
    path: str
    place: str
    within: Callable[[Call], Collection]
    """Returns the collection a call is about; raises NotFound for an owner that does not exist."""
    prepare: Callable[[Call, Entity], Entity] = lambda _, entity: entity
    """Returns an entity completed, as it is to be kept, or refuses it."""
    follow: Callable[[Call, Entity], None] = _nothing
    """Does what follows from keeping it."""
    check_delete: Callable[[Call, Entity], None] = _nothing
    """Refuses to delete an entity that is still needed."""
    forget: Callable[[Call, Entity], None] = _nothing
    """Removes what hangs on an entity that was deleted."""
    showing: Callable[[Call], Show] = _plain
    """Returns how the call's entities look to those who read them."""

    def routes(self) -> Mapping[str, Endpoint]:
        """Return the operations by verb and path."""
        one = f"{self.path}/{{{self.place}}}"
        return {
            f"GET {self.path}": self.list,
            f"POST {self.path}": self.create,
            f"GET {one}": self.get,
            f"PUT {one}": self.save,
            f"PATCH {one}": self.patch,
            f"DELETE {one}": self.delete,
        }

    def list(self, call: Call) -> Entity:
        """List the entities."""
        return call.page(list(map(self.showing(call), self.within(call))))

    def create(self, call: Call) -> Entity:
        """Add an entity; raise IdExists."""
        entity = self._new(call)
        self.within(call).check_new(entity["ID"])
        return self._put(call, entity)

    def get(self, call: Call) -> Entity:
        """Return an entity."""
        return self.showing(call)(self._named(call))

    def save(self, call: Call) -> Entity:
        """Replace an entity, or create it under the ID of the path."""
        old = self.within(call).find(call.ids[self.place])
        if old is None:
            return self._put(call, {**self._new(call), "ID": call.ids[self.place]})
        return self._put(call, {**models.replace(self.model, old, call.body), "ID": old["ID"]})

    def patch(self, call: Call) -> Entity:
        """Change the properties of an entity that the body names."""
        old = self._named(call)
        return self._put(call, {**models.patch(self.model, old, call.body), "ID": old["ID"]})

    def delete(self, call: Call) -> None:
        """Delete an entity and what hangs on it."""
        self.check_delete(call, self._named(call))
        self.forget(call, self.within(call).remove(call.ids[self.place]))

    def _named(self, call: Call) -> Entity:
        return self.within(call).get(call.ids[self.place])

    def _new(self, call: Call) -> Entity:
        entity = models.create(self.model, call.body)
        return {**entity, **_if_in(entity, "DateCreated", call.marketplace.now())}

    def _put(self, call: Call, entity: Entity) -> Entity:
        owner = entity.get("OwnerID") or call.marketplace.settings.marketplace_id
        owned = {**entity, **_if_in(entity, "OwnerID", owner)}
        kept = self.within(call).put(self.prepare(call, owned))
        self.follow(call, kept)
        return self.showing(call)(kept)


def _if_in(entity: Entity, name: str, value: str) -> Entity:
    """Return a property, if the entity is of a model that has it."""
    return {name: value} if name in entity else {}
