"""What the marketplace holds, and how its parts relate."""

from operator import attrgetter

from sandbox.ordercloud.assignments import (
    Assignments,
    CatalogAssignment,
    CategoryAssignment,
    LocaleAssignment,
    Membership,
    ProductAssignment,
    ProductInCatalog,
    ProductInCategory,
    ProfileAssignment,
    PromotionAssignment,
)
from sandbox.ordercloud.collections import Collection, Entity, Owned, Revision
from sandbox.ordercloud.order_book import OrderBook


class Store:
    """Everything the marketplace holds.

    `catalog` counts the writes that can change which products and categories somebody sees.
    """

    def __init__(self) -> None:
        self.catalog = Revision()
        self.private = Revision()
        self._open_companies()
        self._open_catalog()
        self._open_orders()
        self._open_assignments()

    def snapshot(self) -> "Store":
        """Return the store as it is now; later writes do not change what it says of the catalog."""
        twin = Store()
        for name, part in vars(self).items():
            if isinstance(part, Collection | Owned | Assignments):
                setattr(twin, name, part.copy())
        return twin

    def _open_companies(self) -> None:
        self.buyers = Collection("Buyer", self.catalog)
        self.user_groups = Owned("UserGroup", self.catalog)
        self.locales = Collection("Locale", self.catalog)
        self.users = Owned("User", self.private)
        self.admin_users = Collection("User", self.private)
        self.passwords: dict[str, str] = {}
        self.api_clients = Collection("ApiClient", self.private)
        self.client_secrets: dict[str, str] = {}
        self.security_profiles = Collection("SecurityProfile", self.private)
        self.webhooks = Collection("Webhook", self.private)

    def users_of(self, buyer_id: str | None) -> Collection:
        """Return the users of a buyer, or of the seller's own company."""
        return self.admin_users if buyer_id is None else self.users.of(buyer_id)

    def _open_catalog(self) -> None:
        self.catalogs = Collection("Catalog", self.catalog)
        self.categories = Owned("Category", self.catalog)
        self.products = Collection("Product", self.catalog)
        self.product_facets = Collection("ProductFacet", self.catalog)
        self.price_schedules = Collection("PriceSchedule", self.catalog)
        self.promotions = Collection("Promotion", self.private)

    def _open_orders(self) -> None:
        self.orders = OrderBook(self.private)
        self.active_carts: dict[str, str] = {}
        self.line_items = Owned("LineItem", self.private)
        self.order_promotions: dict[str, list[Entity]] = {}
        self.shipping_addresses: dict[str, Entity] = {}
        self.payments = Owned("Payment", self.private)
        self.addresses = Owned("Address", self.private)
        self.cards = Owned("CreditCard", self.private)
        self.wish_lists = Owned("ProductCollection", self.private)
        self.wishes = Owned("Product", self.private)

    def _open_assignments(self) -> None:
        shared, private = self.catalog, self.private
        self.catalog_assignments = Assignments[CatalogAssignment](
            shared, thing=attrgetter("catalog_id"), holder=attrgetter("party")
        )
        self.category_assignments = Assignments[CategoryAssignment](
            shared, thing=attrgetter("category"), holder=attrgetter("party")
        )
        self.products_in_catalogs = Assignments[ProductInCatalog](
            shared, thing=attrgetter("product_id"), holder=attrgetter("catalog_id")
        )
        self.products_in_categories = Assignments[ProductInCategory](
            shared, thing=attrgetter("product_id"), holder=attrgetter("category")
        )
        self.product_assignments = Assignments[ProductAssignment](
            shared, thing=attrgetter("offer"), holder=attrgetter("party")
        )
        self.promotion_assignments = Assignments[PromotionAssignment](
            private, thing=attrgetter("promotion_id"), holder=attrgetter("party")
        )
        self.memberships = Assignments[Membership](
            private,
            thing=attrgetter("buyer_id", "user_id"),
            holder=attrgetter("buyer_id", "user_group_id"),
        )
        self.profile_assignments = Assignments[ProfileAssignment](
            private, thing=attrgetter("security_profile_id"), holder=attrgetter("assignee")
        )
        self.locale_assignments = Assignments[LocaleAssignment](
            shared, thing=attrgetter("locale_id"), holder=attrgetter("party")
        )
