import pytest

from tests.sandbox.ordercloud.conftest import OrderCloud


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/hook",
        "http://127.0.0.1:9/hook",
        "http://localhost:9/hook",
        "http://[::1]:9/hook",
    ],
)
async def test_a_receiver_is_https_or_on_this_machine(oc: OrderCloud, url: str) -> None:
    admin = await oc.admin()
    assert (await admin.ok("POST", "/webhooks", {"Name": "X", "Url": url}))["Url"] == url


@pytest.mark.parametrize("url", ["http://example.com/hook", "http://10.0.0.1/", "ftp://x", "hook"])
async def test_other_receivers_are_refused(oc: OrderCloud, url: str) -> None:
    admin = await oc.admin()
    refused = await admin.refusal("POST", "/webhooks", {"Name": "X", "Url": url})
    assert refused == (400, "Webhook.UrlSchemeHttps")


async def test_a_new_api_client_is_logged_in_with(oc: OrderCloud) -> None:
    admin = await oc.admin()
    client = {
        "AppName": "X",
        "Active": True,
        "AccessTokenDuration": 10,
        "IsAnonBuyer": True,
        "DefaultContextUserName": "guest-template",
    }
    created = await admin.ok("POST", "/apiclients", client)
    answer = await oc.token(grant_type="client_credentials", client_id=created["ID"])
    assert answer.json()["expires_in"] == created["AnonymousTokenDuration"] * 60 - 1
    assert await admin.ids(f"/apiclients?ID={created['ID']}") == [created["ID"]]


@pytest.mark.parametrize(
    ("username", "refusal"),
    [
        ("admin", (400, "ApiClient.RequiredNotAnonBuyer")),
        (None, (400, "ApiClient.RequiredNotAnonBuyer")),
        ("nobody", (404, "User.NotFound")),
    ],
)
async def test_anonymous_shopping_needs_a_buyer_s_user(
    oc: OrderCloud, username: str | None, refusal: tuple[int, str]
) -> None:
    admin = await oc.admin()
    client = {"AppName": "X", "AccessTokenDuration": 10, "IsAnonBuyer": True}
    wanted = {**client, "DefaultContextUserName": username}
    assert await admin.refusal("POST", "/apiclients", wanted) == refusal
