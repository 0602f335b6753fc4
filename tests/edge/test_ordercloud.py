"""Lists and profiles as OrderCloud gives them. The faults of the line: test_http.py."""

import json
from typing import Any

import pytest

from proxy.edge.ordercloud import OrderCloud
from proxy.errors import OrderCloudRefused, UpstreamBroken
from proxy.model import ListQuery, Shopper
from tests import emulators
from tests.edge.conftest import Connect


@pytest.fixture
async def marketplace(ordercloud: emulators.OrderCloud, connect: Connect) -> OrderCloud:
    return OrderCloud(await connect(ordercloud.url))


@pytest.fixture
async def alice(ordercloud: emulators.OrderCloud) -> Shopper:
    return Shopper(
        token=await ordercloud.token("alice"),
        client_id=emulators.STOREFRONT,
        username="alice",
        order_id=None,
        roles=frozenset(),
        impersonator=None,
        expires_at=0.0,
    )


def _ids(body: bytes) -> list[str]:
    return [item["ID"] for item in json.loads(body)["Items"]]


async def test_a_list_is_the_very_bytes_that_ordercloud_wrote(
    marketplace: OrderCloud, alice: Shopper, ordercloud: emulators.OrderCloud
) -> None:
    query = ListQuery("me/products", (("pageSize", "3"), ("sortBy", "!Name")))
    page = await marketplace.fetch_list(query, alice)
    headers = {"authorization": f"Bearer {alice.token}"}
    direct = await ordercloud.http.get("/v1/me/products?pageSize=3&sortBy=!Name", headers=headers)
    assert (page.body, page.item_count) == (direct.content, 3)
    first, _ = await ordercloud.seen("/v1/me/products")
    assert first["query"] == "pageSize=3&sortBy=!Name"
    assert first["headers"]["authorization"] == f"Bearer {alice.token}"


async def test_without_parameters_there_is_no_question_mark(
    marketplace: OrderCloud, alice: Shopper, ordercloud: emulators.OrderCloud
) -> None:
    await marketplace.fetch_list(ListQuery("me/promotions", ()), alice)
    assert await ordercloud.lists() == ["/v1/me/promotions"]


async def test_ids_are_listed_in_their_order(marketplace: OrderCloud, alice: Shopper) -> None:
    query = ListQuery("me/products", (), order=("p3", "p1", "p2"), page=1, page_size=2)
    assert _ids((await marketplace.fetch_list(query, alice)).body) == ["p3", "p1"]


async def test_more_ids_than_one_request_holds_are_asked_for_side_by_side(
    marketplace: OrderCloud, alice: Shopper, ordercloud: emulators.OrderCloud
) -> None:
    order = tuple(f"p{number}" for number in range(150, 0, -1))
    page = await marketplace.fetch_list(ListQuery("me/products", (), order=order), alice)
    assert len(await ordercloud.lists()) == 2
    assert _ids(page.body) == sorted(_ids(page.body), key=lambda one: -int(one[1:]))
    assert _ids(page.body)[-1] == "p1"


@pytest.mark.parametrize(
    "body", ["", "<html>", "[]", '{"Items": {}}', "null", '{"Items": ' + "[" * 100_000]
)
@pytest.mark.parametrize("order", [(), ("p1",)])
async def test_what_is_no_list_is_an_error(
    marketplace: OrderCloud,
    alice: Shopper,
    ordercloud: emulators.OrderCloud,
    body: str,
    order: tuple[str, ...],
) -> None:
    await ordercloud.fail("/v1/me/products", body=body)
    with pytest.raises(UpstreamBroken):
        await marketplace.fetch_list(ListQuery("me/products", (), order=order), alice)


@pytest.mark.parametrize(
    ("status", "is_outage", "is_personal"),
    [
        (400, False, False),
        (401, False, True),
        (403, False, True),
        (404, False, False),
        (408, True, False),
        (429, True, False),
        (500, True, False),
        (503, True, False),
    ],
)
async def test_an_error_of_ordercloud_is_kept_whole(
    marketplace: OrderCloud,
    alice: Shopper,
    ordercloud: emulators.OrderCloud,
    *,
    status: int,
    is_outage: bool,
    is_personal: bool,
) -> None:
    headers = {"x-oc-logid": "e5a7", "x-internal": "1"}
    await ordercloud.fail("/v1/me", status=status, body='{"Errors":[]}', headers=headers)
    with pytest.raises(OrderCloudRefused) as raised:
        await marketplace.fetch_list(ListQuery("me/products", ()), alice)
    refusal = raised.value
    assert (refusal.answer_status, refusal.body) == (status, b'{"Errors":[]}')
    assert refusal.headers == {"content-type": "application/json", "x-oc-logid": "e5a7"}
    assert (refusal.is_outage, refusal.is_personal) == (is_outage, is_personal)
    assert alice.token not in repr(refusal)


@pytest.mark.parametrize("status", [201, 204, 206, 301, 302, 304])
async def test_neither_a_list_nor_an_error_makes_no_sense(
    marketplace: OrderCloud, alice: Shopper, ordercloud: emulators.OrderCloud, status: int
) -> None:
    await ordercloud.fail("/v1/me", status=status, body="")
    with pytest.raises(UpstreamBroken, match=str(status)):
        await marketplace.fetch_list(ListQuery("me/products", ()), alice)


async def test_the_profile_tells_what_the_token_does_not(
    marketplace: OrderCloud, alice: Shopper
) -> None:
    profile = await marketplace.fetch_profile(alice)
    assert (profile.buyer_id, profile.user_id) == ("acme", "alice")


async def test_the_groups_are_those_the_shopper_is_in(
    marketplace: OrderCloud, alice: Shopper
) -> None:
    assert await marketplace.fetch_groups(alice) == {"vip"}


@pytest.mark.parametrize(
    "fault",
    [
        {"body": '{"ID": "seller", "Buyer": null}'},
        {"body": "<html>"},
        {"body": '{"ID": 5, "Buyer": {"ID": "acme"}}'},
    ],
    ids=str,
)
async def test_a_profile_that_names_no_buyer_is_an_error(
    marketplace: OrderCloud,
    alice: Shopper,
    ordercloud: emulators.OrderCloud,
    fault: dict[str, Any],
) -> None:
    await ordercloud.fail("/v1/me", **fault)
    with pytest.raises(UpstreamBroken):
        await marketplace.fetch_profile(alice)
