"""With whom a shopper shares pages, as far as that is certain right now; in doubt, with nobody."""

import asyncio
from typing import assert_never

from proxy.core.scope import Shared, Sharing, anonymous_scope, group_scope
from proxy.errors import ProxyError, ScopeChanged
from proxy.model import Shopper
from proxy.shoppers import Shoppers


class Scopes:
    """Learns scopes with the shopper's own token. A shopper waits at most *timeout_s* for that."""

    def __init__(self, shoppers: Shoppers, *, timeout_s: float) -> None:
        self._shoppers = shoppers
        self._timeout_s = timeout_s

    async def shared(self, shopper: Shopper, sharing: Sharing) -> Shared | None:
        """Return the scope of those with whom *shopper* shares, being who `reach` says.

        None where they share with nobody, or it cannot be learnt whether they do.
        """
        match sharing:
            case Sharing.SHOPPER:
                return None
            case Sharing.ANONYMOUS:
                return Shared(anonymous_scope(shopper))
            case Sharing.GROUPS:
                return await self._by_groups(shopper)
            case unknown:
                assert_never(unknown)

    async def _by_groups(self, shopper: Shopper) -> Shared | None:
        try:
            async with asyncio.timeout(self._timeout_s):
                member, age_s, holds = await self._shoppers.membership(shopper)
        except (ProxyError, TimeoutError):
            return self._last_known(shopper)
        return Shared(group_scope(shopper, member), member, age_s, holds=holds)

    def _last_known(self, shopper: Shopper) -> Shared | None:
        known = self._shoppers.last_membership(shopper)
        if known is None:
            return None
        member, age_s = known
        return Shared(group_scope(shopper, member), member, age_s, is_current=False)

    async def confirm(self, shared: Shared, shopper: Shopper) -> None:
        """Ask OrderCloud anew whether *shopper* is of that scope.

        Raises:
            ScopeChanged: not any more, or OrderCloud does not say.
        """
        if shared.member is None:
            return
        try:
            member = await self._shoppers.renewed_membership(shopper)
        except ProxyError as exc:
            raise ScopeChanged("OrderCloud does not say what the shopper may see") from exc
        if member != shared.member:
            raise ScopeChanged("the shopper's buyer, groups or locale have changed")
