"""Promotions, and the parties that may use them."""

from collections.abc import Mapping

from sandbox.ordercloud import dates
from sandbox.ordercloud.admin.relations import Relation, party
from sandbox.ordercloud.assignments import PromotionAssignment
from sandbox.ordercloud.call import Call, Endpoint
from sandbox.ordercloud.collections import Entity
from sandbox.ordercloud.entities import Entities
from sandbox.ordercloud.errors import ApiError


def _prepare(call: Call, promotion: Entity) -> Entity:
    """Refuse a code that is taken, an end before the start, and a promotion without a value."""
    others = (each for each in call.marketplace.store.promotions if each["ID"] != promotion["ID"])
    if any(each["Code"].casefold() == promotion["Code"].casefold() for each in others):
        raise ApiError("Promotion.CodeInUse")
    start, end = promotion["StartDate"], promotion["ExpirationDate"]
    if start and end and dates.read(end) < dates.read(start):
        raise ApiError("Promotion.ExpirationPrecedsStart")
    if not promotion["ValueExpression"] and not promotion["UseIntegration"]:
        raise ApiError("Promotion.ValueExpressionCannotBeNull")
    return promotion


def _forget(call: Call, promotion: Entity) -> None:
    call.marketplace.store.promotion_assignments.forget(promotion["ID"])


_PROMOTIONS = Entities(
    model="Promotion",
    path="/promotions",
    place="promotionID",
    within=lambda call: call.marketplace.store.promotions,
    prepare=_prepare,
    forget=_forget,
)


def _read_assignment(call: Call, assignment: Entity) -> PromotionAssignment:
    return PromotionAssignment(
        promotion_id=call.marketplace.store.promotions.get(assignment["PromotionID"])["ID"],
        party=party(call, assignment),
    )


def _write_assignment(assignment: PromotionAssignment) -> Entity:
    return {
        "PromotionID": assignment.promotion_id,
        "BuyerID": assignment.party.buyer_id,
        "UserGroupID": assignment.party.user_group_id,
    }


_TO_PARTIES = Relation(
    model="PromotionAssignment",
    path="/promotions/assignments",
    one="/promotions/{promotionID}/assignments",
    kept=lambda store: store.promotion_assignments,
    read=_read_assignment,
    write=_write_assignment,
)

ROUTES: Mapping[str, Endpoint] = {**_PROMOTIONS.routes(), **_TO_PARTIES.routes()}
