"""Who a shopper is beyond the token: what OrderCloud tells of them, remembered for minutes."""

import asyncio
import contextlib
from datetime import UTC, datetime
from functools import partial
from typing import Protocol

from msgspec.structs import replace

from proxy.cache.cache import Cache, Fetch, Fetched, Served
from proxy.core import tags
from proxy.core.freshness import Lifetime, Terms
from proxy.core.keys import Key, key_of
from proxy.core.placement import Needs
from proxy.core.scope import Membership, membership
from proxy.errors import ProxyError
from proxy.model import Asked, Facts, Guest, Holds, Json, Profile, Shopper


class Directory(Protocol):
    """Tells who a shopper is."""

    async def fetch_profile(self, shopper: Shopper) -> Profile:
        """Return who the shopper is, or raise OrderCloudRefused or UpstreamError."""

    async def fetch_groups(self, shopper: Shopper) -> frozenset[str]:
        """Return the shopper's user groups, or raise OrderCloudRefused or UpstreamError."""

    async def fetch_cart(self, shopper: Shopper) -> list[Json]:
        """Return the line items of the live cart, or raise OrderCloudRefused or UpstreamError."""


class Shoppers:
    """What is known of shoppers. Rules wait at most *timeout_s* for what they ask about one."""

    def __init__(
        self,
        directory: Directory,
        *,
        profiles: Cache[Profile],
        groups: Cache[frozenset[str]],
        fresh_s: float,
        error_s: float,
        timeout_s: float,
    ) -> None:
        self._directory = directory
        self._profiles = profiles
        self._groups = groups
        self._current = Terms(Lifetime(fresh_s))
        self._terms = Terms(Lifetime(fresh_s, error_s=error_s))
        self._timeout_s = timeout_s

    async def profile(self, shopper: Shopper) -> Profile:
        """Return who *shopper* is.

        Raises:
            ProxyError: OrderCloud does not say.
        """
        return (await self._profiles.get(*self._profile_fetch(shopper), self._terms)).value

    async def membership(self, shopper: Shopper) -> tuple[Membership, float, Holds]:
        """Return what decides what *shopper* may see, its age in seconds, and what holds it.

        Raises:
            ProxyError: OrderCloud does not say.
        """
        profile, groups = await asyncio.gather(
            self._profiles.get(*self._profile_fetch(shopper), self._current),
            self._groups.get(*self._groups_fetch(shopper), self._current),
        )
        return *_membership(profile, groups), (profile.hold, groups.hold)

    def last_membership(self, shopper: Shopper) -> tuple[Membership, float] | None:
        """Return what last decided what *shopper* may see, if known, and its age in seconds."""
        profile = self._profiles.last_good(key_of("profile", shopper.id), self._terms)
        groups = self._groups.last_good(key_of("groups", shopper.id), self._terms)
        return _membership(profile, groups) if profile and groups else None

    async def renewed_membership(self, shopper: Shopper) -> Membership:
        """Ask OrderCloud what decides what *shopper* may see, whatever is remembered.

        Raises:
            ProxyError: OrderCloud does not say.
        """
        profile, groups = await asyncio.gather(
            self._profiles.renew(*self._profile_fetch(shopper), self._terms),
            self._groups.renew(*self._groups_fetch(shopper), self._terms),
        )
        return membership(profile, groups)

    async def guest(self, shopper: Shopper, asked: Asked) -> Guest:
        """Return whom CDP is asked about: the browser, else the identifier behind the token.

        Raises:
            ProxyError: OrderCloud does not say who the shopper is.
        """
        if asked.visitor.browser_id:
            return Guest(browser_id=asked.visitor.browser_id)
        if shopper.is_anonymous:
            return Guest(identifier=shopper.anonymous_identifier)
        return Guest(identifier=(await self.profile(shopper)).identifier)

    async def facts(self, needs: Needs, shopper: Shopper, asked: Asked) -> Facts:
        """Return what rules may ask about the shopper; what cannot be learnt stays unknown."""
        who = asked.visitor.browser_id if shopper.is_anonymous else shopper.username
        of_token = Facts(datetime.now(UTC), shopper.is_anonymous, who=who or shopper.id)
        return await self._learnt(needs, shopper, of_token) if needs.any else of_token

    async def _learnt(self, needs: Needs, shopper: Shopper, facts: Facts) -> Facts:
        """Return *facts*, and what OrderCloud tells in time."""
        profile = groups = cart = None
        holds: Holds = (None,)
        with contextlib.suppress(ProxyError, TimeoutError):
            async with asyncio.timeout(self._timeout_s):
                if needs.profile:
                    profile = await self._profiles.get(*self._profile_fetch(shopper), self._terms)
                if needs.groups:
                    groups = await self._groups.get(*self._groups_fetch(shopper), self._terms)
                if needs.cart:  # never kept: it changes with every call of the shopper's
                    cart = await self._directory.fetch_cart(shopper)
                holds = _holds(needs, profile, groups)
        return replace(
            facts,
            profile=profile.value if profile else None,
            groups=groups.value if groups else None,
            cart=cart,
            age_s=max((known.age_s for known in (profile, groups) if known), default=0.0),
            holds=holds,
        )

    def _profile_fetch(self, shopper: Shopper) -> tuple[Key, Fetch[Profile]]:
        return key_of("profile", shopper.id), partial(self._fetch_profile, shopper)

    def _groups_fetch(self, shopper: Shopper) -> tuple[Key, Fetch[frozenset[str]]]:
        return key_of("groups", shopper.id), partial(self._fetch_groups, shopper)

    async def _fetch_profile(self, shopper: Shopper) -> Fetched[Profile]:
        profile = await self._directory.fetch_profile(shopper)
        return Fetched(profile, tags=_tags("me", profile))

    async def _fetch_groups(self, shopper: Shopper) -> Fetched[frozenset[str]]:
        """Fetch the groups, and by which ID OrderCloud tells of a change of them."""
        profile, groups = await asyncio.gather(
            self.profile(shopper), self._directory.fetch_groups(shopper)
        )
        return Fetched(groups, tags=_tags("me/usergroups", profile))


def _holds(
    needs: Needs, profile: Served[Profile] | None, groups: Served[frozenset[str]] | None
) -> Holds:
    known = tuple(served.hold for served in (profile, groups) if served)
    return (*known, None) if needs.cart else known


def _membership(
    profile: Served[Profile], groups: Served[frozenset[str]]
) -> tuple[Membership, float]:
    return membership(profile.value, groups.value), max(profile.age_s, groups.age_s)


def _tags(resource: str, profile: Profile) -> bytes:
    """Return the tags of what OrderCloud tells of a shopper; what the shopper does is none."""
    guest = tags.tag("guest", profile.identifier)
    return tags.pack((tags.tag("resource", resource), guest))
