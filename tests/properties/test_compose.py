"""Walking the pages of a composed list shows the whole row, each item once, and counts it truly."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.core.placement import Placement
from proxy.model import Asked
from tests.core.making import slot
from tests.core.shelf import Shelf, ids

_TAGS = ("a", "b", "c")
_SHORT, _LONG = 4, 90  # a URL has room for hundreds of the short ones, and for a dozen of the long


@dataclass(frozen=True)
class World:
    """A catalogue, and what a rule makes of it; *own* is a tag, or IDs in an order."""

    things: Sequence[dict[str, Any]]
    own: str | list[str]
    fills: list[str]
    pinned: list[str]
    hidden: list[str]
    page_size: int

    @property
    def placement(self) -> Placement:
        """Return the placement that shows it."""
        by_id = isinstance(self.own, list)
        query = f"ID: {self.own}" if by_id else f"xp.tags: {self.own}, sortBy: '!xp.rank'"
        fills = ", ".join(f"{{xp.tags: {tag}, sortBy: '!xp.rank'}}" for tag in self.fills)
        order = ", order: as-listed" if by_id else ""
        return slot(
            default=f"{{query: {{{query}, pageSize: {self.page_size}}}{order}, "
            f"pin: {self.pinned}, hide: {self.hidden}, fill: [{fills}]}}"
        )

    @property
    def row(self) -> list[str]:
        """Return the IDs of all pages in a row, found the slow way."""
        known = [thing["ID"] for thing in self.things]
        own = self._tagged(self.own) if isinstance(self.own, str) else self.own
        row = dict.fromkeys(one for one in self.pinned if one in known)
        row |= dict.fromkeys(one for one in own if one in known and one not in self.hidden)
        for tag in self.fills:
            if len(row) < self.page_size:
                row |= dict.fromkeys(one for one in self._tagged(tag) if one not in self.hidden)
        return list(row)

    def _tagged(self, tag: str) -> list[str]:
        found = [thing for thing in self.things if tag in thing["xp"]["tags"]]
        return ids({"Items": sorted(found, key=lambda thing: -thing["xp"]["rank"])})


@st.composite
def worlds(draw: st.DrawFn) -> World:
    width = draw(st.sampled_from([_SHORT, _LONG]))
    every = [f"{i:03}".ljust(width, "x") for i in range(draw(st.integers(0, 60)))]
    tags = st.sets(st.sampled_from(_TAGS)).map(sorted)
    things = [
        {"ID": one, "xp": {"rank": i * 7 % 61, "tags": draw(tags)}} for i, one in enumerate(every)
    ]
    some = st.lists(st.sampled_from([*every, "gone"]), unique=True, max_size=30)
    pinned = draw(some)
    hidden = [one for one in draw(some) if one not in pinned]
    return World(
        things,
        own=draw(st.sampled_from(_TAGS) | some.filter(lambda own: bool({*own} - {*hidden}))),
        fills=draw(st.lists(st.sampled_from(_TAGS), max_size=2)),
        pinned=pinned,
        hidden=hidden,
        page_size=draw(st.integers(1, 9) | st.integers(10, 100)),
    )


@settings(deadline=None)
@given(worlds())
def test_every_item_stands_once_on_the_pages_in_a_row(world: World) -> None:
    shelf, where, row, size = Shelf(world.things), world.placement, world.row, world.page_size
    page_count = -(-len(row) // size)
    for page in range(1, page_count + 2):
        body = shelf.shown(where, Asked(page=page))
        start = (page - 1) * size
        expected = row[start : start + size]
        assert ids(body) == expected
        assert body["Meta"] == {
            "Page": page,
            "PageSize": size,
            "TotalCount": len(row),
            "TotalPages": page_count,
            "ItemRange": [start + 1, start + len(expected)],
            "NextPageKey": None,
        }


@settings(deadline=None)
@given(worlds(), st.integers(1, 9))
def test_the_storefront_may_cut_the_row_into_pages_of_its_own(world: World, size: int) -> None:
    shelf, where = Shelf(world.things), world.placement
    first = shelf.shown(where, Asked(page_size=size))
    count = first["Meta"]["TotalPages"]
    pages = [shelf.shown(where, Asked(page=page + 1, page_size=size)) for page in range(count)]
    walked = [one for page in pages for one in ids(page)]
    assert len(walked) == len(set(walked)) == first["Meta"]["TotalCount"]
    assert not {*walked} & {*world.hidden}
