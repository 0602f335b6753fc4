"""`POST /oauth/token` and what its tokens are good for."""

from typing import Any

import httpx2
import jwt
import pytest

from tests.sandbox.ordercloud.conftest import BASE_URL, PASSWORD, OrderCloud


def claims(token: str) -> dict[str, Any]:
    return jwt.decode(token, options={"verify_signature": False})


def oauth_error(answer: httpx2.Response) -> tuple[int, str, str]:
    body = answer.json()
    return answer.status_code, body["error"], body["Errors"][0]["ErrorCode"]


async def test_a_user_logs_in_with_a_password(oc: OrderCloud) -> None:
    answer = await oc.token(grant_type="password", username="alice", password=PASSWORD)

    body = answer.json()
    assert answer.status_code == 200
    assert body["token_type"] == "bearer"
    assert body["expires_in"] == 35_999
    assert body["refresh_token"]


async def test_the_token_says_who_but_neither_buyer_nor_groups(oc: OrderCloud) -> None:
    alice = await oc.log_in("alice")

    said = claims(alice.token)
    assert said["usr"] == "alice"
    assert said["cid"] == "storefront-client"
    assert said["usrtype"] == "buyer"
    assert "Shopper" in said["role"]
    assert (said["iss"], said["aud"]) == ("https://auth.ordercloud.io", BASE_URL)
    assert said["exp"] - said["nbf"] == 36_000
    assert not {"orderid", "imp", "buyer", "groups"} & said.keys()


async def test_a_single_role_is_a_plain_string(oc: OrderCloud) -> None:
    alice = await oc.log_in("alice", scope="Shopper")

    assert claims(alice.token)["role"] == "Shopper"


async def test_scopes_that_the_user_has_not_are_left_out(oc: OrderCloud) -> None:
    alice = await oc.log_in("alice", scope="Shopper FullAccess MeAdmin")

    assert claims(alice.token)["role"] == ["Shopper", "MeAdmin"]


async def test_only_scopes_that_the_user_has_not_are_refused(oc: OrderCloud) -> None:
    answer = await oc.token(
        grant_type="password", username="alice", password=PASSWORD, scope="FullAccess"
    )

    assert oauth_error(answer) == (400, "invalid_scope", "Auth.UnauthorizedRole")


async def test_full_access_covers_every_scope(oc: OrderCloud) -> None:
    answer = await oc.token(
        grant_type="client_credentials",
        client_id="admin-client",
        client_secret="admin-secret",
        scope="ProductReader OrderAdmin",
    )

    assert claims(answer.json()["access_token"])["role"] == ["ProductReader", "OrderAdmin"]


@pytest.mark.parametrize(
    ("form", "error", "code"),
    [
        (
            {"grant_type": "password", "username": "alice", "password": "wrong"},
            "invalid_grant",
            "Auth.InvalidUsernameOrPassword",
        ),
        (
            {"grant_type": "password", "username": "nobody", "password": PASSWORD},
            "invalid_grant",
            "Auth.InvalidUsernameOrPassword",
        ),
        (
            {"grant_type": "password", "username": "admin", "password": PASSWORD},
            "invalid_grant",
            "Auth.InvalidUsernameOrPassword",
        ),
        (
            {"grant_type": "password", "username": "alice"},
            "invalid_grant",
            "Auth.UsernameAndPasswordRequired",
        ),
        (
            {"grant_type": "client_credentials", "client_id": "unknown"},
            "invalid_client",
            "ApiClient.InvalidClientID",
        ),
        (
            {
                "grant_type": "client_credentials",
                "client_id": "admin-client",
                "client_secret": "wrong",
            },
            "invalid_client",
            "ApiClient.InvalidClientID",
        ),
        (
            {"grant_type": "client_credentials", "client_id": "admin-client"},
            "invalid_client",
            "ApiClient.InvalidClientID",
        ),
        (
            {"grant_type": "refresh_token", "refresh_token": "made-up"},
            "invalid_grant",
            "Auth.OauthError",
        ),
        ({"grant_type": "device_code"}, "unsupported_grant_type", "Auth.OauthError"),
    ],
)
async def test_wrong_credentials_are_refused(
    oc: OrderCloud, form: dict[str, str], error: str, code: str
) -> None:
    assert oauth_error(await oc.token(**form)) == (400, error, code)


async def test_a_client_that_is_switched_off_logs_nobody_in(oc: OrderCloud) -> None:
    admin = await oc.admin()
    await admin.ok("PATCH", "/apiclients/storefront-client", {"Active": False})

    answer = await oc.token(grant_type="client_credentials")

    assert oauth_error(answer) == (400, "invalid_client", "Auth.ClientNotActive")


async def test_only_forms_are_read(oc: OrderCloud) -> None:
    answer = await oc.client.post("/oauth/token", json={"grant_type": "password"})

    assert oauth_error(answer) == (400, "invalid_request", "Request.InvalidContentType")


async def test_a_client_secret_logs_in_the_default_context_user(oc: OrderCloud) -> None:
    admin = await oc.admin()

    assert claims(admin.token)["usrtype"] == "admin"
    assert (await admin.get("/me"))["Username"] == "admin"


async def test_without_a_secret_shoppers_are_anonymous_each_with_an_order(oc: OrderCloud) -> None:
    first, second = await oc.anonymous(), await oc.anonymous()

    said = claims(first.token)
    assert said["usr"] == "guest-template"
    assert said["exp"] - said["nbf"] == 7 * 86_400
    assert said["orderid"] != claims(second.token)["orderid"]
    assert (await first.get("/me"))["Username"] == "guest-template"


async def test_anonymous_shoppers_get_no_refresh_token(oc: OrderCloud) -> None:
    answer = await oc.token(grant_type="client_credentials")

    assert "refresh_token" not in answer.json()


async def test_a_refresh_token_gives_a_new_access_token_with_the_same_roles(oc: OrderCloud) -> None:
    login = await oc.token(
        grant_type="password", username="alice", password=PASSWORD, scope="Shopper"
    )
    refresh_token = login.json()["refresh_token"]

    answer = await oc.token(grant_type="refresh_token", refresh_token=refresh_token)

    assert answer.json()["refresh_token"] == refresh_token
    assert claims(answer.json()["access_token"])["role"] == "Shopper"


async def test_a_refresh_token_is_good_for_its_own_client_only(oc: OrderCloud) -> None:
    login = await oc.token(grant_type="password", username="alice", password=PASSWORD)

    answer = await oc.token(
        grant_type="refresh_token",
        client_id="admin-client",
        refresh_token=login.json()["refresh_token"],
    )

    assert oauth_error(answer) == (400, "invalid_grant", "Auth.OauthError")


async def test_tokens_expire_by_the_sandbox_clock(oc: OrderCloud) -> None:
    login = (await oc.token(grant_type="password", username="alice", password=PASSWORD)).json()
    alice = await oc.log_in("alice")
    expires_at = claims(alice.token)["exp"]

    await oc.client.put("/_sandbox/clock", json={"now": expires_at - 5})
    assert (await alice.call("GET", "/me")).status_code == 200

    await oc.client.put("/_sandbox/clock", json={"now": expires_at + 1})
    assert await alice.refusal("GET", "/me") == (401, "InvalidToken")

    refreshed = await oc.token(grant_type="refresh_token", refresh_token=login["refresh_token"])
    assert refreshed.status_code == 200

    await oc.client.put("/_sandbox/clock", json={"now": expires_at + 7200 * 60})
    late = await oc.token(grant_type="refresh_token", refresh_token=login["refresh_token"])
    assert oauth_error(late) == (400, "invalid_grant", "Auth.OauthError")
