"""What the marketplace holds, and how its parts relate."""

from operator import attrgetter

from sandbox.ordercloud.assignments import (
    Assignments,
    CatalogAssignment,
    CategoryAssignment,
    Membership,
    ProductAssignment,
    ProductInCatalog,
    ProductInCategory,
    PromotionAssignment,
)
from sandbox.ordercloud.collections import Collection, Owned, Revision


class Store:
    """Everything the marketplace holds. `catalog` counts the writes that can change a list."""

    def __init__(self) -> None:
        self.catalog = Revision()
        self.private = Revision()
        shared, private = self.catalog, self.private
        self.buyers = Collection("Buyer", shared)
        self.user_groups = Owned("UserGroup", shared)
        self.users = Owned("User", private)
        self.admin_users = Collection("User", private)
        self.catalogs = Collection("Catalog", shared)
        self.categories = Owned("Category", shared)
        self.products = Collection("Product", shared)
        self.product_facets = Collection("ProductFacet", shared)
        self.price_schedules = Collection("PriceSchedule", shared)
        self.promotions = Collection("Promotion", shared)
        self.webhooks = Collection("Webhook", private)
        self.orders = Collection("Order", private)
        self.line_items = Owned("LineItem", private)
        self.order_promotions = Owned("Promotion", private)
        self.payments = Owned("Payment", private)
        self.addresses = Owned("Address", private)
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
            shared, thing=attrgetter("product_id"), holder=attrgetter("party", "seller_id")
        )
        self.promotion_assignments = Assignments[PromotionAssignment](
            shared, thing=attrgetter("promotion_id"), holder=attrgetter("party")
        )
        self.memberships = Assignments[Membership](
            private, thing=attrgetter("group.buyer_id", "user_id"), holder=attrgetter("group")
        )
