"""What the seed's products are called and made of."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of product. *prices* is the range in the marketplace's currency."""

    category_id: str
    picture: str
    nouns: tuple[str, ...]
    materials: tuple[str, ...]
    seasons: tuple[str, ...]
    tags: tuple[str, ...]
    prices: tuple[float, float]


MENS_WATCHES = Kind(
    "mens-watches",
    "watch",
    ("Chronograph", "Diver", "Field Watch", "GMT", "Pilot", "Skeleton"),
    ("steel", "titanium", "bronze", "leather"),
    ("all-year",),
    ("automatic", "sapphire", "water-resistant", "limited"),
    (120, 2400),
)
KINDS = (
    Kind(
        "sneakers",
        "sneaker",
        ("Runner", "Court Sneaker", "High-Top", "Trainer", "Slip-On"),
        ("mesh", "canvas", "suede", "knit"),
        ("spring", "summer", "all-year"),
        ("vegan", "lightweight", "cushioned", "unisex"),
        (49, 220),
    ),
    Kind(
        "womens-watches",
        "watch",
        ("Dress Watch", "Bangle Watch", "Moonphase", "Petite", "Chronograph"),
        ("gold", "steel", "ceramic", "leather"),
        ("all-year",),
        ("quartz", "sapphire", "water-resistant", "gift"),
        (90, 1900),
    ),
    Kind(
        "boots",
        "boot",
        ("Chelsea Boot", "Hiker", "Work Boot", "Desert Boot", "Winter Boot"),
        ("leather", "suede", "rubber", "nubuck"),
        ("autumn", "winter"),
        ("waterproof", "resoleable", "lined", "unisex"),
        (89, 380),
    ),
    Kind(
        "backpacks",
        "backpack",
        ("Daypack", "Rolltop", "Commuter", "Weekender", "Trekker"),
        ("canvas", "nylon", "leather", "wool"),
        ("all-year",),
        ("vegan", "waterproof", "laptop", "recycled"),
        (39, 260),
    ),
    Kind(
        "totes",
        "tote",
        ("Market Tote", "Shopper", "Office Tote", "Bucket Bag", "Carryall"),
        ("canvas", "leather", "linen", "straw"),
        ("spring", "summer", "all-year"),
        ("vegan", "reversible", "handmade", "gift"),
        (19, 340),
    ),
    Kind(
        "jackets",
        "jacket",
        ("Parka", "Bomber", "Rain Shell", "Field Jacket", "Down Jacket"),
        ("wool", "nylon", "down", "waxed-cotton"),
        ("autumn", "winter", "spring"),
        ("waterproof", "packable", "recycled", "lined"),
        (79, 690),
    ),
)
COLORS = ("Black", "Blue", "Brown", "Green", "Grey", "Navy", "Olive", "Red", "Tan", "White")
BRANDS = (
    "Alder & Finch",
    "Bergmann",
    "Calloway",
    "Dunmore",
    "Escarpa",
    "Fjordland",
    "Halcyon",
    "Kestrel",
)
LINES = (
    "Harbour",
    "Summit",
    "Meridian",
    "Orchard",
    "Canyon",
    "Lantern",
    "Tideline",
    "Juniper",
    "Northway",
    "Atlas",
    "Copper",
    "Willow",
)
AUDIENCES = ("newVisitor", "repeatCustomer", "vip", "bargainHunter")
PROMISES = (
    "Built to be repaired, not replaced.",
    "Tested for two years before it went on sale.",
    "A quiet favourite of everyone in our workshop.",
    "Cut from one piece, finished by hand.",
    "Made in small batches, so it may be gone next month.",
)
