"""What shoppers write of themselves."""

import jwt
import pytest

from tests.sandbox.ordercloud.conftest import Caller, OrderCloud

DORA = {
    "Username": "dora",
    "Password": "Secret1234",
    "FirstName": "Dora",
    "LastName": "Doe",
    "Email": "dora@example.com",
    "Active": True,
}


async def register(guest: Caller, **changes: object) -> Caller:
    """Register the anonymous shopper and return them as the user they have become."""
    path = f"/me/register?anonUserToken={guest.token}"
    answer = await guest.ok("PUT", path, DORA | changes)
    assert answer.keys() == {"access_token"}
    return Caller(guest.client, answer["access_token"])


async def test_registering_makes_a_user_of_the_template_users_company(oc: OrderCloud) -> None:
    dora = await register(await oc.anonymous())

    me = await dora.get("/me")
    assert (me["Username"], me["CompanyID"], me["Password"]) == ("dora", "acme", None)
    again = await oc.log_in("dora", password="Secret1234")
    assert (await again.get("/me"))["ID"] == me["ID"]


async def test_registering_keeps_the_cart(oc: OrderCloud) -> None:
    guest = await oc.anonymous()
    await guest.ok("POST", "/cart/lineitems", {"ProductID": "p1", "Quantity": 2})
    cart = await guest.get("/cart")

    dora = await register(guest)

    theirs = await dora.get("/cart")
    assert (theirs["ID"], theirs["Subtotal"]) == (cart["ID"], cart["Subtotal"])
    assert theirs["FromUser"]["Username"] == "dora"


async def test_after_registering_the_old_token_cannot_take_the_cart_back(oc: OrderCloud) -> None:
    guest = await oc.anonymous()
    await guest.ok("POST", "/cart/lineitems", {"ProductID": "p1"})
    dora = await register(guest)
    cart = await dora.get("/cart")

    assert (await guest.get("/cart"))["ID"] is None
    await guest.ok("POST", "/cart/lineitems", {"ProductID": "p2"})

    assert await dora.get("/cart") == cart
    assert (await guest.get("/cart"))["ID"] != cart["ID"]


async def test_only_anonymous_shoppers_register(oc: OrderCloud) -> None:
    alice, guest = await oc.log_in("alice"), await oc.anonymous()

    for_alice = await alice.refusal("PUT", f"/me/register?anonUserToken={guest.token}", DORA)
    assert for_alice == (400, "User.IsNotTemp")
    for token in ("", "nonsense", alice.token):
        refusal = await guest.refusal("PUT", f"/me/register?anonUserToken={token}", DORA)
        assert refusal == (400, "Auth.MustPassAnonUserToken")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"Username": "ALICE"}, "User.UsernameMustBeUnique"),
        ({"Username": None}, "ValidationFailure"),
        ({"Email": ""}, "ValidationFailure"),
        ({"FirstName": "x" * 101}, "ValidationFailure"),
        ({"Password": "short1"}, "Auth.InsecurePassword"),
    ],
)
async def test_a_registration_is_checked(
    oc: OrderCloud, changes: dict[str, object], code: str
) -> None:
    guest = await oc.anonymous()

    path = f"/me/register?anonUserToken={guest.token}"

    assert await guest.refusal("PUT", path, DORA | changes) == (400, code)


async def test_logging_in_takes_the_anonymous_cart_along(oc: OrderCloud) -> None:
    guest, alice = await oc.anonymous(), await oc.log_in("alice")
    await guest.ok("POST", "/cart/lineitems", {"ProductID": "p1"})
    cart_id = (await guest.get("/cart"))["ID"]

    answer = await alice.call("PUT", f"/me/orders?anonUserToken={guest.token}")

    assert answer.status_code == 204
    assert (await alice.get("/cart"))["ID"] == cart_id


async def test_a_cart_is_only_taken_from_an_anonymous_shopper(oc: OrderCloud) -> None:
    alice, bob = await oc.log_in("alice"), await oc.log_in("bob")
    await bob.ok("POST", "/cart/lineitems", {"ProductID": "p1"})

    refusal = await alice.refusal("PUT", f"/me/orders?anonUserToken={bob.token}")

    assert refusal == (400, "Auth.MustPassAnonUserToken")
    assert (await alice.get("/cart"))["ID"] is None


