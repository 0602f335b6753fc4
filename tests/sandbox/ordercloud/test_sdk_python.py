"""The third-party ordercloud-python runs against the sandbox as it comes from PyPI."""

import pytest
from ordercloud import OrderCloudClient
from ordercloud.errors import AuthenticationError, OrderCloudError
from ordercloud.models.line_item import LineItem


def anonymous(url: str) -> OrderCloudClient:
    return OrderCloudClient.create(
        client_id="storefront-client",
        client_secret="",
        base_url=f"{url}/v1",
        auth_url=f"{url}/oauth/token",
        scopes=["Shopper"],
    )


def seller(url: str) -> OrderCloudClient:
    return OrderCloudClient.create(
        client_id="admin-client",
        client_secret="admin-secret",
        base_url=f"{url}/v1",
        auth_url=f"{url}/oauth/token",
    )


async def test_a_shopper_browses_and_buys(oc_url: str) -> None:
    async with anonymous(oc_url) as client:
        page = await client.me.list_products(
            category_id="mens-watches",
            sort_by="!xp.rating,Name",
            page_size=3,
            filters={"ID": "!watch-1", "xp.rating": ">=3"},
        )
        assert 0 < len(page.items) <= 3
        assert "watch-1" not in {product.id for product in page.items}

        await client.cart.create_line_item(LineItem(product_id=page.items[0].id, quantity=2))
        order = await client.cart.submit()
        assert order.is_submitted
        assert order.line_item_count == 1


async def test_the_seller_lists_products(oc_url: str) -> None:
    async with seller(oc_url) as client:
        page = await client.products.list(search="boot", page_size=1, filters={"Active": True})

        assert page.meta.total_count > 1
        assert page.items[0].owner_id == "demo"


async def test_errors_are_the_librarys_own(oc_url: str) -> None:
    async with anonymous(oc_url) as client:
        with pytest.raises(OrderCloudError) as missing:
            await client.me.get_product("watch-11")
        assert missing.value.status_code == 404
        assert missing.value.errors[0].error_code == "NotFound"

        with pytest.raises(AuthenticationError) as forbidden:
            await client.products.list()
        assert forbidden.value.errors[0].error_code == "Auth.InsufficientRoles"
