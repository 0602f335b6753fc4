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

_COMMON = {"search": TEXT, "searchOn": SEARCH_ON, "sortBy": SORT, "pageSize": PAGE_SIZE}
_OPEN = frozenset({"xp", "LineItems"})
_UNFILTERABLE = frozenset({"PriceSchedule.IsOnSale"})


@dataclass(frozen=True, slots=True)
class Resource:
    """One list. `sorts` and `searches` are what OrderCloud sorts by and searches; None: any field.

    `parameters` are what is not a filter, with what it takes. Nested fields stand by their paths;
    below xp and line items stands what nobody can list. xp may always be filtered and sorted by
    (outside products and submitted orders, once it is indexed).
    """

    parameters: Mapping[str, re.Pattern[str]]
    fields: frozenset[str]
    sorts: frozenset[str] | None
    searches: frozenset[str] | None

    @property
    def is_indexed(self) -> bool:
        """Say whether a search index serves the list, which also finds by one field or another."""
        return "searchType" in self.parameters

    def why_no_filter(self, name: str) -> tuple[str, str] | None:
        """Return what is wrong with the filter *name*, and how to mend it; or None."""
        fields = name.split("|")
        if len(fields) > 1 and not self.is_indexed:
            return "OrderCloud filters this list by one field at a time", "name one of them"
        for field in fields:
            if field in self._open:
                return f"'{field}' has no value of its own", f"name what is in it: {field}.…"
            if not self._has(field):
                return f"OrderCloud has no field '{field}' here", self._nearest(field)
            if field in _UNFILTERABLE:
                return f"OrderCloud cannot filter by {field}", "mark such products in xp"
        return None

    def why_no_sort(self, name: str) -> tuple[str, str] | None:
        """Return what is wrong with sorting by *name*, and how to mend it; or None."""
        field = name.removeprefix("!")
        is_xp = field.startswith("xp.")
        if is_xp or (self._has(field) if self.sorts is None else field in self.sorts):
            return None
        what = f"OrderCloud cannot sort this list by '{field}'"
        if self.sorts is None:
            return what, self._nearest(field)
        return what, nearest(field, [*self.sorts, "xp.…"])

    def why_no_search(self, name: str) -> tuple[str, str] | None:
        """Return what is wrong with searching in the field *name*, and how to mend it; or None."""
        field = name.removesuffix(".*")
        is_xp = field.startswith("xp.")
        if is_xp or (self._has(field) if self.searches is None else field in self.searches):
            return None
        what = f"OrderCloud cannot search this list in '{field}'"
        if self.searches is None:
            return what, self._nearest(field)
        return what, nearest(field, [*self.searches, "xp.…"])

    def _has(self, field: str) -> bool:
        """Say whether there is a field of this path that has a value of its own."""
        if any(field.startswith(f"{top}.") for top in self._open):
            return True
        return field in self.fields and field not in self._open

    @property
    def _open(self) -> frozenset[str]:
        return frozenset(field for field in self.fields if field.rpartition(".")[2] in _OPEN)

    def _nearest(self, field: str) -> str:
        """Return how to mend *field* by one that stands in it, beside it, or at the top."""
        parent = field.rpartition(".")[0]
        inside = [one for one in self.fields if one.startswith(f"{field}.")]
        beside = [one for one in self.fields if parent and one.startswith(f"{parent}.")]
        return nearest(field, inside or beside or list({f.partition(".")[0] for f in self.fields}))


def _resource(
    fields: str,
    sorts: str | None,
    parameters: Mapping[str, re.Pattern[str]] | None = None,
    *,
    searches: str | None = "ID Name Description",
) -> Resource:
    return Resource(
        {**_COMMON, **(parameters or {})},
        frozenset((*fields.split(), "xp")),
        None if sorts is None else frozenset(sorts.split()),
        None if searches is None else frozenset(searches.split()),
    )


def _under(parent: str, fields: str) -> str:
    return " ".join(f"{parent}.{field}" for field in fields.split())


_ADDRESS = (
    "ID DateCreated CompanyName FirstName LastName Street1 Street2 City State Zip Country Phone "
    "AddressName xp"
)
_USER = (
    "ID CompanyID Username FirstName LastName Email Phone TermsAccepted Active AvailableRoles "
    "DateCreated LastActive PasswordLastSetDate Locale.ID Locale.OwnerID Locale.Currency "
    "Locale.Language xp"
)
_PRICES = (
    "ID OwnerID Name ApplyTax ApplyShipping MinQuantity MaxQuantity UseCumulativeQuantity "
    "RestrictedQuantity Currency SaleStart SaleEnd IsOnSale PriceBreaks.Quantity "
    "PriceBreaks.Price PriceBreaks.SalePrice PriceBreaks.SubscriptionPrice "
    "PriceBreaks.BundlePrice xp"
)
_STOCK = (
    "Enabled NotificationPoint VariantLevelTracking OrderCanExceed QuantityAvailable LastUpdated"
)

