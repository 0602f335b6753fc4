"""Shoppers of one buyer and one set of groups share what is kept, and nobody else: real sockets."""

import asyncio
import itertools
from typing import Any

import httpx2
import pytest

from tests.answers import caches, until
from tests.conftest import StartGateway
from tests.emulators import OrderCloud
from tests.servers import ADMIN_KEY, Gateway

_RULES = {
    "list.yaml": """
placement: list
resource: me/products
scope: groups
default: {query: {pageSize: 5}}
""",
    "tree.yaml": """
placement: tree
resource: me/categories
scope: groups
default: {query: {}}
""",
    "pinned.yaml": """
placement: pinned
resource: me/products
scope: groups
default: {query: {categoryID: featured, pageSize: 4}, pin: [p5], fill: {categoryID: sale}}
""",
    "alone.yaml": """
placement: alone
resource: me/products
scope: shopper
default: {query: {pageSize: 5}}
""",
    "usual.yaml": """
placement: usual
resource: me/products
default: {query: {pageSize: 5}}
""",
}


@pytest.fixture
async def shop(gateway: StartGateway) -> Gateway:
    return await gateway(_RULES)


async def listed(ordercloud: OrderCloud, path: str = "/v1/me/products") -> int:
    """Return how often OrderCloud was asked for a list."""
    return len(await ordercloud.seen(path))


class TestWhoShares:
    async def test_users_of_one_buyer_and_the_same_groups_do(
        self, shop: Gateway, ordercloud: OrderCloud
    ) -> None:
        dora = await ordercloud.join("dora", group="vip")
        first = await shop.get("/placements/list", await ordercloud.token("alice"))
        second = await shop.get("/placements/list", dora)
        assert (caches(first), caches(second)) == ({"page": "fwd=miss"}, {"page": "hit"})
        assert second.content == first.content
        assert await listed(ordercloud) == 1

    @pytest.mark.parametrize("name", ["tree", "pinned"])
    async def test_they_share_categories_and_put_together_lists_too(
        self, shop: Gateway, ordercloud: OrderCloud, name: str
    ) -> None:
        dora = await ordercloud.join("dora", group="vip")
        await shop.get(f"/placements/{name}", await ordercloud.token("alice"))
        assert caches(await shop.get(f"/placements/{name}", dora)) == {"page": "hit"}

    async def test_users_of_other_groups_or_buyers_do_not(
        self, shop: Gateway, ordercloud: OrderCloud
    ) -> None:
        for user in ("alice", "bob", "carol", None):
            answer = await shop.get("/placements/list", await ordercloud.token(user))
            assert caches(answer) == {"page": "fwd=miss"}
        assert await listed(ordercloud) == 4

    async def test_users_do_not_where_the_placement_does_not_permit_it(
        self, shop: Gateway, ordercloud: OrderCloud
    ) -> None:
        dora = await ordercloud.join("dora", group="vip")
        await shop.get("/placements/usual", await ordercloud.token("alice"))
        assert caches(await shop.get("/placements/usual", dora)) == {"page": "fwd=miss"}

    async def test_nobody_does_where_the_placement_forbids_it(
        self, shop: Gateway, ordercloud: OrderCloud
    ) -> None:
        for _ in range(2):
            answer = await shop.get("/placements/alone", await ordercloud.token())
            assert caches(answer) == {"page": "fwd=miss"}

    async def test_a_shopper_who_logs_in_moves_at_once(
        self, shop: Gateway, ordercloud: OrderCloud
    ) -> None:
        before = await shop.get("/placements/list", await ordercloud.token())
        after = await shop.get("/placements/list", await ordercloud.token("alice"))
        again = await shop.get("/placements/list", await ordercloud.token())
        assert caches(after) == {"page": "fwd=miss"}
        assert caches(again) == {"page": "hit"}
        assert before.content == again.content != after.content


async def test_an_answer_is_as_old_as_what_is_known_of_who_may_see_it(
    gateway: StartGateway, ordercloud: OrderCloud
) -> None:
    rules = {
        **_RULES,
        "grouped.yaml": """
placement: grouped
resource: me/products
rules: [{name: members, when: {group: vip}, query: {categoryID: new}}]
default: {query: {}}
""",
    }
    shop, alice = await gateway(rules), await ordercloud.token("alice")
    sizes = itertools.count(1)
    answer = await until(
        lambda: shop.get(f"/placements/grouped?pageSize={next(sizes)}", alice),
        lambda answer: int(answer.headers["age"]) > 0,
    )
    assert caches(answer) == {"page": "fwd=miss"}
    answer = await shop.get("/placements/list", alice)
    assert caches(answer) == {"page": "fwd=miss"}
    assert int(answer.headers["age"]) > 0


