"""OrderCloud's lists under `me/`: their parameters, the fields of their items, what sorts them.

Source: docs/sources.md#me-lists (API 1.0.470).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from proxy.document import nearest

ID = re.compile(r"[A-Za-z0-9_-]{1,100}")
FIELD = re.compile(r"[A-Za-z]\w*(\.[\w-]+)*")
FIELDS = re.compile(rf"{FIELD.pattern}(\|{FIELD.pattern})*")
SORT = re.compile(rf"!?{FIELD.pattern}")
SEARCH_ON = re.compile(rf"{FIELD.pattern}(\.\*)?")
DEPTH = re.compile(r"all|[1-9][0-9]*")
PAGE_SIZE = re.compile(r"[1-9][0-9]?|100")
SEARCH_TYPE = re.compile("AnyTerm|AllTermsAnyField|AllTermsSameField|ExactPhrase|ExactPhrasePrefix")
TEXT = re.compile(r".+", re.DOTALL)

HINTS = {
    ID: "an ID has only letters, digits, - and _, at most 100",
    SORT: "write a field, e.g. Name, or descending with !, e.g. '!xp.rating'",
    SEARCH_ON: "write fields, e.g. Name or xp.keywords",
    DEPTH: "write a whole number from 1, or all",
    PAGE_SIZE: "write a whole number from 1 to 100",
    SEARCH_TYPE: f"write one of: {SEARCH_TYPE.pattern.replace('|', ', ')}",
    TEXT: "write some text",
}
"""How to write what a parameter takes."""

_XP = "xp"
_COMMON = {"search": TEXT, "searchOn": SEARCH_ON, "sortBy": SORT, "pageSize": PAGE_SIZE}
_UNFILTERABLE = frozenset({"PriceSchedule.IsOnSale"})


@dataclass(frozen=True, slots=True)
class Resource:
    """One list. `sorts` are the fields that OrderCloud sorts it by; None: any field.

    `parameters` are what is not a filter, with what it takes. xp may always be filtered and sorted
    by (outside products and submitted orders, once it is indexed).
    """

    parameters: Mapping[str, re.Pattern[str]]
    fields: frozenset[str]
    sorts: frozenset[str] | None

    def why_no_filter(self, name: str) -> tuple[str, str] | None:
        """Return what is wrong with the filter *name*, and how to mend it; or None."""
        for field in name.split("|"):
            top = field.partition(".")[0]
            if top not in {*self.fields, _XP}:
                return f"OrderCloud has no field '{top}' here", nearest(top, [*self.fields, _XP])
            if field in _UNFILTERABLE:
                return f"OrderCloud cannot filter by {field}", "mark such products in xp"
        return None

    def why_no_sort(self, name: str) -> tuple[str, str] | None:
        """Return what is wrong with sorting by *name*, and how to mend it; or None."""
        field = name.removeprefix("!")
        known = self.fields if self.sorts is None else self.sorts
        top = field.partition(".")[0]
        if top == _XP or (field if self.sorts is not None else top) in known:
            return None
        return f"OrderCloud cannot sort this list by '{field}'", nearest(field, [*known, "xp.…"])


def _resource(
    fields: str, sorts: str | None, parameters: Mapping[str, re.Pattern[str]] | None = None
) -> Resource:
    return Resource(
        {**_COMMON, **(parameters or {})},
        frozenset(fields.split()),
        None if sorts is None else frozenset(sorts.split()),
    )


RESOURCES: Mapping[str, Resource] = {
    "me/products": _resource(
        "PriceSchedule ID ParentID IsParent IsBundle Name Description QuantityMultiplier "
        "ShipWeight ShipHeight ShipWidth ShipLength Active SpecCount VariantCount "
        "ShipFromAddressID Inventory DefaultSupplierID AllSuppliersCanSell Returnable DateCreated "
        "OwnerID",
        None,
        {
            "catalogID": ID,
            "categoryID": ID,
            "depth": DEPTH,
            "searchType": SEARCH_TYPE,
            "sellerID": ID,
            "supplierID": ID,
        },
    ),
    "me/categories": _resource(
        "ID Name Description ListOrder Active ParentID ChildCount",
        "ID Name",
        {"catalogID": ID, "depth": DEPTH, "productID": ID},
    ),
    "me/promotions": _resource(
        "ID LineItemLevel Code Name RedemptionLimit RedemptionLimitPerUser RedemptionCount "
        "QuantityLimitPerOrder ItemLimitPerOrder ItemSortBy Description FinePrint StartDate "
        "ExpirationDate EligibleExpression ValueExpression CanCombine AllowAllBuyers OwnerID "
        "AutoApply Active UseIntegration Priority GeneratedCodeCount GeneratedCodeLength "
        "GeneratedCodePrefix",
        "Name ID Code StartDate ExpirationDate EligibleExpression ValueExpression CanCombine "
        "AutoApply Active Priority",
    ),
    "me/catalogs": _resource(
        "ID OwnerID Name Description Active CategoryCount", "OwnerID Name ID", {"sellerID": ID}
    ),
    "me/orders": _resource(
        "ID FromUser FromCompanyID ToCompanyID FromUserID BillingAddressID BillingAddress "
        "ShippingAddressID Comments LineItemCount Status DateCreated DateSubmitted DateApproved "
        "DateDeclined DateCanceled DateCompleted LastUpdated Subtotal ShippingCost TaxCost "
        "Gratuity Fees BaseDiscount PromotionDiscount Currency Total IsSubmitted SubscriptionID "
        "LineItems",
        "DateSubmitted DateCreated ID FromCompanyID ToCompanyID FromUserID Status DateApproved "
        "DateDeclined DateCanceled DateCompleted LastUpdated Subtotal ShippingCost TaxCost "
        "Gratuity Fees PromotionDiscount Total IsSubmitted",
        {"from": TEXT, "to": TEXT, "searchType": SEARCH_TYPE},
    ),
    "me/productcollections": _resource("ID Name AccessLevel", "Name ID"),
    "me/addresses": _resource(
        "ID Shipping Billing Editable DateCreated CompanyName FirstName LastName Street1 Street2 "
        "City State Zip Country Phone AddressName",
        "AddressName ID DateCreated CompanyName FirstName LastName Street1 Street2 City State Zip "
        "Country Phone",
    ),
    "me/creditcards": _resource(
        "ID Editable DateCreated CardType PartialAccountNumber CardholderName ExpirationDate",
        "ID CardholderName CardType ExpirationDate DateCreated",
    ),
    "me/costcenters": _resource("ID Name Description", "Name ID"),
    "me/spendingAccounts": _resource(
        "ID Name Balance AllowAsPaymentMethod StartDate EndDate", "Name ID"
    ),
    "me/sellers": _resource("ID Name", "ID Name"),
    "me/shipments": _resource(
        "ID BuyerID Shipper DateShipped DateDelivered TrackingNumber Cost OwnerID Account "
        "FromAddressID ToAddressID FromAddress ToAddress",
        "DateShipped OwnerID ID BuyerID Shipper DateDelivered Cost",
        {"orderID": ID},
    ),
    "me/subscriptions": _resource(
        "ID Frequency Interval NextOrderDate LastOrderDate NotificationDate DateCreated EndDate "
        "Active FromCompanyID FromUserID ToCompanyID Payment BillingAddressID ShippingAddressID "
        "ProjectedSubtotal",
        "ID Interval NextOrderDate LastOrderDate DateCreated EndDate FromCompanyID FromUserID "
        "ToCompanyID",
    ),
    "me/usergroups": _resource("ID Name Description", "Name ID"),
}
"""Every list that a placement can show."""
