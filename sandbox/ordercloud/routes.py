"""Every operation under `/v1` that the sandbox offers, and the function that answers it."""

from collections.abc import Mapping

from sandbox.ordercloud import belongings, me, profile
from sandbox.ordercloud.admin import routes as admin
from sandbox.ordercloud.call import Endpoint
from sandbox.ordercloud.shopping import (
    addresses,
    checkout,
    line_items,
    order_lists,
    orders,
    payments,
    promotions,
)

_ME: Mapping[str, Endpoint] = {
    "GET /me": me.get,
    "PUT /me": profile.save,
    "PATCH /me": profile.patch,
    "PUT /me/register": profile.register,
    "POST /me/password": profile.set_password,
    "DELETE /me/tokens": profile.revoke_tokens,
    "GET /me/usergroups": me.list_user_groups,
    "GET /me/catalogs": me.list_catalogs,
    "GET /me/catalogs/{catalogID}": me.get_catalog,
    "GET /me/categories": me.list_categories,
    "GET /me/categories/{categoryID}": me.get_category,
    "GET /me/products": me.list_products,
    "GET /me/products/{productID}": me.get_product,
    "GET /me/products/{productID}/sellers": me.list_nothing_of_product,
    "GET /me/products/{productID}/specs": me.list_nothing_of_product,
    "GET /me/products/{productID}/variants": me.list_nothing_of_product,
    "GET /me/products/{productID}/inventoryrecords": me.list_nothing_of_product,
    "GET /me/promotions": me.list_promotions,
    "GET /me/promotions/{promotionID}": me.get_promotion,
    "GET /me/orders": order_lists.list_mine,
    "PUT /me/orders": profile.take_order,
    "GET /me/orders/approvable": me.list_nothing,
    "GET /me/costcenters": me.list_nothing,
    "GET /me/orderinvitations": me.list_nothing,
    "GET /me/sellers": me.list_nothing,
    "GET /me/shipments": me.list_nothing,
    "GET /me/spendingAccounts": me.list_nothing,
    "GET /me/subscriptions": me.list_nothing,
    "POST /buyers/{buyerID}/users/{userID}/accesstoken": profile.impersonate,
    **belongings.ROUTES,
}


def _of_order(path: str) -> Mapping[str, Endpoint]:
    """Return the operations on an order, which are the same for `/cart`."""
    return {
        f"PUT {path}": orders.save,
        f"PATCH {path}": orders.patch,
        f"DELETE {path}": orders.delete,
        f"PATCH {path}/fromuser": orders.patch_from_user,
        f"PUT {path}/billto": addresses.set_billing,
        f"PATCH {path}/billto": addresses.patch_billing,
        f"PUT {path}/shipto": addresses.set_shipping,
        f"PATCH {path}/shipto": addresses.patch_shipping,
        f"GET {path}/lineitems": line_items.list_all,
        f"POST {path}/lineitems": line_items.create,
        f"GET {path}/lineitems/{{lineItemID}}": line_items.get,
        f"PUT {path}/lineitems/{{lineItemID}}": line_items.save,
        f"PATCH {path}/lineitems/{{lineItemID}}": line_items.patch,
        f"DELETE {path}/lineitems/{{lineItemID}}": line_items.delete,
        f"GET {path}/promotions": promotions.list_applied,
        f"GET {path}/eligiblepromotions": promotions.list_eligible,
        f"POST {path}/promotions/{{promoCode}}": promotions.add,
        f"DELETE {path}/promotions/{{promoCode}}": promotions.remove,
        f"POST {path}/applypromotions": promotions.apply_automatic,
        f"POST {path}/refreshpromotions": promotions.refresh,
        f"GET {path}/payments": payments.list_all,
        f"POST {path}/payments": payments.create,
        f"GET {path}/payments/{{paymentID}}": payments.get,
        f"PATCH {path}/payments/{{paymentID}}": payments.patch,
        f"DELETE {path}/payments/{{paymentID}}": payments.delete,
        f"POST {path}/payments/{{paymentID}}/transactions": payments.create_transaction,
        f"DELETE {path}/payments/{{paymentID}}/transactions/{{transactionID}}": (
            payments.delete_transaction
        ),
        f"GET {path}/worksheet": checkout.worksheet,
        f"POST {path}/calculate": checkout.calculate,
        f"POST {path}/estimateshipping": checkout.worksheet,
        f"POST {path}/validate": checkout.validate,
        f"POST {path}/submit": checkout.submit,
    }


_SHOPPING: Mapping[str, Endpoint] = {
    "GET /cart": orders.get_cart,
    "PUT /cart/{orderID}": orders.designate,
    **_of_order("/cart"),
    "GET /orders/{direction}": order_lists.list_all,
    "POST /orders/{direction}": orders.create,
    "GET /orders/{direction}/{orderID}": orders.get,
    **_of_order("/orders/{direction}/{orderID}"),
    "PUT /orders/{direction}/{orderID}/lineitems/{lineItemID}/shipto": addresses.set_item_shipping,
    "PATCH /orders/{direction}/{orderID}/lineitems/{lineItemID}/shipto": (
        addresses.patch_item_shipping
    ),
    "POST /orders/{direction}/{orderID}/cancel": checkout.cancel,
    "POST /orders/{direction}/{orderID}/complete": checkout.complete,
}

ROUTES: Mapping[str, Endpoint] = {**_ME, **_SHOPPING, **admin.ROUTES}
