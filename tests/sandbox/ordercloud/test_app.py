"""What every answer has in common, and the controls around the service."""

import uuid
from pathlib import Path

import httpx2
import pytest

from sandbox.ordercloud.app import build
from tests.sandbox.ordercloud.conftest import BASE_URL, Caller, OrderCloud


async def test_answers_have_ordercloud_headers(oc: OrderCloud) -> None:
    alice = await oc.log_in("alice")

    answer = await alice.call("GET", "/me")

    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert answer.headers["cache-control"] == "private"
    assert uuid.UUID(answer.headers["x-oc-logid"]).version == 4
    assert "etag" not in answer.headers


async def test_what_was_made_says_where_it_is(oc: OrderCloud) -> None:
    admin, alice = await oc.admin(), await oc.log_in("alice")

    product = await admin.call("POST", "/products", {"ID": "x", "Name": "X"})
    item = await alice.call("POST", "/cart/lineitems", {"ID": "one", "ProductID": "p1"})
    order = await alice.call("POST", "/cart/submit")

    assert product.headers["location"] == f"{BASE_URL}/v1/products/x"
    assert item.headers["location"] == f"{BASE_URL}/v1/cart/lineitems/one"
    assert (order.status_code, "location" in order.headers) == (201, False)


async def test_errors_have_ordercloud_headers_too(oc: OrderCloud) -> None:
    answer = await oc.client.get("/v1/me")

    assert answer.json() == {
        "Errors": [
            {
                "ErrorCode": "InvalidToken",
                "Message": "Access token is invalid or expired.",
                "Data": None,
            }
        ]
    }
    assert uuid.UUID(answer.headers["x-oc-logid"]).version == 4


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic abc", "Bearer nonsense"])
async def test_without_a_good_token_calls_are_refused(oc: OrderCloud, header: str) -> None:
    answer = await oc.client.get("/v1/me/products", headers={"Authorization": header})

    assert (answer.status_code, answer.json()["Errors"][0]["ErrorCode"]) == (401, "InvalidToken")


async def test_a_missing_role_is_named_with_those_that_would_do(oc: OrderCloud) -> None:
    alice = await oc.log_in("alice", scope="MeAdmin")

    answer = await alice.call("GET", "/me/products")

    assert answer.status_code == 403
    error = answer.json()["Errors"][0]
    assert error["ErrorCode"] == "Auth.InsufficientRoles"
    assert error["Data"] == {
        "SufficientRoles": ["FullAccess", "Shopper"],
        "AssignedRoles": ["MeAdmin"],
    }


@pytest.mark.parametrize("path", ["/me", "/me/usergroups"])
async def test_who_one_is_needs_no_role(oc: OrderCloud, path: str) -> None:
    alice = await oc.log_in("alice", scope="PasswordReset")

    assert (await alice.call("GET", path)).status_code == 200


@pytest.mark.parametrize(("verb", "path"), [("GET", "/nowhere"), ("DELETE", "/me/products")])
async def test_unknown_operations_are_not_found(oc: OrderCloud, verb: str, path: str) -> None:
    alice = await oc.log_in("alice")

    assert await alice.refusal(verb, path) == (404, "NotFound")


async def test_words_in_paths_compare_without_case(oc: OrderCloud) -> None:
    alice = await oc.log_in("alice")

    assert (await alice.get("/Me/SpendingAccounts"))["Items"] == []
    assert (await alice.get("/me/products/P1"))["ID"] == "p1"


async def test_a_body_that_is_no_json_is_refused(oc: OrderCloud) -> None:
    alice = await oc.log_in("alice")

    answer = await oc.client.post(
        "/v1/cart/lineitems",
        content=b"{not json",
        headers={"Authorization": f"Bearer {alice.token}"},
    )

    assert answer.status_code == 400
    assert answer.json()["Errors"][0]["ErrorCode"] == "Request.InvalidRequestBody"


