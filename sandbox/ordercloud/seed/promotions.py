"""The promotions: codes for everyone, for groups, for one buyer, and some that no longer work."""

from dataclasses import dataclass

from sandbox.ordercloud import models
from sandbox.ordercloud.assignments import Party, PromotionAssignment
from sandbox.ordercloud.collections import Entity
from sandbox.ordercloud.seed.names import ACME, GLOBEX, OWNER, VIP, WHOLESALE, moment
from sandbox.ordercloud.store import Store

_EVERYONE = (Party(ACME), Party(GLOBEX))
_DAYS = 3650


@dataclass(frozen=True, slots=True)
class Deal:
    """A promotion in short. *eligible* and *value* are OrderCloud's expressions."""

    code: str
    name: str
    audience: str
    eligible: str = "order.Subtotal > 0"
    value: str = "order.Subtotal * 0.1"
    parties: tuple[Party, ...] = _EVERYONE
    active: bool = True
    until_days: int = _DAYS
    alone: bool = False


_OFFERS = (
    Deal("WELCOME10", "10% off your first order", "newVisitor"),
    Deal("FIRSTSHIP", "Free shipping on us", "newVisitor", value="order.ShippingCost"),
    Deal(
        "AGAIN15",
        "15% off: good to see you again",
        "repeatCustomer",
        "order.Subtotal >= 100",
        "order.Subtotal * 0.15",
    ),
    Deal(
        "THANKYOU20",
        "20 off for coming back",
        "repeatCustomer",
        "order.Subtotal >= 80",
        "20",
    ),
    Deal(
        "LOYAL3",
        "Buy three, save 30",
        "repeatCustomer",
        "order.LineItemCount >= 3",
        "30",
    ),
    Deal(
        "WATCHWEEK",
        "25 off every order with a watch",
        "repeatCustomer",
        "items.any(ProductID = 'watch-1') or items.any(ProductID = 'watch-2')",
        "25",
    ),
    Deal(
        "BUNDLE5",
        "5% off, and it adds up",
        "bargainHunter",
        value="order.Subtotal * 0.05",
    ),
    Deal(
        "BIGCART",
        "50 off from 400",
        "bargainHunter",
        "order.Subtotal >= 400",
        "50",
        alone=True,
    ),
    Deal(
        "VIP25",
        "A quarter off, for members",
        "vip",
        value="order.Subtotal * 0.25",
        parties=(Party(ACME, VIP),),
    ),
    Deal(
        "VIPEARLY",
        "Early access gift",
        "vip",
        "order.Subtotal >= 200",
        "40",
        parties=(Party(ACME, VIP),),
    ),
    Deal(
        "CARTON",
        "12% off by the carton",
        "bargainHunter",
        "order.Subtotal >= 1000",
        "order.Subtotal * 0.12",
        parties=(Party(ACME, WHOLESALE),),
    ),
    Deal("GLOBEX10", "Globex framework discount", "repeatCustomer", parties=(Party(GLOBEX),)),
    Deal(
        "GLOBEXFREIGHT",
        "Freight paid for Globex",
        "bargainHunter",
        value="order.ShippingCost",
        parties=(Party(GLOBEX),),
    ),
    Deal("PAUSED20", "20% off, on hold", "bargainHunter", active=False),
    Deal("LASTSUMMER", "Summer is over", "bargainHunter", until_days=200),
)


def plant(store: Store, *, base_url: str) -> None:
    """Add the promotions; their IDs are their codes in lower case."""
    for priority, offer in enumerate(_OFFERS, start=1):
        promotion = store.promotions.add(_promotion(offer, priority, base_url))
        for party in offer.parties:
            store.promotion_assignments.save(PromotionAssignment(promotion["ID"], party))


def _promotion(offer: Deal, priority: int, base_url: str) -> Entity:
    banner = f"{base_url}/_sandbox/images/banner-{offer.audience.lower()}-{priority}.svg"
    promotion = {
        "ID": offer.code.lower(),
        "OwnerID": OWNER,
        "Code": offer.code,
        "Name": offer.name,
        "Description": f"{offer.name}. Enter {offer.code} in your cart.",
        "EligibleExpression": offer.eligible,
        "ValueExpression": offer.value,
        "StartDate": moment(0),
        "ExpirationDate": moment(offer.until_days),
        "CanCombine": not offer.alone,
        "Active": offer.active,
        "Priority": priority,
        "xp": {"targetAudience": offer.audience, "Images": [{"Url": banner}]},
    }
    return {**models.blank("Promotion"), **promotion}
