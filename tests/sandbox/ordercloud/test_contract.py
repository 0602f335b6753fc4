"""Every operation that is offered answers as the API's description says.

`conftest.oc` checks each answer; this walk calls all of them, and with success.
"""

from typing import Any

from sandbox.ordercloud.routes import ROUTES
from tests.sandbox.ordercloud.admin.test_relations import KINDS
from tests.sandbox.ordercloud.conftest import PASSWORD, Caller, OrderCloud
from tests.sandbox.ordercloud.contract import Contract
from tests.sandbox.ordercloud.test_entities import NEW

PLACE = {"Street1": "1 Main", "City": "Here", "Country": "US"}
CLIENT = {"AppName": "X", "AccessTokenDuration": 10}
MINE = {
    "/me/addresses": PLACE,
    "/me/creditcards": {"Token": "t", "CardType": "Visa"},
    "/me/productcollections": {"Name": "Wishes"},
}


async def live(caller: Caller, path: str, body: dict[str, Any]) -> None:
    """Create, list, get, save, patch and delete one entity."""
    one = f"{path}/{(await caller.ok('POST', path, body))['ID']}"
    await caller.ok("GET", f"{path}?search=x")
    await caller.ok("GET", one)
    await caller.ok("PUT", one, body)
    await caller.ok("PATCH", one, {"xp": {"a": 1}})
    await caller.ok("DELETE", one)


async def administer(oc: OrderCloud) -> None:
    admin = await oc.admin()
    for path, body in (*NEW, ("/apiclients", CLIENT)):
        await live(admin, path, body)
    await admin.ok("POST", "/products", {"ID": "x", "Name": "X"})
    for kind in KINDS:
        await admin.ok("POST", kind.path, kind.body)
        await admin.ok("GET", kind.path)
        await admin.ok("DELETE", kind.one)
    promotion = {"ID": "x", "Code": "X", "EligibleExpression": "true", "ValueExpression": "1"}
    await admin.ok("POST", "/promotions", {**promotion, "AllowAllBuyers": True})
    await admin.ok("POST", "/promotions/assignments", {"PromotionID": "x", "BuyerID": "acme"})
    await admin.ok("GET", "/promotions/assignments")
    await admin.ok("DELETE", "/promotions/x/assignments?buyerID=acme")
    await admin.ok("POST", "/priceschedules", {"ID": "x", "Name": "X"})
    price = {"Quantity": 1, "Price": 5}
    await admin.ok("POST", "/priceschedules/x/PriceBreaks", price)
    await admin.ok("DELETE", "/priceschedules/x/PriceBreaks?quantity=1")
    impersonation = {"ClientID": "storefront-client", "Roles": ["Shopper"]}
    await admin.ok("POST", "/buyers/acme/users/bob/accesstoken", impersonation)
    await admin.ok("DELETE", "/buyers/acme/users/bob/tokens")


async def read(caller: Caller) -> None:
    """Call every read below `/me` that needs nothing made before."""
    ids = {
        "{catalogID}": "demo-catalog",
        "{categoryID}": "watches",
        "{productID}": "watch-1",
        "{promotionID}": (await caller.ids("/me/promotions"))[0],
    }
    for route in ROUTES:
        verb, path = route.split()
        for place, entity_id in ids.items():
            path = path.replace(place, entity_id)
        if verb == "GET" and path.startswith("/me") and "{" not in path:
            await caller.ok(verb, path)


async def own(caller: Caller) -> None:
    for path, body in MINE.items():
        await live(caller, path, body)
    await caller.ok("POST", "/me/productcollections", {"ID": "w", "Name": "Wishes"})
    await caller.ok("POST", "/me/productcollections/w/products", {"ProductID": "p1"})
    await caller.ok("PUT", "/me/productcollections/w/p2")
    await caller.ok("GET", "/me/productcollections/w/products")
    await caller.ok("DELETE", "/me/productcollections/w/p2")


async def fill(caller: Caller, path: str) -> None:
    """Call every operation on an order with items up to its submission."""
    items = f"{path}/lineitems"
    await caller.ok("POST", items, {"ID": "one", "ProductID": "p1"})
    await caller.ok("GET", items)
    await caller.ok("GET", f"{items}/one")
    await caller.ok("PUT", f"{items}/one", {"ProductID": "p1", "Quantity": 2})
    await caller.ok("PATCH", f"{items}/one", {"Quantity": 3})
    await caller.ok("POST", items, {"ID": "two", "ProductID": "p2"})
    await caller.ok("DELETE", f"{items}/two")
    for kind in ("billto", "shipto"):
        await caller.ok("PUT", f"{path}/{kind}", PLACE)
        await caller.ok("PATCH", f"{path}/{kind}", {"City": "There"})
    await caller.ok("PATCH", path, {"Comments": "soon"})
    await caller.ok("GET", f"{path}/eligiblepromotions")
    await caller.ok("POST", f"{path}/promotions/X")
    await caller.ok("GET", f"{path}/promotions")
    await caller.ok("DELETE", f"{path}/promotions/X")
    for action in ("applypromotions", "refreshpromotions", "calculate", "estimateshipping"):
        await caller.ok("POST", f"{path}/{action}")
    await caller.ok("GET", f"{path}/worksheet")


