from tests.sandbox.ordercloud.conftest import OrderCloud


async def test_a_buyer_without_default_catalog_gets_one_of_its_own(oc: OrderCloud) -> None:
    admin = await oc.admin()
    buyer = await admin.ok("POST", "/buyers", {"ID": "initech", "Name": "Initech"})
    assert buyer["DefaultCatalogID"] == "initech"
    assert (await admin.get("/catalogs/initech"))["Active"]
    [assigned] = (await admin.get("/catalogs/assignments?catalogID=initech"))["Items"]
    assert assigned["BuyerID"] == "initech"
    again = await admin.ok("PUT", "/buyers/initech", {"Name": "Initech Inc."})
    assert again == {**buyer, "Name": "Initech Inc."}


async def test_the_catalog_of_a_new_buyer_must_be_free_or_named(oc: OrderCloud) -> None:
    admin = await oc.admin()
    buyer = {"ID": "demo-catalog", "Name": "X"}
    refused = await admin.refusal("POST", "/buyers", buyer)
    assert refused == (400, "Buyer.DefaultCatalogAlreadyExists")
    await admin.ok("POST", "/buyers", {**buyer, "DefaultCatalogID": "demo-catalog"})
    nowhere = {"Name": "X", "DefaultCatalogID": "nowhere"}
    assert await admin.refusal("POST", "/buyers", nowhere) == (404, "NotFound")


async def test_a_deleted_buyer_takes_its_users_and_assignments_along(oc: OrderCloud) -> None:
    admin, carol = await oc.admin(), await oc.log_in("carol")
    await admin.ok("DELETE", "/buyers/globex")
    assert await carol.refusal("GET", "/me") == (401, "InvalidToken")
    assert (await admin.get("/products/assignments?buyerID=globex"))["Items"] == []
    assert (await admin.get("/catalogs/assignments?buyerID=globex"))["Items"] == []


async def test_who_joins_a_group_sees_what_it_sees_at_once(oc: OrderCloud) -> None:
    admin, bob = await oc.admin(), await oc.log_in("bob")
    assert "vip-lounge" not in await bob.ids("/me/categories?pageSize=100")
    member = {"UserGroupID": "vip", "UserID": "bob"}
    await admin.ok("POST", "/buyers/acme/usergroups/assignments", member)
    assert "vip-lounge" in await bob.ids("/me/categories?pageSize=100")
    assert await bob.ids("/me/usergroups") == ["vip", "wholesale"]


async def test_a_deleted_group_shows_its_members_nothing_more(oc: OrderCloud) -> None:
    admin, alice = await oc.admin(), await oc.log_in("alice")
    assert "vip-lounge" in await alice.ids("/me/categories?pageSize=100")
    await admin.ok("DELETE", "/buyers/acme/usergroups/vip")
    assert "vip-lounge" not in await alice.ids("/me/categories?pageSize=100")
    assert await alice.ids("/me/usergroups") == []


async def test_groups_and_users_belong_to_their_buyer(oc: OrderCloud) -> None:
    admin = await oc.admin()
    assert await admin.refusal("GET", "/buyers/globex/usergroups/vip") == (404, "NotFound")
    assert await admin.refusal("GET", "/buyers/nobody/usergroups") == (404, "NotFound")
    member = {"UserGroupID": "vip", "UserID": "carol"}
    path = "/buyers/acme/usergroups/assignments"
    assert await admin.refusal("POST", path, member) == (404, "NotFound")
