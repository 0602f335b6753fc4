from typing import Any

import pytest

from tests.sandbox.ordercloud.conftest import OrderCloud

USER = {"Username": "x", "FirstName": "X", "LastName": "Y", "Email": "x@example.com"}
PROMOTION = {"Code": "X", "EligibleExpression": "true", "ValueExpression": "1"}
NEW: list[tuple[str, dict[str, Any]]] = [
    ("/products", {"Name": "X"}),
    ("/catalogs", {"Name": "X"}),
    ("/catalogs/demo-catalog/categories", {"Name": "X"}),
    ("/priceschedules", {"Name": "X"}),
    ("/promotions", PROMOTION),
    ("/productfacets", {"Name": "X"}),
    ("/buyers", {"Name": "X"}),
    ("/buyers/acme/usergroups", {"Name": "X"}),
    ("/buyers/acme/users", {**USER, "Active": True}),
    ("/webhooks", {"Name": "X", "Url": "https://example.com/hook"}),
]


@pytest.mark.parametrize(("path", "body"), NEW, ids=[path for path, _ in NEW])
async def test_an_entity_lives_from_post_to_delete(
    oc: OrderCloud, path: str, body: dict[str, Any]
) -> None:
    admin = await oc.admin()
    created = await admin.call("POST", path, {"ID": "x", **body})

    assert created.status_code == 201
    assert created.json().items() >= body.items()
    assert await admin.get(f"{path}/x") == created.json()
    assert await admin.ids(f"{path}?ID=x") == ["x"]
    assert await admin.refusal("POST", path, {"ID": "X", **body}) == (409, "IdExists")
    deleted = await admin.call("DELETE", f"{path}/x")
    assert (deleted.status_code, deleted.content) == (204, b"")
    for verb in ("GET", "PATCH", "DELETE"):
        assert await admin.refusal(verb, f"{path}/x", {}) == (404, "NotFound")


async def test_a_new_entity_without_id_gets_one_like_ordercloud_s(oc: OrderCloud) -> None:
    admin = await oc.admin()
    created = await admin.ok("POST", "/products", {"Name": "X"})
    assert len(created["ID"]) == 22
    assert created["OwnerID"] == "demo"
    assert created["DateCreated"]


async def test_put_creates_under_the_id_of_the_path(oc: OrderCloud) -> None:
    admin = await oc.admin()
    answer = await admin.call("PUT", "/products/x", {"ID": "other", "Name": "X"})
    assert (answer.status_code, answer.json()["ID"]) == (200, "x")
    assert await admin.get("/products/x") == answer.json()


async def test_put_replaces_all_that_may_be_written(oc: OrderCloud) -> None:
    admin = await oc.admin()
    old = await admin.ok("POST", "/products", {"ID": "x", "Name": "X", "Description": "old"})
    new = await admin.ok("PUT", "/products/x", {"Name": "Y", "xp": {"a": 1}})
    assert new == {**old, "Name": "Y", "Description": None, "xp": {"a": 1}}


async def test_patch_changes_what_it_names_and_merges_xp_deeply(oc: OrderCloud) -> None:
    admin = await oc.admin()
    xp = {"color": "red", "details": {"season": "summer", "tags": [1, 2]}}
    old = await admin.ok("POST", "/products", {"ID": "x", "Name": "X", "xp": xp})
    change = {"xp": {"details": {"tags": [3], "season": None}, "isNew": True}}
    new = await admin.ok("PATCH", "/products/x", change)
    merged = {"color": "red", "details": {"season": None, "tags": [3]}, "isNew": True}
    assert new == {**old, "xp": merged}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"Name": ""},
        {"Name": None},
        {"Name": 5},
        {"Name": "x" * 101},
        {"Name": "x", "ID": "white space"},
        {"Name": "x", "Active": "yes"},
        {"Name": "x", "xp": {"a": "x" * 8_000}},
    ],
    ids=str,
)
async def test_what_does_not_fit_the_model_is_refused(oc: OrderCloud, body: object) -> None:
    admin = await oc.admin()
    assert await admin.refusal("POST", "/products", body) == (400, "ValidationFailure")


async def test_a_shopper_s_token_is_not_enough(oc: OrderCloud) -> None:
    alice = await oc.log_in("alice")
    refused = await alice.call("POST", "/products", {"Name": "X"})
    error = refused.json()["Errors"][0]
    assert (refused.status_code, error["ErrorCode"]) == (403, "Auth.InsufficientRoles")
    assert "ProductAdmin" in error["Data"]["SufficientRoles"]
    assert "Shopper" in error["Data"]["AssignedRoles"]