async def pay(caller: Caller, path: str, teller: Caller, counter: str) -> None:
    """Pay for an order and submit it; the *teller* sees it at *counter*."""
    made = await caller.ok("POST", f"{path}/payments", {"Type": "PurchaseOrder"})
    payment = f"{path}/payments/{made['ID']}"
    await caller.ok("GET", f"{path}/payments")
    await caller.ok("GET", payment)
    await caller.ok("PATCH", payment, {"Description": "x"})
    capture = {"Type": "Capture", "DateExecuted": "2030-01-01T00:00:00Z", "Succeeded": True}
    transactions = f"{counter}/payments/{made['ID']}/transactions"
    made = await teller.ok("POST", transactions, capture)
    await teller.ok("DELETE", f"{transactions}/{made['Transactions'][0]['ID']}")
    await caller.ok("DELETE", payment)
    await caller.ok("POST", f"{path}/validate")
    await caller.ok("POST", f"{path}/submit")


async def shop_with_cart(oc: OrderCloud) -> None:
    guest, alice = await oc.anonymous(), await oc.log_in("alice")
    await guest.ok("PATCH", "/cart/fromuser", {"FirstName": "G", "LastName": "H", "Email": "g@h.i"})
    await alice.ok("POST", "/orders/outgoing", {"ID": "mine"})
    await alice.ok("PUT", "/cart/mine")
    await fill(alice, "/cart")
    await pay(alice, "/cart", alice, "/cart")
    await alice.ok("GET", "/cart")
    await alice.ok("PUT", "/cart", {})
    await alice.ok("DELETE", "/cart")


async def shop_with_orders(oc: OrderCloud) -> None:
    admin, alice = await oc.admin(), await oc.log_in("alice")
    guest = await oc.anonymous()
    await guest.ok("PUT", "/cart", {})
    cart = (await guest.get("/cart"))["ID"]
    user = {"FirstName": "G", "LastName": "H", "Email": "g@h.i"}
    await guest.ok("PATCH", f"/orders/outgoing/{cart}/fromuser", user)
    for order_id in ("one", "two", "three"):
        await alice.ok("POST", "/orders/outgoing", {"ID": order_id})
    path = "/orders/outgoing/one"
    await alice.ok("PUT", path, {"ID": "one"})
    await fill(alice, path)
    await alice.ok("PUT", f"{path}/lineitems/one/shipto", PLACE)
    await alice.ok("PATCH", f"{path}/lineitems/one/shipto", {"City": "There"})
    await pay(alice, path, admin, "/orders/incoming/one")
    await alice.ok("POST", "/orders/outgoing/two/cancel")
    await admin.ok("POST", "/orders/incoming/one/complete")
    await admin.ok("GET", "/orders/incoming")
    await alice.ok("GET", path)
    await alice.ok("DELETE", "/orders/outgoing/three")


async def join_and_leave(oc: OrderCloud) -> None:
    guest, other, alice = await oc.anonymous(), await oc.anonymous(), await oc.log_in("alice")
    names = {"FirstName": "D", "LastName": "E", "Email": "d@e.f", "Active": True}
    dora = {**names, "Username": "dora", "Password": PASSWORD}
    await guest.ok("PUT", f"/me/register?anonUserToken={guest.token}", dora)
    await other.ok("POST", "/cart/lineitems", {"ProductID": "p1"})
    await alice.ok("PUT", f"/me/orders?anonUserToken={other.token}")
    await alice.ok("PUT", "/me", {**names, "Username": "alice"})
    await alice.ok("PATCH", "/me", {"Phone": "1"})
    await alice.ok("POST", "/me/password", {"NewPassword": "Another123!"})
    await alice.ok("DELETE", "/me/tokens")


async def test_every_operation_answers_as_described(oc: OrderCloud, contract: Contract) -> None:
    await administer(oc)
    alice = await oc.log_in("alice")
    await read(alice)
    await own(alice)
    await shop_with_cart(oc)
    await shop_with_orders(oc)
    await join_and_leave(oc)
    assert set(ROUTES) - contract.kept == set()
