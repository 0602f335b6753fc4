"""All orders: by ID, and by whose they are."""

from collections.abc import Iterator

from sandbox.ordercloud.collections import Collection, Entity, Owned, Revision
from sandbox.ordercloud.errors import not_found


class OrderBook:
    """Orders of all owners. An owner is an account's key or, if anonymous, the token's order ID."""

    def __init__(self, revision: Revision) -> None:
        self._orders = Owned("Order", revision)
        self._owners: dict[str, str] = {}

    def __iter__(self) -> Iterator[Entity]:
        for owner in dict.fromkeys(self._owners.values()):
            yield from self.of(owner)

    def __contains__(self, order_id: str) -> bool:
        return order_id.casefold() in self._owners

    def of(self, owner: str) -> Collection:
        """Return an owner's orders in order of creation."""
        return self._orders.of(owner)

    def get(self, order_id: str) -> Entity:
        """Return an order; raise NotFound."""
        return self.of(self.owner(order_id)).get(order_id)

    def owner(self, order_id: str) -> str:
        """Return whose an order is; raise NotFound."""
        owner = self._owners.get(order_id.casefold())
        if owner is None:
            raise not_found("Order", order_id)
        return owner

    def put(self, owner: str, order: Entity) -> Entity:
        """Keep an order as the owner's, whoever had it before."""
        before = self._owners.get(order["ID"].casefold(), owner)
        if before != owner:
            self.of(before).remove(order["ID"])
        self._owners[order["ID"].casefold()] = owner
        return self.of(owner).put(order)

    def remove(self, order_id: str) -> None:
        """Forget an order; raise NotFound."""
        self.of(self.owner(order_id)).remove(order_id)
        del self._owners[order_id.casefold()]