RESOURCES: Mapping[str, Resource] = {
    "me/products": _resource(
        f"{_under('PriceSchedule', _PRICES)} {_under('Inventory', _STOCK)} "
        "ID ParentID IsParent IsBundle Name Description QuantityMultiplier "
        "ShipWeight ShipHeight ShipWidth ShipLength Active SpecCount VariantCount "
        "ShipFromAddressID DefaultSupplierID AllSuppliersCanSell Returnable DateCreated "
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
        searches=None,
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
        searches="ID Name Code Description FinePrint EligibleExpression ValueExpression",
    ),
    "me/catalogs": _resource(
        "ID OwnerID Name Description Active CategoryCount", "OwnerID Name ID", {"sellerID": ID}
    ),
    "me/orders": _resource(
        f"{_under('FromUser', _USER)} {_under('BillingAddress', _ADDRESS)} "
        "ID FromCompanyID ToCompanyID FromUserID BillingAddressID ShippingAddressID "
        "Comments LineItemCount Status DateCreated DateSubmitted DateApproved "
        "DateDeclined DateCanceled DateCompleted LastUpdated Subtotal ShippingCost TaxCost "
        "Gratuity Fees BaseDiscount PromotionDiscount Currency Total IsSubmitted SubscriptionID "
        "LineItems",
        "DateSubmitted DateCreated ID FromCompanyID ToCompanyID FromUserID Status DateApproved "
        "DateDeclined DateCanceled DateCompleted LastUpdated Subtotal ShippingCost TaxCost "
        "Gratuity Fees PromotionDiscount Total IsSubmitted",
        {"from": TEXT, "to": TEXT, "searchType": SEARCH_TYPE},
        searches="ID FromCompanyID ToCompanyID Comments",
    ),
    "me/productcollections": _resource("ID Name AccessLevel", "Name ID", searches="ID Name"),
    "me/addresses": _resource(
        "ID Shipping Billing Editable DateCreated CompanyName FirstName LastName Street1 Street2 "
        "City State Zip Country Phone AddressName",
        "AddressName ID DateCreated CompanyName FirstName LastName Street1 Street2 City State Zip "
        "Country Phone",
        searches="ID AddressName CompanyName City Street1 Street2 LastName FirstName State Zip",
    ),
    "me/creditcards": _resource(
        "ID Editable DateCreated CardType PartialAccountNumber CardholderName ExpirationDate",
        "ID CardholderName CardType ExpirationDate DateCreated",
        searches="ID CardholderName CardType ExpirationDate Editable",
    ),
    "me/costcenters": _resource("ID Name Description", "Name ID"),
    "me/spendingAccounts": _resource(
        "ID Name Balance AllowAsPaymentMethod StartDate EndDate", "Name ID", searches="ID Name"
    ),
    "me/sellers": _resource("ID Name", "ID Name", searches="ID Name"),
    "me/shipments": _resource(
        f"{_under('FromAddress', _ADDRESS)} {_under('ToAddress', _ADDRESS)} "
        "ID BuyerID Shipper DateShipped DateDelivered TrackingNumber Cost OwnerID Account "
        "FromAddressID ToAddressID",
        "DateShipped OwnerID ID BuyerID Shipper DateDelivered Cost",
        {"orderID": ID},
        searches="ID BuyerID Shipper DateShipped DateDelivered TrackingNumber",
    ),
    "me/subscriptions": _resource(
        f"{_under('Payment', 'Type CreditCardID SpendingAccountID')} "
        "ID Frequency Interval NextOrderDate LastOrderDate NotificationDate DateCreated EndDate "
        "Active FromCompanyID FromUserID ToCompanyID BillingAddressID ShippingAddressID "
        "ProjectedSubtotal",
        "ID Interval NextOrderDate LastOrderDate DateCreated EndDate FromCompanyID FromUserID "
        "ToCompanyID",
        searches="ID FromCompanyID ToCompanyID Interval",
    ),
    "me/usergroups": _resource("ID Name Description", "Name ID"),
}
"""Every list that a placement can show."""
