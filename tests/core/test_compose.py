"""Pins, hidden items and fills: what is shown, in which order, and what Meta says of it."""

from typing import Any

import pytest

from proxy.model import Asked, ListQuery
from tests import answers
from tests.conftest import StartGateway
from tests.core.making import asking, chosen, mistakes, placement, slot
from tests.core.shelf import Shelf, ids
from tests.emulators import OrderCloud

SALE = [{"ID": f"s{i}", "xp": {"tag": "sale", "rank": i}} for i in range(1, 5)]
NEW = [{"ID": f"n{i}", "xp": {"tag": "new", "rank": -i}} for i in range(1, 5)]
OLD = [{"ID": f"o{i}", "xp": {"tag": "old"}} for i in range(1, 5)]
EVERY = [*SALE, *NEW, *OLD]


def default(beside: str, query: str = "xp.tag: sale") -> Any:
    """Return a placement that lists what is on sale, with something beside the query."""
    return slot(default=f"{{query: {{{query}}}, {beside}}}")


def shown(beside: str, query: str = "xp.tag: sale", asked: Asked | None = None) -> list[str]:
    return ids(Shelf(EVERY).shown(default(beside, query), asked))


@pytest.mark.parametrize(
    ("beside", "query", "expected"),
    [
        ("pin: [n2, s3]", "xp.tag: sale", "n2 s3 s1 s2 s4"),
        ("pin: s4", "xp.tag: sale", "s4 s1 s2 s3"),
        ("pin: [gone, S2, s2]", "xp.tag: sale", "s2 s1 s3 s4"),
        ("hide: [s1, n1]", "xp.tag: sale", "s2 s3 s4"),
        ("hide: {xp.rank: [2, 3]}", "xp.tag: sale", "s1 s4"),
        ("pin: [n2, s3], hide: {xp.rank: 3}", "xp.tag: sale", "n2 s1 s2 s4"),
        ("boost: xp.rank", "xp.tag: sale", "s4 s3 s2 s1"),
        ("bury: xp.rank", "xp.tag: [sale, new]", "n4 n3 n2 n1 s1 s2 s3 s4"),
        ("boost: xp.tag, bury: xp.rank", "xp.tag: [sale, new], sortBy: '!ID'",
         "s1 s2 s3 s4 n4 n3 n2 n1"),
        ("boost: xp.tag", "xp.tag: [sale, new], sortBy: ['!ID']", "s4 s3 s2 s1 n4 n3 n2 n1"),
        ("fill: {xp.tag: new}", "xp.tag: sale", "s1 s2 s3 s4 n1 n2 n3 n4"),
        ("fill: {xp.tag: new}", "xp.tag: sale, pageSize: 4", "s1 s2 s3 s4"),
        ("fill: {xp.tag: new}", "xp.tag: sale, pageSize: 5", "s1 s2 s3 s4 n1"),
        ("fill: [{xp.tag: new}, {xp.tag: old}]", "xp.tag: sale, pageSize: 9",
         "s1 s2 s3 s4 n1 n2 n3 n4 o1"),
        ("fill: {xp.tag: [sale, new], pageSize: 1}", "xp.tag: sale", "s1 s2 s3 s4 n1 n2 n3 n4"),
        ("fill: {xp.tag: new}, pin: n3", "xp.tag: sale", "n3 s1 s2 s3 s4 n1 n2 n4"),
        ("fill: {xp.tag: new}, hide: [n1, s1]", "xp.tag: sale", "s2 s3 s4 n2 n3 n4"),
        ("fill: {xp.tag: new}, hide: {xp.rank: [1, -1]}", "xp.tag: sale", "s2 s3 s4 n2 n3 n4"),
        ("order: as-listed, pin: o1", "ID: [s2, s1]", "o1 s2 s1"),
        ("order: as-listed, pin: s1", "ID: [s2, S1, s3]", "s1 s2 s3"),
        ("order: as-listed, pin: s1", "ID: [s1]", "s1"),
        ("order: as-listed, hide: S1", "ID: [s2, s1, s3]", "s2 s3"),
        ("order: as-listed, fill: {xp.tag: sale}", "ID: [s2, gone, s1]", "s2 s1 s3 s4"),
    ],
)  # fmt: skip
def test_what_stands_beside_a_query_shapes_its_list(beside: str, query: str, expected: str) -> None:
    assert shown(beside, query) == expected.split()


def test_the_counts_are_those_of_the_whole_row() -> None:
    where = default("pin: o1, fill: {xp.tag: new}", "xp.tag: sale, pageSize: 6")
    pages = [Shelf(EVERY).shown(where, Asked(page=number)) for number in (1, 2, 3)]
    assert [ids(page) for page in pages] == [
        ["o1", "s1", "s2", "s3", "s4", "n1"],
        ["n2", "n3", "n4"],
        [],
    ]
    assert [page["Meta"] for page in pages] == [
        {
            "Page": number,
            "PageSize": 6,
            "TotalCount": 9,
            "TotalPages": 2,
            "ItemRange": item_range,
            "NextPageKey": None,
        }
        for number, item_range in ((1, [1, 6]), (2, [7, 9]), (3, [13, 12]))
    ]


