"""One authenticated request, as the functions that answer it see it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

from sandbox.ordercloud import spec
from sandbox.ordercloud.collections import Entity
from sandbox.ordercloud.listing import ListRequest, Table, View, parse, run
from sandbox.ordercloud.marketplace import Marketplace
from sandbox.ordercloud.sessions import Session


@dataclass(frozen=True, slots=True)
class Call:
    """*path* is the operation's template without `/v1`, *ids* what stands in its places."""

    marketplace: Marketplace
    session: Session
    verb: str
    path: str
    ids: Mapping[str, str]
    query: Sequence[tuple[str, str]]
    body: Any
    log_id: str

    def parameter(self, name: str) -> str | None:
        """Return a query parameter, whose name compares without regard to case."""
        for given, value in self.query:
            if given.casefold() == name.casefold():
                return value
        return None

    def without(self, name: str) -> Self:
        """Return the call as it were without a query parameter."""
        left = [each for each in self.query if each[0].casefold() != name.casefold()]
        return replace(self, query=left)

    def listing(self) -> ListRequest:
        """Return what is asked of a list; raise OrderCloud's `List.*` errors."""
        return parse(spec.resource(self.path.removeprefix("/")), self.query)

    def page(self, items: Sequence[Entity] | Table | View, facets: Iterable[Entity] = ()) -> Entity:
        """Return the page of *items* that is asked for: `{Meta, Items}`."""
        return run(self.listing(), items, facets)


Endpoint = Callable[[Call], object]
"""Answers a call with the JSON to send, or None for an empty answer; raises ApiError."""