async def test_a_profile_is_patched_and_its_xp_merged(oc: OrderCloud) -> None:
    alice = await oc.log_in("alice")

    await alice.ok("PATCH", "/me", {"FirstName": "Alicia", "xp": {"size": {"shoe": 39}}})
    me = await alice.ok("PATCH", "/me", {"xp": {"size": {"coat": "M"}}})

    assert me["FirstName"] == "Alicia"
    assert me["xp"] == {"size": {"shoe": 39, "coat": "M"}}
    assert me == await alice.get("/me")


async def test_saving_a_profile_replaces_it(oc: OrderCloud) -> None:
    alice = await oc.log_in("alice")
    await alice.ok("PATCH", "/me", {"Phone": "123", "xp": {"a": 1}})

    me = await alice.ok(
        "PUT",
        "/me",
        {
            "Username": "alice",
            "FirstName": "A",
            "LastName": "B",
            "Email": "a@b.c",
            "Active": True,
        },
    )

    assert (me["ID"], me["FirstName"], me["Phone"], me["xp"]) == ("alice", "A", None, None)


async def test_users_that_are_switched_off_are_out_at_once(oc: OrderCloud) -> None:
    alice = await oc.log_in("alice")

    await alice.ok("PATCH", "/me", {"Active": False})

    assert await alice.refusal("GET", "/me") == (401, "InvalidToken")
    login = await oc.token(grant_type="password", username="alice", password="Password123!")
    assert login.json()["Errors"][0]["ErrorCode"] == "Auth.UserNotActive"


async def test_a_new_password_replaces_the_old(oc: OrderCloud) -> None:
    alice = await oc.log_in("alice")

    answer = await alice.call("POST", "/me/password", {"NewPassword": "Different1"})

    assert answer.status_code == 204
    old = await oc.token(grant_type="password", username="alice", password="Password123!")
    new = await oc.token(grant_type="password", username="alice", password="Different1")
    assert (old.status_code, new.status_code) == (400, 200)


async def test_revoking_ends_every_session_but_not_the_next(oc: OrderCloud) -> None:
    login = {"grant_type": "password", "username": "alice", "password": "Password123!"}
    refresh_token = (await oc.token(**login)).json()["refresh_token"]
    phone, laptop = await oc.log_in("alice"), await oc.log_in("alice")
    bob = await oc.log_in("bob")

    assert (await phone.call("DELETE", "/me/tokens")).status_code == 204
    later = await oc.log_in("alice")

    for caller in (phone, laptop):
        assert await caller.refusal("GET", "/me") == (401, "Auth.TokenRevoked")
    refreshed = await oc.token(grant_type="refresh_token", refresh_token=refresh_token)
    assert refreshed.status_code == 400
    for caller in (later, bob):
        assert (await caller.call("GET", "/me")).status_code == 200


@pytest.mark.parametrize(
    ("verb", "path"),
    [
        ("PUT", "/me"),
        ("PATCH", "/me"),
        ("POST", "/me/password"),
        ("DELETE", "/me/tokens"),
        ("PUT", "/me/orders?anonUserToken=x"),
        ("GET", "/me/orders"),
    ],
)
async def test_some_things_are_not_for_anonymous_shoppers(
    oc: OrderCloud, verb: str, path: str
) -> None:
    guest = await oc.anonymous()

    assert await guest.refusal(verb, path, DORA) == (403, "Auth.AnonUserProhibited")


async def test_the_seller_acts_as_a_shopper(oc: OrderCloud) -> None:
    admin = await oc.admin()

    answer = await admin.ok(
        "POST",
        "/buyers/acme/users/alice/accesstoken",
        {"ClientID": "storefront-client", "Roles": ["Shopper", "FullAccess"]},
    )

    said = jwt.decode(answer["access_token"], options={"verify_signature": False})
    assert (said["usr"], said["role"]) == ("alice", "Shopper")
    assert said["imp"]
    acting = Caller(oc.client, answer["access_token"])
    assert "watch-11" in await acting.ids("/me/products?categoryID=mens-watches")


async def test_shoppers_do_not_impersonate(oc: OrderCloud) -> None:
    alice = await oc.log_in("alice")
    request = {"ClientID": "storefront-client", "Roles": ["Shopper"]}

    refusal = await alice.refusal("POST", "/buyers/acme/users/bob/accesstoken", request)

    assert refusal == (403, "Auth.InsufficientRoles")