async def test_browsers_may_call_from_anywhere(oc: OrderCloud) -> None:
    preflight = await oc.client.options(
        "/v1/me/products",
        headers={
            "Origin": "https://shop.test",
            "Access-Control-Request-Method": "PATCH",
            "Access-Control-Request-Headers": "authorization,content-type,x-anything",
        },
    )
    assert preflight.status_code == 200
    assert preflight.headers["access-control-allow-origin"] == "https://shop.test"
    assert "x-anything" in preflight.headers["access-control-allow-headers"]
    assert preflight.headers["access-control-max-age"] == "86400"

    refused = await oc.client.get("/v1/me", headers={"Origin": "https://shop.test"})
    assert refused.headers["access-control-allow-origin"] == "https://shop.test"
    assert refused.headers["access-control-expose-headers"] == "X-oc-logid"


@pytest.mark.parametrize(
    ("status", "code"), [(500, "ServerError"), (503, "Api.Offline"), (401, "InvalidToken")]
)
async def test_injected_errors_have_ordercloud_shape(
    oc: OrderCloud, status: int, code: str
) -> None:
    alice = await oc.log_in("alice")
    await oc.client.put("/_sandbox/faults", json={"match": "/v1/me/products", "status": status})

    assert await alice.refusal("GET", "/me/products") == (status, code)
    assert (await alice.call("GET", "/me")).status_code == 200


async def test_reset_goes_back_to_the_seed(oc: OrderCloud) -> None:
    alice = await oc.log_in("alice")
    await alice.ok("POST", "/cart/lineitems", {"ProductID": "p1"})
    await alice.ok("PATCH", "/me", {"FirstName": "Alicia"})

    await oc.client.post("/_sandbox/reset")

    assert (await alice.get("/cart"))["ID"] is None
    assert (await alice.get("/me"))["FirstName"] == "Alice"


async def test_other_switches_go_back_with_a_reset(oc: OrderCloud) -> None:
    await oc.client.put("/_sandbox/options", json={"token_kid": False})

    await oc.client.post("/_sandbox/reset")

    assert (await oc.client.get("/_sandbox/options")).json()["token_kid"] is True


async def test_a_folder_of_calls_adds_to_the_seed(tmp_path: Path) -> None:
    calls = tmp_path / "ordercloud"
    calls.mkdir()
    (calls / "10-products.json").write_text(
        """[
        {"call": "PUT /priceschedules/tent-price", "body": {"Name": "Tent",
            "PriceBreaks": [{"Quantity": 1, "Price": 99.5}]}},
        {"call": "PUT /products/tent", "body": {"Name": "Tent", "Active": true,
            "DefaultPriceScheduleID": "tent-price"}}
        ]"""
    )
    (calls / "20-assignments.json").write_text(
        """[
        {"call": "POST /catalogs/productassignments",
            "body": {"CatalogID": "demo-catalog", "ProductID": "tent"}},
        {"call": "POST /products/assignments", "body": {"ProductID": "tent", "BuyerID": "acme"}}
        ]"""
    )
    transport = httpx2.ASGITransport(app=build(base_url=BASE_URL, data=tmp_path))
    async with httpx2.AsyncClient(transport=transport, base_url=BASE_URL) as client:
        oc = OrderCloud(client)
        alice = await oc.log_in("alice")
        for _ in range(2):
            tent = await alice.get("/me/products/tent")
            assert tent["PriceSchedule"]["PriceBreaks"][0]["Price"] == 99.5
            await client.post("/_sandbox/reset")


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ('{"call": "PUT /products/tent", "body": {}}', "ValidationFailure"),
        ('{"call": "PUT /nowhere"}', "nowhere"),
        ("{}", "'call' is missing"),
    ],
)
def test_a_call_that_fails_is_named(tmp_path: Path, entry: str, reason: str) -> None:
    calls = tmp_path / "ordercloud"
    calls.mkdir()
    (calls / "bad.json").write_text(f"[{entry}]")

    with pytest.raises(ValueError, match=f"bad.json: call 1: .*{reason}"):
        build(data=tmp_path)


async def test_the_service_runs_on_a_socket(oc_url: str) -> None:
    async with httpx2.AsyncClient(base_url=oc_url) as client:
        guest: Caller = await OrderCloud(client).anonymous()

        product = await guest.get("/me/products/p1")

    assert product["xp"]["Images"][0]["Url"].startswith(oc_url)
