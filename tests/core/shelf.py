"""A small catalogue that answers list queries as OrderCloud does, without a network."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from proxy.core import listing
from proxy.core.choose import choose
from proxy.core.compose import compose
from proxy.core.placement import Placement
from proxy.core.query import targets
from proxy.model import Asked, Composition, Facts, Json, ListQuery, Page
from sandbox.ordercloud.listing import Kind, Resource, parse, run
from tests.core.making import NOON, decided
from tests.properties.reference import read_target

_THINGS = Resource(name="things", fields={"ID": Kind.STRING}, premium=True, any_field=True)


class Shelf:
    """Lists *things*; notes every request that it gets."""

    def __init__(self, things: Sequence[Mapping[str, Any]]) -> None:
        self.things = [dict(thing) for thing in things]
        self.asked: list[str] = []

    def page(self, query: ListQuery) -> Page:
        """Return what *query* lists."""
        bodies = [self._answer(target) for target in targets(query)]
        if not query.order:
            return listing.read(bodies[0])
        size = query.page_size or len(query.order)
        return listing.arrange(bodies, query.order, page=query.page, page_size=size)

    def shown(self, where: Placement, asked: Asked | None = None, output: Json = None) -> Any:
        """Return the body of the page that *where* shows."""
        then = choose(where, decided(output), asked or Asked(), Facts(at=NOON)).then
        assert isinstance(then, ListQuery | Composition)
        page = self.page(then) if isinstance(then, ListQuery) else self._composed(then)
        body: dict[str, Any] = msgspec.json.decode(page.body)
        assert page.item_count == len(body["Items"])
        return body

    def _composed(self, wanted: Composition) -> Page:
        steps = compose(wanted)
        try:
            query = next(steps)
            while True:
                query = steps.send(self.page(query))
        except StopIteration as done:
            page: Page = done.value
            return page

    def _answer(self, target: str) -> bytes:
        assert len(target) <= 2000
        self.asked.append(target)
        params = read_target(target).params
        return msgspec.json.encode(run(parse(_THINGS, params), self.things))


def ids(body: Mapping[str, Any]) -> list[str]:
    """Return the IDs of the items of a page."""
    return [item["ID"] for item in body["Items"]]