async def test_who_leaves_a_group_leaves_its_pages_once_that_is_told(
    shop: Gateway, ordercloud: OrderCloud
) -> None:
    alice = await ordercloud.token("alice")
    before = await shop.get("/placements/list", alice)
    await ordercloud.leave("alice", group="vip")
    assert (await shop.get("/placements/list", alice)).content == before.content
    headers = {"authorization": f"Bearer {ADMIN_KEY}"}
    told = {"tags": ["guest:acme-alice"]}  # as the webhook of such a change does
    (await shop.admin.post("/purge", json=told, headers=headers)).raise_for_status()
    after = await shop.get("/placements/list", alice)
    assert caches(after) == {"page": "fwd=miss"}
    assert _prices(after) != _prices(before)


class TestInDoubt:
    @pytest.mark.parametrize("fault", [{"status": 500}, {"status": 404}, {"body": "{}"}], ids=str)
    async def test_nothing_is_shared_while_the_groups_cannot_be_learnt(
        self, shop: Gateway, ordercloud: OrderCloud, fault: dict[str, Any]
    ) -> None:
        dora = await ordercloud.join("dora", group="vip")
        await ordercloud.fail("/v1/me/usergroups", **fault)
        for token in (await ordercloud.token("alice"), dora):
            answer = await shop.get("/placements/list", token)
            assert caches(answer) == {"page": "fwd=miss"}

    async def test_a_page_is_shared_only_if_its_fetcher_is_still_of_the_scope(
        self, shop: Gateway, ordercloud: OrderCloud
    ) -> None:
        dora, alice = await ordercloud.join("dora", group="vip"), await ordercloud.token("alice")
        await shop.get("/placements/tree", alice)
        await ordercloud.leave("alice", group="vip")
        left = await shop.get("/placements/list", alice)
        stayed = await shop.get("/placements/list", dora)
        assert caches(stayed) == {"page": "fwd=miss"}
        assert _prices(stayed) != _prices(left)

    async def test_who_waits_for_a_page_whose_fetcher_left_the_scope_gets_their_own(
        self, shop: Gateway, ordercloud: OrderCloud
    ) -> None:
        dora, alice = await ordercloud.join("dora", group="vip"), await ordercloud.token("alice")
        for token in (alice, dora):
            await shop.get("/placements/tree", token)
        await ordercloud.fail("/v1/me/products", latency_ms=400)
        async with asyncio.TaskGroup() as group:
            leading = group.create_task(shop.get("/placements/list", alice))
            await until(lambda: ordercloud.seen("/v1/me/products"), bool)
            waiting = group.create_task(shop.get("/placements/list", dora))
            await ordercloud.leave("alice", group="vip")
        assert _prices(leading.result()) != _prices(waiting.result())
        await ordercloud.recover()
        later = await shop.get("/placements/list", await ordercloud.join("eve", group="vip"))
        assert caches(later) == {"page": "hit"}
        assert later.content == waiting.result().content

    async def test_who_left_a_group_is_remembered_as_such_once_that_is_seen(
        self, shop: Gateway, ordercloud: OrderCloud
    ) -> None:
        dora, alice = await ordercloud.join("dora", group="vip"), await ordercloud.token("alice")
        await shop.get("/placements/tree", alice)
        await ordercloud.leave("alice", group="vip")
        await shop.get("/placements/list", alice)
        await shop.get("/placements/list", dora)
        again = await shop.get("/placements/list", alice)
        assert _prices(again) != _prices(await shop.get("/placements/list", dora))

    async def test_a_page_stays_its_fetchers_own_if_nobody_says_whose_it_is(
        self, shop: Gateway, ordercloud: OrderCloud
    ) -> None:
        dora, alice = await ordercloud.join("dora", group="vip"), await ordercloud.token("alice")
        for token in (alice, dora):
            await shop.get("/placements/tree", token)
        await ordercloud.fail("/v1/me/usergroups", status=500)
        for token in (alice, dora):
            answer = await shop.get("/placements/list", token)
            assert (answer.status_code, caches(answer)) == (200, {"page": "fwd=miss"})
        assert caches(await shop.get("/placements/list", alice)) == {"page": "hit"}


def _prices(answer: httpx2.Response) -> list[str]:
    return [item["PriceSchedule"]["ID"] for item in answer.json()["Items"]]
