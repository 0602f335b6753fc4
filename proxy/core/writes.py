"""What a write of OrderCloud's makes wrong in the cache: a webhook's route and bodies become tags.

Pure. What is kept of the thing that was written is known to be wrong, so its own tag is purged
hard. The lists that the thing may enter, leave or move in are doubtful: they are purged softly,
which shows them once more while they are fetched anew. docs/cache.md shows the table to people.
Source: docs/sources.md#webhook-routes.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

PRODUCTS = "resource:me/products"
CATEGORIES = "resource:me/categories"
CATALOGS = "resource:me/catalogs"
PROMOTIONS = "resource:me/promotions"
LISTS = frozenset({PRODUCTS, CATEGORIES, CATALOGS, PROMOTIONS})
GROUPS = "resource:me/usergroups"
PROFILES = "resource:me"

_PLACE = re.compile(r"\{(\w+)\}")
_VERSION = "v1/"
_SHOWS = ("Active", "Visible", "ViewAllProducts", "ViewAllCategories")
"""Properties that hide something where they are false."""

_CATEGORY = "catalogs/{catalogID}/categories"
_STOCK = "products/{productID}/inventoryrecords"
_VARIANT = "products/{productID}/variants/{variantID}"
_GROUP = "buyers/{buyerID}/usergroups"


@dataclass(frozen=True, slots=True)
class Outdated:
    """What must not be shown again, and what may be shown once more, by tag."""

    hard: frozenset[str] = frozenset()
    soft: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Write:
    """Calls that all make the same wrong.

    Tags have places for what the route or a body names. With `hides`, a call may take away from
    sight what it does not name (all that a category holds, say): its lists are purged hard then.
    """

    what: str
    calls: tuple[str, ...]
    things: tuple[str, ...] = ()
    lists: tuple[str, ...] = ()
    hides: bool = False


WRITES = (
    Write(
        "a new product or bundle",
        ("POST products", "POST bundles"),
        ("product:{ID}",),
        (PRODUCTS,),
    ),
    Write(
        "a product; who sees it, at which price, from which supplier; its variants and specs",
        (
            "PUT PATCH DELETE products/{productID}",
            "POST products/assignments",
            "DELETE products/{productID}/assignments/{buyerID}",
            "PUT DELETE products/{productID}/suppliers/{supplierID}",
            "POST products/{productID}/variants/generate",
            f"PUT PATCH {_VARIANT}",
            "POST specs/productassignments",
            "DELETE specs/{specID}/productassignments/{productID}",
            "POST catalogs/productassignments",
            "DELETE catalogs/{catalogID}/productassignments/{productID}",
        ),
        ("product:{productID}",),
        (PRODUCTS,),
    ),
    Write(
        "a bundle, who sees it, and what it holds",
        (
            "PUT PATCH DELETE bundles/{bundleID}",
            "POST bundles/assignments",
            "DELETE bundles/{bundleID}/assignments/{buyerID}",
            "POST bundles/productassignments",
            "DELETE bundles/{bundleID}/productassignments/{productID}",
            "POST catalogs/bundleassignments",
            "DELETE catalogs/{catalogID}/bundleassignments/{bundleID}",
        ),
        ("product:{bundleID}",),
        (PRODUCTS,),
    ),
    Write(
        "stock",
        (
            f"POST {_STOCK}",
            f"POST {_STOCK}/assignments",
            f"PUT PATCH DELETE {_STOCK}/{{inventoryRecordID}}",
            f"DELETE {_STOCK}/{{inventoryRecordID}}/assignments",
            f"POST {_VARIANT}/inventoryrecords",
            f"POST {_VARIANT}/inventoryrecords/assignments",
            f"PUT PATCH DELETE {_VARIANT}/inventoryrecords/{{inventoryRecordID}}",
            f"DELETE {_VARIANT}/inventoryrecords/{{inventoryRecordID}}/assignments",
        ),
        (),
        ("product:{productID}",),
    ),
    Write(
        "a price schedule",
        (
            "PUT PATCH DELETE priceschedules/{priceScheduleID}",
            "POST DELETE priceschedules/{priceScheduleID}/PriceBreaks",
        ),
        ("priceschedule:{priceScheduleID}",),
        (PRODUCTS,),
    ),
    Write(
        "a spec, a product facet",
        (
            "DELETE specs/{specID}",
            "POST productfacets",
            "PUT PATCH DELETE productfacets/{productFacetID}",
        ),
        (),
        (PRODUCTS,),
    ),
    Write(
        "what a category holds",
        (
            f"POST {_CATEGORY}/productassignments",
            f"DELETE {_CATEGORY}/{{categoryID}}/productassignments/{{productID}}",
        ),
        ("category:{categoryID}", "product:{productID}"),
        (PRODUCTS,),
    ),
    Write(
        "which bundles a category holds",
        (
            f"POST {_CATEGORY}/bundleassignments",
            f"DELETE {_CATEGORY}/{{categoryID}}/bundleassignments/{{bundleID}}",
        ),
        ("category:{categoryID}", "product:{bundleID}"),
        (PRODUCTS,),
    ),
    Write("a new category", (f"POST {_CATEGORY}",), ("category:{ID}",), (CATEGORIES,)),
    Write(
        "a category, and who sees it",
        (
            f"PUT PATCH DELETE {_CATEGORY}/{{categoryID}}",
            f"POST {_CATEGORY}/assignments",
            f"DELETE {_CATEGORY}/{{categoryID}}/assignments",
        ),
        ("category:{categoryID}",),
        (CATEGORIES, PRODUCTS),
        hides=True,
    ),
    Write(
        "a catalog, and who sees it",
        (
            "PUT PATCH DELETE catalogs/{catalogID}",
            "POST catalogs/assignments",
            "DELETE catalogs/{catalogID}/assignments",
        ),
        ("catalog:{catalogID}",),
        (CATALOGS, CATEGORIES, PRODUCTS),
        hides=True,
    ),
    Write("a new promotion", ("POST promotions",), ("promotion:{ID}",), (PROMOTIONS,)),
    Write(
        "a promotion, and who may use it",
        (
            "PUT PATCH DELETE promotions/{promotionID}",
            "POST promotions/assignments",
            "DELETE promotions/{promotionID}/assignments",
        ),
        ("promotion:{promotionID}",),
        (PROMOTIONS,),
    ),
    Write(
        "a buyer, a supplier and its buyers",
        (
            "PUT PATCH DELETE buyers/{buyerID}",
            "PUT PATCH DELETE suppliers/{supplierID}",
            "PUT DELETE suppliers/{supplierID}/buyers/{buyerID}",
        ),
        (),
        (CATALOGS, CATEGORIES, PRODUCTS, PROMOTIONS),
        hides=True,
    ),
    Write(
        "a user",
        (
            "PUT PATCH DELETE buyers/{buyerID}/users/{userID}",
            "POST buyers/{buyerID}/users/{userID}/moveto/{newBuyerID}",
        ),
        ("guest:{buyerID}-{userID}",),
    ),
    Write(
        "a user's membership in a group",
        (
            f"POST {_GROUP}/assignments",
            f"DELETE {_GROUP}/{{userGroupID}}/assignments/{{userID}}",
        ),
        ("guest:{buyerID}-{userID}",),
        (CATEGORIES, PRODUCTS, PROMOTIONS),
    ),
    Write(
        "the end of a group",
        (f"DELETE {_GROUP}/{{userGroupID}}",),
        (GROUPS,),
        (CATEGORIES, PRODUCTS, PROMOTIONS),
        hides=True,
    ),
    Write(
        "what a shopper says of themselves",
        ("PUT PATCH me", "PUT me/register"),
        ("shopper:{shopper}",),
    ),
    Write(
        "a locale, and whose it is",
        (
            "PUT PATCH DELETE locales/{localeID}",
            "POST locales/assignments",
            "DELETE locales/{localeID}/assignments",
        ),
        (PROFILES,),
        (PRODUCTS, PROMOTIONS),
    ),
)


def _shape(verb: str, route: str) -> tuple[str, str]:
    """Return verb and route without the names of its places, regardless of case."""
    path = route.strip("/").casefold().removeprefix(_VERSION)
    return verb.upper(), _PLACE.sub("{}", path)


def _by_shape() -> Mapping[tuple[str, str], Write]:
    calls = ((call.split(), write) for write in WRITES for call in write.calls)
    return {_shape(verb, route): write for (*verbs, route), write in calls for verb in verbs}


_BY_SHAPE = _by_shape()


def outdated_by(
    verb: str, route: str, params: Mapping[str, str], *, asked: object, answered: object
) -> Outdated:
    """Return what a call has made wrong: nothing, where it is no write that lists show.

    *params* fill the route's places, and `shopper` says whose call it was where that is known;
    *asked* and *answered* are the bodies, which may be anything. Where none of them names the
    thing, its lists are as wrong as the thing itself.
    """
    write = _BY_SHAPE.get(_shape(verb, route))
    if write is None:
        return Outdated()
    names = {**_names(answered), **_names(asked), **_names(params)}
    things, lists = _filled(write.things, names), _filled(write.lists, names)
    if len(things) < len(write.things) or (write.hides and _takes_away(verb, asked)):
        return Outdated(hard=things | lists)
    return Outdated(hard=things, soft=lists)


def _filled(templates: Iterable[str], names: Mapping[str, str]) -> frozenset[str]:
    """Return the tags, but those with a place that nothing fills."""
    return frozenset(
        _PLACE.sub(lambda place: names[place[1].casefold()], template)
        for template in templates
        if all(place.casefold() in names for place in _PLACE.findall(template))
    )


def _takes_away(verb: str, asked: object) -> bool:
    is_off = isinstance(asked, Mapping) and any(asked.get(name) is False for name in _SHOWS)
    return verb.upper() == "DELETE" or is_off


def _names(named: object) -> dict[str, str]:
    """Return the texts of an object by their names, which OrderCloud writes in either case."""
    if not isinstance(named, Mapping):
        return {}
    return {
        str(name).casefold(): value
        for name, value in named.items()
        if isinstance(value, str) and value
    }