def test_what_else_meta_says_is_that_of_the_rules_own_list() -> None:
    class Faceted(Shelf):
        def _answer(self, target: str) -> bytes:
            body = super()._answer(target)
            return body.replace(b'"Meta":{', b'"Meta":{"Facets":"%s",' % target.encode())

    meta = Faceted(EVERY).shown(default("pin: o1, fill: {xp.tag: new}"))["Meta"]
    assert meta["Facets"] == "/v1/me/products?ID=!o1&page=1&pageSize=20&xp.tag=sale"


def test_a_page_that_its_own_list_fills_asks_for_no_fill() -> None:
    shelf = Shelf(EVERY)
    shelf.shown(default("fill: {xp.tag: new}", "xp.tag: sale, pageSize: 2"))
    assert shelf.asked == ["/v1/me/products?page=1&pageSize=2&xp.tag=sale"]


def test_nothing_is_asked_twice_for_one_page() -> None:
    shelf = Shelf(EVERY)
    where = default("pin: o1, fill: [{xp.tag: new}, {xp.tag: old}]", "xp.tag: sale, pageSize: 9")
    for number in (1, 2):
        shelf.asked.clear()
        shelf.shown(where, Asked(page=number))
        assert len(shelf.asked) == len(set(shelf.asked))


@pytest.mark.parametrize("asked", [asking(search="s"), asking(sortBy="ID"), asking(ID="s1|n1")])
def test_a_shopper_who_searches_or_sorts_gets_no_pins_and_no_fills(asked: Asked) -> None:
    where = default("pin: o1, hide: s4, fill: {xp.tag: new}")
    then = chosen(where, None, asked).then
    assert isinstance(then, ListQuery)
    assert then.excluded == ("s4",)
    assert (
        dict(then.params).items()
        >= {name: value for name, (value,) in asked.params.items()}.items()
    )


def test_a_shopper_who_only_turns_pages_keeps_pins_and_fills() -> None:
    asked = Asked(page=2, page_size=6)
    assert shown("pin: o1, fill: {xp.tag: new}", asked=asked) == ["n2", "n3", "n4"]


class TestPinsOfADecision:
    WHERE = placement("""
        placement: home
        resource: me/products
        decision: {flow: home}
        rules:
          - name: pinned
            when: {has: flow}
            query: {xp.tag: sale}
            pin: {from: ids}
            hide: [n1, s1]
        default: {query: {}}
    """)

    @pytest.mark.parametrize(
        ("found", "expected"),
        [
            (["n2", "s3"], "n2 s3 s2 s4"),
            ("n2", "n2 s2 s3 s4"),
            (["n1", "N1", "n2"], "n2 s2 s3 s4"),
            (["n1"], "s2 s3 s4"),
            (["a b", "n2|n3", "!n2", "*"], "s2 s3 s4"),
            ([], "s2 s3 s4"),
            (None, "s2 s3 s4"),
            ({"ID": "n2"}, "s2 s3 s4"),
        ],
    )
    def test_are_shown_where_they_can_be_and_are_not_hidden(
        self, found: Any, expected: str
    ) -> None:
        output = {"flow": "on", "ids": found}
        assert ids(Shelf(EVERY).shown(self.WHERE, output=output)) == expected.split()


class TestWhereNothingIsLeft:
    def test_a_rule_does_not_apply(self) -> None:
        rule = "{name: r, when: {has: ids}, query: {ID: {from: ids}}, order: as-listed, hide: [s1]}"
        where = slot(f"[{rule}]")
        assert chosen(where, {"ids": ["s1", "S1"]}).rule == "default"
        assert chosen(where, {"ids": ["s1", "s2"]}).rule == "r"

    @pytest.mark.parametrize("pin", ["", ", pin: n1"])
    def test_a_file_that_says_so_is_refused(self, pin: str) -> None:
        text = f"default: {{query: {{ID: [s1]}}, order: as-listed, hide: S1{pin}}}"
        assert mistakes(f"placement: p\nresource: me/products\n{text}\n") == [
            "3:54: all that this lists is hidden; leave at least one"
        ]

    def test_pins_and_fills_are_still_shown(self) -> None:
        rule = (
            "{name: r, when: {has: ids}, query: {ID: {from: ids}}, order: as-listed, hide: [s1], "
            "pin: [n1], fill: {xp.tag: old}}"
        )
        assert ids(Shelf(EVERY).shown(slot(f"[{rule}]"), output={"ids": ["s1"]})) == [
            "n1", "o1", "o2", "o3", "o4",
        ]  # fmt: skip


MANY: list[dict[str, Any]] = [
    {"ID": f"{i:03}".ljust(90, "x"), "xp": {"odd": i % 2 == 1}} for i in range(150)
]
HIDDEN = ids({"Items": MANY[5:45]})
LEFT = ids({"Items": [*MANY[:5], *MANY[45:]]})


