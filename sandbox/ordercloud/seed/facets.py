"""What product lists count."""

from sandbox.ordercloud import models
from sandbox.ordercloud.store import Store

_FACETS = (
    ("color", "Color", "xp.color"),
    ("brand", "Brand", "xp.brand"),
    ("material", "Material", "xp.details.material"),
    ("isNew", "New", "xp.isNew"),
)


def plant(store: Store) -> None:
    """Add the facets, in the order they are shown in."""
    for order, (facet_id, name, path) in enumerate(_FACETS):
        facet = {"ID": facet_id, "Name": name, "XpPath": path, "ListOrder": order}
        store.product_facets.add({**models.blank("ProductFacet"), **facet})
