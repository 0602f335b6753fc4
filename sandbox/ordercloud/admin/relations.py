"""List, save and delete assignments, the same for every kind."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from sandbox.ordercloud import models
from sandbox.ordercloud.assignments import Assignments, Party
from sandbox.ordercloud.call import Call, Endpoint
from sandbox.ordercloud.collections import Entity
from sandbox.ordercloud.errors import not_found
from sandbox.ordercloud.store import Store

A = TypeVar("A")


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation(Generic[A]):
    """The operations on the assignments of one *model*.

    *path* is where they are listed and made. *one* is the path that deletes an assignment; what
    it leaves open stands in the query.
    """

    model: str
    path: str
    one: str
    kept: Callable[[Store], Assignments[A]]
    read: Callable[[Call, Entity], A]
    """Makes an assignment of its JSON; raises NotFound for what it refers to in vain."""
    write: Callable[[A], Entity]
    concerns: Callable[[Call, A], bool] = lambda _, __: True
    """Says whether an assignment is one of the owner in the call's path."""

    def routes(self) -> Mapping[str, Endpoint]:
        """Return the operations by verb and path."""
        return {
            f"GET {self.path}": self.list,
            f"POST {self.path}": self.save,
            f"DELETE {self.one}": self.delete,
        }

    def list(self, call: Call) -> Entity:
        """List the assignments that the query's parameters leave over."""
        wanted = call.listing().parameters
        kept = self.kept(call.marketplace.store)
        shown = (self.write(each) for each in kept if self.concerns(call, each))
        return call.page([each for each in shown if _agrees(each, wanted)])

    def save(self, call: Call) -> None:
        """Make an assignment, in place of one between the same two."""
        wanted = models.create(self.model, call.body)
        self.kept(call.marketplace.store).save(self.read(call, wanted))

    def delete(self, call: Call) -> None:
        """Delete an assignment; raise NotFound."""
        named = {name: _named(call, name) for name in models.blank(self.model)}
        if not self.kept(call.marketplace.store).discard(self.read(call, named)):
            raise not_found(self.model, "/".join(filter(None, named.values())))


def party(call: Call, assignment: Entity) -> Party:
    """Return whom an assignment is to; raise NotFound for a buyer or group that does not exist."""
    store, group_id = call.marketplace.store, assignment["UserGroupID"]
    buyer = store.buyers.get(assignment["BuyerID"] or "")
    if not group_id:
        return Party(buyer["ID"])
    return Party(buyer["ID"], store.user_groups.of(buyer["ID"]).get(group_id)["ID"])


def _named(call: Call, name: str) -> str | None:
    """Return what the path or the query gives for a property of an assignment."""
    ids = {place.casefold(): value for place, value in call.ids.items()}
    return ids.get(name.casefold()) or call.parameter(name)


def _agrees(assignment: Entity, wanted: Mapping[str, str]) -> bool:
    values = {name.casefold(): value for name, value in assignment.items()}
    values["level"] = "Group" if values.get("usergroupid") else "Company"
    return all(
        (values[name.casefold()] or "").casefold() == value.casefold()
        for name, value in wanted.items()
    )
