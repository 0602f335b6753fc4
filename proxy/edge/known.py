"""Shoppers whose tokens were verified, by token: what spares the next request the check."""

from collections import OrderedDict

from proxy.model import Shopper

SHOPPER_BYTES = 400
"""What a shopper takes beside the text of the token; tests/edge/test_known.py measures it."""


class Known:
    """Shoppers, up to *max_bytes*: whose token was used longest ago goes first."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = self._left_bytes = max_bytes
        self._shoppers: OrderedDict[str, Shopper] = OrderedDict()
        """By the very text that each holds, so that there is no other."""

    @property
    def size_bytes(self) -> int:
        """Return what is kept now."""
        return self._max_bytes - self._left_bytes

    def get(self, token: str) -> Shopper | None:
        """Return whose token it is, if that is known."""
        shopper = self._shoppers.get(token)
        if shopper is not None:
            self._shoppers.move_to_end(token)
        return shopper

    def add(self, shopper: Shopper) -> None:
        """Remember whose token it is."""
        self._forget(self._shoppers.pop(shopper.token, None))
        self._left_bytes -= _bytes(shopper)
        self._shoppers[shopper.token] = shopper
        while self._left_bytes < 0:
            self._forget(self._shoppers.popitem(last=False)[1])

    def _forget(self, shopper: Shopper | None) -> None:
        if shopper is not None:
            self._left_bytes += _bytes(shopper)


def _bytes(shopper: Shopper) -> int:
    return len(shopper.token) + SHOPPER_BYTES