class TestMoreExclusionsThanAUrlHolds:
    @pytest.mark.parametrize("page", [1, 2, 3, 4, 5, 6])
    def test_are_left_out_by_the_gateway(self, page: int) -> None:
        where = slot(default=f"{{query: {{}}, hide: {HIDDEN}}}")
        body = Shelf(MANY).shown(where, Asked(page=page))
        assert ids(body) == LEFT[20 * (page - 1) : 20 * page]
        assert (body["Meta"]["TotalCount"], body["Meta"]["TotalPages"]) == (110, 6)

    def test_are_left_out_of_a_search_too(self) -> None:
        where = slot(default=f"{{query: {{}}, hide: {HIDDEN}}}")
        body = Shelf(MANY).shown(where, Asked(params={"xp.odd": ("true",)}))
        assert body["Meta"]["TotalCount"] == 55
        assert not {*ids(body)} & {*HIDDEN}

    def test_do_not_let_a_fill_show_anything_twice(self) -> None:
        where = slot(default="{query: {xp.odd: true, pageSize: 80}, fill: {}}")
        body = Shelf(MANY).shown(where)
        odd, even = (
            [thing for thing in MANY if thing["xp"]["odd"] is wanted] for wanted in (True, False)
        )
        assert ids(body) == ids({"Items": [*odd, *even]})[:80]
        assert body["Meta"]["TotalCount"] == 150

    def test_do_not_let_a_fill_of_ids_show_anything_twice(self) -> None:
        ids_of_both = HIDDEN[:20]
        where = slot(
            default=f"{{query: {{ID: {ids_of_both}, pageSize: 40}}, fill: {{ID: {ids_of_both}}}}}"
        )
        assert ids(Shelf(MANY).shown(where)) == ids_of_both


SHELVES = {
    "new.yaml": """
placement: new
resource: me/products
default:
  query: {categoryID: new, sortBy: ID, pageSize: 5}
  pin: [watch-1, gone, p2]
  hide: p46
  boost: xp.rating
  bury: xp.margin
  fill: {categoryID: featured, sortBy: ID}
"""
}
PINS = "/v1/me/products?ID=watch-1|gone|p2"
OWN = (
    "/v1/me/products?ID=!p46&ID=!watch-1&ID=!gone&ID=!p2"
    "&categoryID=new&page=1&pageSize=5&sortBy=!xp.rating,xp.margin,ID"
)
FILL = (
    "/v1/me/products?ID=!p46&ID=!watch-1&ID=!gone&ID=!p2&ID=!p6&ID=!p53"
    "&categoryID=featured&page={}&pageSize=5&sortBy=ID"
)


class TestThroughTheGateway:
    async def test_the_storefront_sees_one_list(
        self, gateway: StartGateway, ordercloud: OrderCloud
    ) -> None:
        shop, token = await gateway(SHELVES), await ordercloud.token()
        pages = [await shop.get(f"/placements/new?page={page}", token) for page in (1, 2, 3)]
        assert [answers.ids(page) for page in pages] == [
            ["watch-1", "p2", "p6", "p53", "p1"],
            ["p12", "p24", "p3", "p36", "p48"],
            ["p60"],
        ]
        assert {page.json()["Meta"]["TotalCount"] for page in pages} == {11}

    async def test_ordercloud_is_asked_for_each_of_its_parts_once(
        self, gateway: StartGateway, ordercloud: OrderCloud
    ) -> None:
        shop, token = await gateway(SHELVES), await ordercloud.token()
        for _ in range(2):
            await shop.get("/placements/new", token)
        assert await ordercloud.lists() == [PINS, OWN, FILL.format(1)]

    @pytest.mark.parametrize(("page_fresh", "second"), [("1h", "fwd=miss"), ("0s", "hit")])
    async def test_it_is_no_fresher_than_the_least_fresh_of_its_parts(
        self, gateway: StartGateway, ordercloud: OrderCloud, page_fresh: str, second: str
    ) -> None:
        """Pages share their pins and differ in their fill: cached beside fetched, or stale."""
        cache = {"page_fresh": page_fresh, "page_revalidate": "1h"}
        shop, token = await gateway(SHELVES, cache=cache), await ordercloud.token()
        pages = [await shop.get(f"/placements/new?page={page}", token) for page in (1, 2)]
        assert [answers.caches(page)["page"] for page in pages] == ["fwd=miss", second]

    async def test_it_is_as_old_as_the_oldest_of_its_parts(
        self, gateway: StartGateway, ordercloud: OrderCloud
    ) -> None:
        shop, token = await gateway(SHELVES), await ordercloud.token()
        await answers.until(
            lambda: shop.get("/placements/new?page=1", token),
            lambda answer: int(answer.headers["age"]) >= 1,
        )
        assert FILL.format(2) not in await ordercloud.lists()
        second = await shop.get("/placements/new?page=2", token)
        assert FILL.format(2) in await ordercloud.lists()
        assert int(second.headers["age"]) >= 1
