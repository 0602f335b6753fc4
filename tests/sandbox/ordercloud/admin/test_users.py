from tests.sandbox.ordercloud.conftest import PASSWORD, OrderCloud

DAVE = {
    "ID": "dave",
    "Username": "dave",
    "Password": PASSWORD,
    "FirstName": "Dave",
    "LastName": "Doe",
    "Email": "dave@example.com",
    "Active": True,
}


async def test_a_new_user_logs_in_and_their_password_is_not_shown(oc: OrderCloud) -> None:
    admin = await oc.admin()
    user = await admin.ok("POST", "/buyers/acme/users", DAVE)
    assert (user["CompanyID"], user["Password"]) == ("acme", None)
    assert user["PasswordLastSetDate"]
    assert "Shopper" in user["AvailableRoles"]
    dave = await oc.log_in("dave")
    assert (await dave.get("/me"))["ID"] == "dave"


async def test_a_username_is_taken_over_all_companies(oc: OrderCloud) -> None:
    admin = await oc.admin()
    twin = {**DAVE, "Username": "Carol"}
    refused = await admin.refusal("POST", "/buyers/acme/users", twin)
    assert refused == (400, "User.UsernameMustBeUnique")
    renamed = await admin.refusal("PATCH", "/buyers/acme/users/bob", {"Username": "alice"})
    assert renamed == (400, "User.UsernameMustBeUnique")


async def test_the_list_narrows_to_a_group(oc: OrderCloud) -> None:
    admin = await oc.admin()
    assert await admin.ids("/buyers/acme/users?userGroupID=vip") == ["alice"]
    assert {"alice", "bob"} <= set(await admin.ids("/buyers/acme/users"))


async def test_a_default_context_user_cannot_be_deleted(oc: OrderCloud) -> None:
    admin = await oc.admin()
    refused = await admin.refusal("DELETE", "/buyers/acme/users/guest-template")
    assert refused == (400, "User.CannotDeleteDefaultContextUser")


async def test_a_deleted_or_deactivated_user_s_token_ends(oc: OrderCloud) -> None:
    admin, alice, bob = await oc.admin(), await oc.log_in("alice"), await oc.log_in("bob")
    await admin.ok("DELETE", "/buyers/acme/users/alice")
    await admin.ok("PATCH", "/buyers/acme/users/bob", {"Active": False})
    for caller in (alice, bob):
        assert await caller.refusal("GET", "/me") == (401, "InvalidToken")


async def test_an_administrator_ends_a_user_s_sessions(oc: OrderCloud) -> None:
    admin, alice = await oc.admin(), await oc.log_in("alice")
    await admin.ok("DELETE", "/buyers/acme/users/alice/tokens")
    assert await alice.refusal("GET", "/me") == (401, "Auth.TokenRevoked")
