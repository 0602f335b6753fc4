"""Takes events in: who the shopper is comes first, then what the shopper did, into the outbox.

What was decided for the guest before that is dropped.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Protocol

from proxy.cache.purges import Purger, Purges
from proxy.core import events, tags
from proxy.core.events import EXPOSURE, ORDER_CHECKOUT, Event, Origin
from proxy.errors import ProxyError
from proxy.model import Profile, Shopper
from proxy.sections import Cdp as CdpConfig

_LANGUAGE_CHARS = 2
"""CDP takes `DE` where OrderCloud says `de-CH`. Source: docs/sources.md#cdp-events."""


class Outbox(Protocol):
    """Keeps events until CDP has them."""

    async def append(self, events: Sequence[Event]) -> int:
        """Keep what is new, durably, or raise OutboxFull; return how many were."""


class Recorder:
    """Records what shoppers do. *clock* gives epoch seconds."""

    def __init__(
        self,
        outbox: Outbox,
        *,
        profile_of: Callable[[Shopper], Awaitable[Profile]],
        purges: Purges,
        cdp: CdpConfig,
        clock: Callable[[], float],
        on_recorded: Callable[[Event], None] = lambda _: None,
        wake: Callable[[], None] = lambda: None,
    ) -> None:
        self._outbox = outbox
        self._profile_of = profile_of
        self._purges = purges
        self._cdp = cdp
        self._clock = clock
        self._on_recorded = on_recorded
        self._wake = wake

    def origin(self, browser_id: str, page: str = "/", currency: str | None = None) -> Origin:
        """Return that something happened at a browser, now."""
        at = datetime.fromtimestamp(self._clock(), UTC)
        return Origin(browser_id, at, self._cdp.language, currency or self._cdp.currency, page)

    async def localized(self, origin: Origin, shopper: Shopper) -> Origin:
        """Return *origin* with the currency and language of *shopper*, where OrderCloud has them.

        Raises:
            ProxyError: OrderCloud does not say.
        """
        profile = await self._profile_of(shopper)
        return replace(
            origin,
            currency=profile.currency or origin.currency,
            language=(profile.language or origin.language)[:_LANGUAGE_CHARS].upper(),
        )

    async def record(
        self, origin: Origin, happened: Sequence[Event], shopper: Shopper | None = None
    ) -> None:
        """Keep *happened*, after who did it where *shopper* is known and CDP was not told yet.

        Raises:
            OutboxFull: nothing was kept.
            ProxyError: there is an order, and OrderCloud does not say whose: CDP takes orders of
                identified guests only.
        """
        identity = await self._identity(origin, happened, shopper)
        if not (new_count := await self._outbox.append([*identity, *happened])):
            return
        for event in happened:
            self._on_recorded(event)
        self._wake()
        if new_count > sum(event.type == EXPOSURE for event in happened):
            whose = tags.of_guest(origin.browser_id, shopper)
            self._purges.purge(whose, hard=False, by=Purger.EVENT)

    async def _identity(
        self, origin: Origin, happened: Sequence[Event], shopper: Shopper | None
    ) -> list[Event]:
        if shopper is None:
            return []
        is_order = any(event.type == ORDER_CHECKOUT for event in happened)
        try:
            identifier = await self.identifier(shopper, at_checkout=is_order)
        except ProxyError:
            if is_order:
                raise
            return []
        if identifier is None:
            return []
        return [events.identified(origin, identifier, provider=self._cdp.identity_provider)]

    async def identifier(self, shopper: Shopper, *, at_checkout: bool) -> str | None:
        """Return the identifier by which CDP knows *shopper*.

        Who has not logged in is identified by an order only: CDP would take an identified
        visitor and the customer who logs in later for two people.
        """
        if shopper.is_anonymous:
            return shopper.anonymous_identifier if at_checkout else None
        return (await self._profile_of(shopper)).identifier
