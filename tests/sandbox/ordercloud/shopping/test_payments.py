"""Payments of a cart."""

import pytest

from tests.sandbox.ordercloud.conftest import Caller, OrderCloud


@pytest.fixture
async def alice(oc: OrderCloud) -> Caller:
    """Return Alice with a cart."""
    caller = await oc.log_in("alice")
    await caller.ok("POST", "/cart/lineitems", {"ProductID": "p1"})
    return caller


async def test_purchase_orders_are_accepted_at_once(alice: Caller) -> None:
    payment = await alice.ok("POST", "/cart/payments", {"Type": "PurchaseOrder", "Amount": 5})

    assert (payment["Amount"], payment["Accepted"], payment["Currency"]) == (5, True, "USD")
    assert await alice.get(f"/cart/payments/{payment['ID']}") == payment
    assert await alice.ids("/cart/payments") == [payment["ID"]]


async def test_shoppers_do_not_accept_their_own_payments(alice: Caller) -> None:
    body = {"Type": "CreditCard", "Accepted": True}
    payment = await alice.ok("POST", "/cart/payments", body)
    path = f"/cart/payments/{payment['ID']}"

    assert payment["Accepted"] is False
    refusal = await alice.refusal("PATCH", path, {"Accepted": True})
    assert refusal == (403, "Payment.CannotPatchAccepted")
    assert (await alice.ok("PATCH", path, {"Description": "Visa"}))["Description"] == "Visa"


@pytest.mark.parametrize("amount", [0, -1])
async def test_an_amount_is_positive(alice: Caller, amount: float) -> None:
    body = {"Type": "PurchaseOrder", "Amount": amount}

    assert await alice.refusal("POST", "/cart/payments", body) == (
        400,
        "Payment.AmountGreaterThanZero",
    )


async def test_a_payment_is_removed(alice: Caller) -> None:
    payment = await alice.ok("POST", "/cart/payments", {"Type": "PurchaseOrder"})

    assert (await alice.call("DELETE", f"/cart/payments/{payment['ID']}")).status_code == 204
    assert await alice.ids("/cart/payments") == []


async def test_transactions_belong_to_a_payment(alice: Caller) -> None:
    payment = await alice.ok("POST", "/cart/payments", {"Type": "CreditCard"})
    path = f"/cart/payments/{payment['ID']}/transactions"
    body = {"Type": "Capture", "DateExecuted": "2030-01-01T00:00:00Z", "Succeeded": True}

    with_transaction = await alice.ok("POST", path, body)

    transaction = with_transaction["Transactions"][0]
    assert transaction["Type"] == "Capture"
    assert (await alice.call("DELETE", f"{path}/{transaction['ID']}")).status_code == 204
    assert (await alice.get(f"/cart/payments/{payment['ID']}"))["Transactions"] == []
    refusal = await alice.refusal("DELETE", f"{path}/{transaction['ID']}")
    assert refusal == (404, "NotFound")
