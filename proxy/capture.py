"""What shoppers do, read off OrderCloud's own answers: a successful one proves that it was done.

Both the traffic that passes through and OrderCloud's webhooks tell of the same deeds, under the
same keys. What an answer does not carry is looked up with the shopper's own token.
"""

import contextlib
from collections.abc import Mapping
from typing import Any, Protocol, TypeAlias, assert_never

from cachetools import TTLCache

from proxy.core import events
from proxy.core.deeds import Deed, Done
from proxy.core.events import Event, Origin, ProductMapping
from proxy.errors import ProxyError, UpstreamBroken
from proxy.model import Shopper
from proxy.pipeline import Verifier
from proxy.recorder import Recorder

Answer: TypeAlias = Mapping[str, Any]
"""The JSON object that OrderCloud answered with; empty where there is none."""

_PRODUCTS_MAX = 1000
_PRODUCT_S = 300.0
_NEEDED: Mapping[Deed, tuple[str, ...]] = {
    Deed.LOG_IN: ("access_token",),
    Deed.ADD: ("ID", "ProductID", "Quantity"),
    Deed.SUBMIT: ("ID",),
}


class Orders(Protocol):
    """Looks into orders, and at products, as the shopper."""

    async def fetch_all(self, path: str, shopper: Shopper) -> list[dict[str, Any]]:
        """Return all items of the list at *path* (below /v1), or raise ProxyError."""

    async def fetch_product(self, product_id: str, shopper: Shopper) -> dict[str, Any]:
        """Return a product with its prices, or raise ProxyError."""


class Capture:
    """Makes events of deeds, and has them recorded."""

    def __init__(
        self, recorder: Recorder, verifier: Verifier, orders: Orders, mapping: ProductMapping
    ) -> None:
        self._recorder = recorder
        self._verifier = verifier
        self._orders = orders
        self._mapping = mapping
        self._products: TTLCache[tuple[str, str], dict[str, Any]] = TTLCache(
            _PRODUCTS_MAX, _PRODUCT_S
        )

    async def take(
        self, done: Done, answer: Answer, origin: Origin, authorization: str | None, *, key: str
    ) -> None:
        """Record what was done; *key* is that of OrderCloud's log, the same for all who tell.

        Raises:
            TokenError: the token names no shopper, so nobody is told of.
            OutboxFull: nothing was kept.
            ProxyError: what the event needs could not be looked up.
        """
        _require(answer, *_NEEDED.get(done.deed, ()))
        if done.deed is Deed.LOG_IN:
            authorization = f"Bearer {answer['access_token']}"
        shopper = await self._verifier.verify(authorization)
        if done.deed is Deed.ADD or not shopper.is_anonymous:  # who is asked for anyway
            origin = await self._localized(origin, shopper)
        happened = await self._events(done, answer, origin, shopper, key)
        await self._recorder.record(origin, happened, shopper)

    async def _events(
        self, done: Done, answer: Answer, origin: Origin, shopper: Shopper, key: str
    ) -> list[Event]:
        match done.deed:
            case Deed.LOG_IN:
                return []  # who it is, is what the recorder begins with
            case Deed.SEARCH:
                return [events.searched(origin, done.words, key=key)]
            case Deed.ADD:
                return [await self._added(answer, origin, shopper, key)]
            case Deed.REMOVE:
                left = await self._orders.fetch_all(f"{done.order}/lineitems", shopper)
                return [] if left else [events.cleared(origin, key=key)]
            case Deed.CLEAR:
                return [events.cleared(origin, key=key)]
            case Deed.SUBMIT:
                return [await self._order(answer, origin, shopper)]
            case _:
                assert_never(done.deed)

    async def _localized(self, origin: Origin, shopper: Shopper) -> Origin:
        try:
            return await self._recorder.localized(origin, shopper)
        except ProxyError:
            return origin  # the configured currency is the best guess then

    async def _added(self, line: Answer, origin: Origin, shopper: Shopper, key: str) -> Event:
        with contextlib.suppress(ProxyError):
            line = await self._whole(line, shopper)
        return events.added(origin, line, self._mapping, key=key)

    async def _whole(self, line: Answer, shopper: Shopper) -> Answer:
        """Return *line* with its product and price, looked up where the answer lacks them."""
        if not events.needs_product(line):
            return line
        which = line["ProductID"], shopper.id
        product = self._products.get(which) or await self._orders.fetch_product(which[0], shopper)
        self._products[which] = product
        return events.with_product(line, product)

    async def _order(self, order: Answer, origin: Origin, shopper: Shopper) -> Event:
        """Return the submitted order; a cart is by now an order like any other."""
        path = f"orders/outgoing/{order['ID']}"
        lines = await self._orders.fetch_all(f"{path}/lineitems", shopper)
        payments = await self._orders.fetch_all(f"{path}/payments", shopper)
        return events.ordered(origin, order, lines, payments, self._mapping)


def log_key(log_id: str) -> str:
    """Return the key of what OrderCloud logs under *log_id*, in an answer and in webhooks."""
    return f"log:{log_id}"


def _require(answer: Answer, *names: str) -> None:
    missing = [name for name in names if not answer.get(name)]
    if missing:
        raise UpstreamBroken(f"OrderCloud's answer could not be read: no {missing[0]}")
