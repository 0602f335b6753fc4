"""The keys behind the tokens, and the identity token."""

from typing import Any

import jwt
import pytest

from tests.sandbox.ordercloud.conftest import BASE_URL, OrderCloud


def kid(token: str) -> str | None:
    return jwt.get_unverified_header(token).get("kid")


async def verified(oc: OrderCloud, token: str) -> dict[str, Any]:
    """Verify a token as a third party does: with the key that its header names."""
    certificate = (await oc.client.get(f"/oauth/certs/{kid(token)}")).json()
    return jwt.decode(token, jwt.PyJWK(certificate), algorithms=["RS256"], audience=BASE_URL)


async def test_tokens_can_be_verified_with_the_key_they_name(oc: OrderCloud) -> None:
    alice = await oc.log_in("alice")

    assert (await verified(oc, alice.token))["usr"] == "alice"
    header = jwt.get_unverified_header(alice.token)
    assert (header["alg"], header["typ"]) == ("RS256", "JWT")


async def test_a_certificate_is_one_public_jwk(oc: OrderCloud) -> None:
    alice = await oc.log_in("alice")

    certificate = (await oc.client.get(f"/oauth/certs/{kid(alice.token)}")).json()

    assert certificate.keys() == {"kty", "use", "alg", "kid", "n", "e"}
    assert certificate["kid"] == kid(alice.token)


async def test_an_unknown_key_is_not_found(oc: OrderCloud) -> None:
    answer = await oc.client.get("/oauth/certs/unknown")

    assert answer.status_code == 404
    assert answer.json()["Errors"][0]["ErrorCode"] == "NotFound"


async def test_after_rotation_old_and_new_tokens_are_good(oc: OrderCloud) -> None:
    before = await oc.log_in("alice")
    rotated = (await oc.client.post("/_sandbox/keys")).json()["kid"]
    after = await oc.log_in("alice")

    assert kid(before.token) != kid(after.token) == rotated
    for caller in (before, after):
        assert (await caller.get("/me"))["ID"] == "alice"
        assert (await verified(oc, caller.token))["usr"] == "alice"


async def test_forgotten_keys_take_their_tokens_with_them(oc: OrderCloud) -> None:
    before = await oc.log_in("alice")
    await before.get("/me")
    await oc.client.post("/_sandbox/keys")
    after = await oc.log_in("alice")

    await oc.client.delete("/_sandbox/keys")

    assert await before.refusal("GET", "/me") == (401, "InvalidToken")
    assert (await oc.client.get(f"/oauth/certs/{kid(before.token)}")).status_code == 404
    assert (await after.get("/me"))["ID"] == "alice"


async def test_reset_undoes_a_rotation_and_keeps_tokens(oc: OrderCloud) -> None:
    before = await oc.log_in("alice")
    await oc.client.post("/_sandbox/keys")
    during = await oc.log_in("alice")

    await oc.client.post("/_sandbox/reset")

    assert (await before.get("/me"))["ID"] == "alice"
    assert await during.refusal("GET", "/me") == (401, "InvalidToken")


async def test_tokens_without_kid_are_good_too(oc: OrderCloud) -> None:
    await oc.client.put("/_sandbox/options", json={"token_kid": False})
    alice = await oc.log_in("alice")
    await oc.client.post("/_sandbox/keys")

    assert kid(alice.token) is None
    assert (await alice.get("/me"))["ID"] == "alice"


@pytest.mark.parametrize("verb", ["GET", "POST"])
async def test_the_identity_token_says_what_decides_visibility(oc: OrderCloud, verb: str) -> None:
    alice = await oc.log_in("alice")

    answer = await oc.client.request(
        verb, "/oauth/userinfo", headers={"Authorization": f"Bearer {alice.token}"}
    )

    assert answer.json()["expires_in"] == 600
    said = await verified(oc, answer.json()["identity_token"])
    assert said["sub"] == "alice"
    assert said["marketplaceID"] == "demo"
    assert said["companyID"] == "acme"
    assert said["groups"] == ["vip"]
    assert said["currency"] == "USD"
    assert "Shopper" in said["availableroles"]


async def test_an_anonymous_shopper_has_the_template_users_identity(oc: OrderCloud) -> None:
    guest = await oc.anonymous()

    answer = await oc.client.get(
        "/oauth/userinfo", headers={"Authorization": f"Bearer {guest.token}"}
    )

    said = await verified(oc, answer.json()["identity_token"])
    assert (said["sub"], said["companyID"], said["groups"]) == ("guest-template", "acme", [])


async def test_an_identity_token_is_no_access_token(oc: OrderCloud) -> None:
    alice = await oc.log_in("alice")
    answer = await oc.client.get(
        "/oauth/userinfo", headers={"Authorization": f"Bearer {alice.token}"}
    )

    forged = type(alice)(oc.client, answer.json()["identity_token"])

    assert await forged.refusal("GET", "/me") == (401, "InvalidToken")


async def test_userinfo_wants_a_token(oc: OrderCloud) -> None:
    answer = await oc.client.get("/oauth/userinfo")

    assert answer.status_code == 401
    assert answer.json()["Errors"][0]["ErrorCode"] == "InvalidToken"
