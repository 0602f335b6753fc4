"""The IDs of the seed that its parts refer to, and the moment it begins."""

from sandbox.ordercloud import dates

OWNER = "demo"
ACME, GLOBEX = "acme", "globex"
VIP, WHOLESALE = "vip", "wholesale"
DEMO_CATALOG, GLOBEX_CATALOG = "demo-catalog", "globex-catalog"

DAY_S = 86_400
BEGIN = dates.read("2024-01-08T09:00:00")


def moment(days: float) -> str:
    """Return a moment so many days after the marketplace was opened."""
    return dates.write(BEGIN + days * DAY_S)
