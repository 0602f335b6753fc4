"""Buyers and their user groups."""

from collections.abc import Mapping

from sandbox.ordercloud import models
from sandbox.ordercloud.admin.relations import Relation
from sandbox.ordercloud.assignments import CatalogAssignment, Membership, Party
from sandbox.ordercloud.call import Call, Endpoint
from sandbox.ordercloud.collections import Entity
from sandbox.ordercloud.entities import Entities
from sandbox.ordercloud.errors import ApiError
from sandbox.ordercloud.store import Store


def buyer_id(call: Call) -> str:
    """Return the ID of the buyer in the path as it is written; raise NotFound."""
    found: str = call.marketplace.store.buyers.get(call.ids["buyerID"])["ID"]
    return found


def _prepare_buyer(call: Call, buyer: Entity) -> Entity:
    """Refuse a default catalog that does not exist; without one the buyer gets its own."""
    store = call.marketplace.store
    if buyer["DefaultCatalogID"]:
        return {**buyer, "DefaultCatalogID": store.catalogs.get(buyer["DefaultCatalogID"])["ID"]}
    if buyer["ID"] in store.catalogs and buyer["ID"] not in store.buyers:
        raise ApiError("Buyer.DefaultCatalogAlreadyExists")
    return {**buyer, "DefaultCatalogID": buyer["ID"]}


def _open_catalog(call: Call, buyer: Entity) -> None:
    """Make the default catalog that a new buyer named none for, and show it to the buyer."""
    store, catalog_id = call.marketplace.store, buyer["DefaultCatalogID"]
    if catalog_id in store.catalogs:
        return
    catalog = {"ID": catalog_id, "Name": buyer["Name"], "Active": True}
    owner = {"OwnerID": call.marketplace.settings.marketplace_id}
    store.catalogs.add({**models.blank("Catalog"), **catalog, **owner})
    store.catalog_assignments.save(CatalogAssignment(catalog_id, Party(buyer["ID"])))


def _forget_buyer(call: Call, buyer: Entity) -> None:
    store = call.marketplace.store
    groups = [group["ID"] for group in store.user_groups.of(buyer["ID"])]
    for party in (Party(buyer["ID"]), *(Party(buyer["ID"], group) for group in groups)):
        _vacate(store, party)
    for group in groups:
        store.memberships.vacate((buyer["ID"], group))
    store.user_groups.drop(buyer["ID"])
    store.users.drop(buyer["ID"])


def _vacate(store: Store, party: Party) -> None:
    """Remove all that is assigned to a party."""
    store.catalog_assignments.vacate(party)
    store.category_assignments.vacate(party)
    store.product_assignments.vacate(party)
    store.promotion_assignments.vacate(party)
    store.locale_assignments.vacate(party)


_BUYERS = Entities(
    model="Buyer",
    path="/buyers",
    place="buyerID",
    within=lambda call: call.marketplace.store.buyers,
    prepare=_prepare_buyer,
    follow=_open_catalog,
    forget=_forget_buyer,
)


def _forget_group(call: Call, group: Entity) -> None:
    _vacate(call.marketplace.store, Party(buyer_id(call), group["ID"]))
    call.marketplace.store.memberships.vacate((buyer_id(call), group["ID"]))


_GROUPS = Entities(
    model="UserGroup",
    path="/buyers/{buyerID}/usergroups",
    place="userGroupID",
    within=lambda call: call.marketplace.store.user_groups.of(buyer_id(call)),
    forget=_forget_group,
)


def _read_membership(call: Call, assignment: Entity) -> Membership:
    store, buyer = call.marketplace.store, buyer_id(call)
    return Membership(
        buyer_id=buyer,
        user_id=store.users.of(buyer).get(assignment["UserID"])["ID"],
        user_group_id=store.user_groups.of(buyer).get(assignment["UserGroupID"])["ID"],
    )


def _write_membership(membership: Membership) -> Entity:
    return {"UserGroupID": membership.user_group_id, "UserID": membership.user_id}


_MEMBERSHIPS = Relation(
    model="UserGroupAssignment",
    path="/buyers/{buyerID}/usergroups/assignments",
    one="/buyers/{buyerID}/usergroups/{userGroupID}/assignments/{userID}",
    kept=lambda store: store.memberships,
    read=_read_membership,
    write=_write_membership,
    concerns=lambda call, membership: membership.buyer_id == buyer_id(call),
)

ROUTES: Mapping[str, Endpoint] = {
    **_BUYERS.routes(),
    **_GROUPS.routes(),
    **_MEMBERSHIPS.routes(),
}
