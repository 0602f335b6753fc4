"""Assignments: which things are held by, or shown to, whom.

Every one relates a thing (a product, a category, a user) to a holder (a party, a catalog, a group).
"""

from collections.abc import Callable, Hashable, Iterator
from collections.abc import Collection as Sized
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

from sandbox.ordercloud.collections import Revision


class Party(NamedTuple):
    """Who something is assigned to: a buyer, or one of its user groups."""

    buyer_id: str
    user_group_id: str | None = None


class Offer(NamedTuple):
    """A product as one seller sells it; None is the marketplace's owner."""

    product_id: str
    seller_id: str | None = None


class CategoryKey(NamedTuple):
    """A category's place: IDs of categories are unique within their catalog only."""

    catalog_id: str
    category_id: str


@dataclass(frozen=True, slots=True)
class CatalogAssignment:
    """A catalog that a buyer may see."""

    catalog_id: str
    party: Party
    view_all_categories: bool = False
    view_all_products: bool = False


@dataclass(frozen=True, slots=True)
class CategoryAssignment:
    """A category that a party may see; None inherits from the parent category."""

    category: CategoryKey
    party: Party
    visible: bool | None = None
    view_all_products: bool | None = None


@dataclass(frozen=True, slots=True)
class ProductAssignment:
    """An offer that a party may see, with a price of its own or the product's default."""

    offer: Offer
    party: Party
    price_schedule_id: str | None = None


@dataclass(frozen=True, slots=True)
class ProductInCatalog:
    """A product that a catalog holds."""

    product_id: str
    catalog_id: str


@dataclass(frozen=True, slots=True)
class ProductInCategory:
    """A product that a category holds."""

    product_id: str
    category: CategoryKey
    list_order: int | None = None


@dataclass(frozen=True, slots=True)
class PromotionAssignment:
    """A promotion that a party may use."""

    promotion_id: str
    party: Party


@dataclass(frozen=True, slots=True)
class Membership:
    """A buyer's user in one of the buyer's groups."""

    buyer_id: str
    user_id: str
    user_group_id: str


class Assignee(NamedTuple):
    """Who a security profile is assigned to; a buyer_id of None is the seller's own company."""

    buyer_id: str | None
    user_group_id: str | None = None
    user_id: str | None = None


@dataclass(frozen=True, slots=True)
class ProfileAssignment:
    """A security profile, and with it its roles, given to a company, a group or a user."""

    security_profile_id: str
    assignee: Assignee


@dataclass(frozen=True, slots=True)
class LocaleAssignment:
    """The language and currency of a party."""

    locale_id: str
    party: Party


A = TypeVar("A")


class Assignments(Generic[A]):
    """At most one assignment between a thing and a holder, found from either side."""

    def __init__(
        self,
        revision: Revision,
        *,
        thing: Callable[[A], Hashable],
        holder: Callable[[A], Hashable],
    ) -> None:
        self._revision = revision
        self._thing = thing
        self._holder = holder
        self._of: dict[Hashable, dict[Hashable, A]] = {}
        self._to: dict[Hashable, dict[Hashable, A]] = {}

    def __iter__(self) -> Iterator[A]:
        for row in self._of.values():
            yield from row.values()

    def copy(self) -> "Assignments[A]":
        """Return the assignments as they are now; later writes do not change the copy."""
        twin = Assignments[A](self._revision, thing=self._thing, holder=self._holder)
        twin._of = {thing: dict(row) for thing, row in self._of.items()}
        twin._to = {holder: dict(row) for holder, row in self._to.items()}
        return twin

    def of(self, thing: Hashable) -> Sized[A]:
        """Return the assignments of a thing, in the order they were made."""
        return self._of.get(thing, {}).values()

    def to(self, holder: Hashable) -> Sized[A]:
        """Return the assignments to a holder, in the order they were made."""
        return self._to.get(holder, {}).values()

    def between(self, thing: Hashable, holder: Hashable) -> A | None:
        """Return the assignment of a thing to a holder, or None."""
        return self._to.get(holder, {}).get(thing)

    def save(self, assignment: A) -> None:
        """Keep an assignment, in place of one between the same two."""
        thing, holder = self._thing(assignment), self._holder(assignment)
        self._of.setdefault(thing, {})[holder] = assignment
        self._to.setdefault(holder, {})[thing] = assignment
        self._revision.bump()

    def remove(self, thing: Hashable, holder: Hashable) -> None:
        """Forget the assignment between the two, if there is one."""
        self._of.get(thing, {}).pop(holder, None)
        self._to.get(holder, {}).pop(thing, None)
        self._revision.bump()

    def discard(self, assignment: A) -> bool:
        """Forget what relates the same two as *assignment*; say whether there was anything."""
        thing, holder = self._thing(assignment), self._holder(assignment)
        known = self.between(thing, holder) is not None
        self.remove(thing, holder)
        return known

    def forget(self, thing: Hashable) -> None:
        """Forget every assignment of a thing (it was deleted)."""
        for holder in list(self._of.get(thing, {})):
            self.remove(thing, holder)

    def vacate(self, holder: Hashable) -> None:
        """Forget every assignment to a holder (it was deleted)."""
        for thing in list(self._to.get(holder, {})):
            self.remove(thing, holder)
