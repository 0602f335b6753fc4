"""Whose cached pages a shopper may see: the scope, computed from what is certain of the shopper.

OrderCloud's assignments name buyers and user groups, never users, so its lists of products and
categories are the same for all with the same membership. Nothing else is ever shared, and in doubt
neither are those. Source: docs/sources.md#me-lists.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from proxy.core import tags
from proxy.model import Holds, Profile, Scope, Shopper

SHAREABLE = frozenset({"me/products", "me/categories"})
"""Lists that depend on what a shopper may see, never on who the shopper is.

Promotions are left out: limits of redemption are per user.
"""

_OWN = "one "
"""How a scope begins that is not shared, and no other does."""


class Sharing(StrEnum):
    """Who may be shown a page that was fetched for another, as a placement's `scope:` says it."""

    SHOPPER = "shopper"  # nobody
    ANONYMOUS = "anonymous"  # who did not log in, by the same API client
    GROUPS = "groups"  # these, and who logged in with the same membership


@dataclass(frozen=True, slots=True)
class Membership:
    """What of a shopper who logged in decides what OrderCloud lists."""

    buyer_id: str
    groups: frozenset[str]
    currency: str | None
    language: str | None


def membership(profile: Profile, groups: frozenset[str]) -> Membership:
    """Return what of a profile, and the groups, decides what OrderCloud lists."""
    return Membership(profile.buyer_id, groups, profile.currency, profile.language)


def own_scope(shopper: Shopper) -> Scope:
    """Return the scope that this shopper, with these rights, shares with nobody."""
    return Scope(_OWN + shopper.id)


def scope_tags(scope: Scope, shopper: Shopper) -> list[str]:
    """Return the tags of a page of *scope* that *shopper* fetched: names that people know as well.

    Those are the API client's ID and, where nobody shares the page, the shopper's name.
    """
    named = [scope, shopper.client_id]
    if scope.startswith(_OWN):
        named.append(tags.name_of(shopper))
    return [tags.tag("scope", name) for name in named]


def anonymous_scope(shopper: Shopper) -> Scope:
    """Return the scope of all who did not log in, by one API client: they are one template user."""
    return Scope(repr(("anonymous", shopper.client_id, shopper.username, sorted(shopper.roles))))


def group_scope(shopper: Shopper, member: Membership) -> Scope:
    """Return the scope of all who logged in, by one API client, with one membership."""
    groups, roles = sorted(member.groups), sorted(shopper.roles)
    locale = member.currency, member.language
    return Scope(repr(("groups", shopper.client_id, member.buyer_id, groups, locale, roles)))


@dataclass(frozen=True, slots=True)
class Shared:
    """A scope that a shopper shares with others, and since when (`age_s`) that is known.

    `member` is None where they did not log in. What no longer `is_current` is good for kept pages
    while OrderCloud is out, which are as old.
    """

    scope: Scope
    member: Membership | None = None
    age_s: float = 0.0
    is_current: bool = True
    holds: Holds = field(default=(), compare=False)


def reach(shopper: Shopper, resource: str, sharing: Sharing) -> Sharing:
    """Return with whom this shopper may share *resource*, where *sharing* is the most permitted.

    Who acts as somebody else shares with nobody.
    """
    if resource not in SHAREABLE or shopper.impersonator is not None:
        return Sharing.SHOPPER
    if shopper.is_anonymous and sharing is not Sharing.SHOPPER:
        return Sharing.ANONYMOUS
    return Sharing.GROUPS if sharing is Sharing.GROUPS else Sharing.SHOPPER
