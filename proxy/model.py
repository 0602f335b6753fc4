"""What flows through the gateway: Shopper → Decision → ListQuery → Page.

Frozen values, with no behaviour beyond what a value can say of itself. Those that every request
makes anew are structs: a frozen dataclass takes ten times as long to make.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NewType, Protocol, TypeAlias

import msgspec

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

Scope = NewType("Scope", str)
"""Names the set of shoppers who, by OrderCloud's rules, see the same list."""


class Reason(StrEnum):
    """Why the shopper sees what is shown; one word list for headers, logs, metrics, `explain`."""

    MATCHED = "matched"
    NO_RULE = "no-rule"
    NO_FLOW = "no-flow"
    FLOW_REFUSED = "flow-refused"
    NO_DECISION = "no-decision"
    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    UPSTREAM_ERROR = "upstream-error"
    GARBAGE = "garbage"
    BUSY = "busy"
    CIRCUIT_OPEN = "circuit-open"
    BAD_PAGE = "bad-page"
    RULE_REFUSED = "rule-refused"
    HOLDOUT = "holdout"
    PARENT_SEGMENT = "parent-segment"
    NO_LIST = "no-list"
    UNVERIFIED = "unverified"


AS_MEANT = frozenset({Reason.MATCHED, Reason.NO_DECISION})
"""Reasons of a decision that came about as it should, or of a placement that needs none."""

FAULTS = (
    frozenset(Reason)
    - AS_MEANT
    - {Reason.NO_RULE, Reason.NO_FLOW, Reason.HOLDOUT, Reason.PARENT_SEGMENT}
)
"""Reasons that nobody meant: something was out, late or wrong."""


class Rung(StrEnum):
    """How far down the ladder of what may stand in an answer is; the first is what was meant."""

    MEANT = "meant"
    STALE = "stale"
    LAST_DECISION = "last-decision"
    PARENT = "parent"
    DEFAULT = "default"
    CURATED = "curated"
    SNAPSHOT = "snapshot"


class Freshness(StrEnum):
    """How a cached part came about, in the words of the `Personalization` header."""

    FRESH = "fresh"
    CACHED = "cached"
    STALE = "stale"
    FALLBACK = "fallback"


@dataclass(frozen=True, slots=True)
class Shopper:
    """The verified holder of the request's OrderCloud token.

    `order_id` is the cart of an anonymous shopper, and the only thing that tells one such shopper
    from another; `expires_at` is when the token ends, or when it has to be verified
    anew: epoch seconds.
    """

    token: str = field(repr=False)
    client_id: str
    username: str
    order_id: str | None
    roles: frozenset[str]
    impersonator: str | None
    expires_at: float

    @property
    def is_anonymous(self) -> bool:
        """Say whether OrderCloud gave this token to somebody who did not log in."""
        return self.order_id is not None

    @property
    def id(self) -> str:
        """Return what tells this shopper, with these rights, from every other."""
        who = f"anon:{self.order_id}" if self.is_anonymous else f"user:{self.username}"
        return repr((self.client_id, who, self.impersonator, sorted(self.roles)))

    @property
    def anonymous_identifier(self) -> str | None:
        """Return how CDP is told of a shopper who did not log in: by the cart."""
        return f"anon-{self.order_id}" if self.order_id else None


@dataclass(frozen=True, slots=True)
class Profile:
    """What `GET /v1/me` tells of a shopper, and the token does not."""

    buyer_id: str
    user_id: str
    language: str | None = None
    currency: str | None = None

    @property
    def identifier(self) -> str:
        """Return how CDP is told of the shopper. Source: docs/sources.md#cdp-identity."""
        return f"{self.buyer_id}-{self.user_id}"


class Held(Protocol):
    """A cached answer that is held on to; all times are seconds of the cache's clock."""

    @property
    def asked_at(self) -> float:
        """Return when it was asked for."""

    @property
    def until(self) -> float:
        """Return when it is no longer fresh."""

    @property
    def due(self) -> float:
        """Return when the cache is to be asked, fresh or not."""

    def value(self) -> object | None:
        """Return the answer, or None where it has to be asked for."""


Holds: TypeAlias = "tuple[Held | None, ...]"
"""What is known is held on to by these; None stands for what was asked for just now."""


class Facts(msgspec.Struct, frozen=True):
    """What rules may ask about a shopper and the moment; None where it is not known.

    `who` tells shoppers apart in experiments: one person on all devices once logged in. `cart`
    holds OrderCloud's line items of the shopper's live cart, `age_s` the age of what is oldest.
    """

    at: datetime
    is_anonymous: bool | None = None
    profile: Profile | None = None
    groups: frozenset[str] | None = None
    who: str = ""
    cart: "list[Json] | None" = None
    age_s: float = 0.0
    holds: Holds = ()


class Guest(msgspec.Struct, frozen=True):
    """The same person as CDP knows it: by browser id, or by an identifier of OrderCloud's."""

    browser_id: str | None = None
    identifier: str | None = None

    @property
    def key(self) -> str:
        """Return a text that no other guest has."""
        return f"browser:{self.browser_id}" if self.browser_id else f"id:{self.identifier}"


class Visitor(msgspec.Struct, frozen=True):
    """What the request tells of the browser: its CDP id, its make, and where it is."""

    browser_id: str | None = None
    user_agent: str | None = None
    geo: Mapping[str, str] = {}


class Asked(msgspec.Struct, frozen=True):
    """What the storefront asked for: a page; parameters of the list; and by whom.

    `params` holds every value of a parameter, as it goes to OrderCloud; `query` is what rules and
    flow may look at of the query string, by folded names.
    """

    page: int | None = None
    page_size: int | None = None
    params: Mapping[str, tuple[str, ...]] = {}
    query: Mapping[str, str] = {}
    visitor: Visitor = Visitor()


@dataclass(frozen=True, slots=True)
class Call:
    """One execution of a flow; *token* only where the flow may act as the shopper."""

    friendly_id: str
    guest: Guest
    params: Mapping[str, Json]
    token: str | None = field(repr=False)
    user_agent: str | None
    geo: Mapping[str, str]


class Execution(msgspec.Struct, frozen=True, gc=False):
    """What a flow put out, in JSON; None where CDP had nothing for the guest, and why.

    Millions are kept, and most are read no more: as text they take a fraction, and the garbage
    collector need not look at them.
    """

    json: bytes | None
    reason: Reason

    @property
    def output(self) -> Json:
        """Return what the flow put out, or None."""
        output: Json = None if self.json is None else msgspec.json.decode(self.json)
        return output


class Decision(msgspec.Struct, frozen=True):
    """A flow's output for a guest, or None and why there is none.

    `age_s` is seconds since CDP was asked, `ttl_s` those left until it is asked again; `hold` is
    what a cached one is held on to by. One that `is_restored` is from before a restart.
    """

    output: Json
    reason: Reason
    freshness: Freshness
    age_s: float = 0.0
    ttl_s: float = 0.0
    hold: Held | None = None
    is_restored: bool = False


@dataclass(frozen=True, slots=True)
class Exchange:
    """A call that was passed through to OrderCloud, and how OrderCloud answered.

    Header names are in lower case. `body` is the answer's as it came, in its content coding, where
    it is JSON and small; else None.
    """

    method: str
    path: str
    query: str = field(repr=False)
    headers: Sequence[tuple[bytes, bytes]] = field(repr=False)
    status: int
    answer_headers: Sequence[tuple[bytes, bytes]] = field(repr=False)
    body: bytes | None = field(repr=False)


class ListQuery(msgspec.Struct, frozen=True):
    """One OrderCloud list request: what is listed, and its parameters in OrderCloud's grammar.

    With `order`, the gateway itself lists the items by these IDs and cuts the page out, since
    OrderCloud answers `ID=a|b|c` in an order of its own. The items with `excluded` IDs are left
    out.
    """

    resource: str
    params: tuple[tuple[str, str], ...]
    order: tuple[str, ...] = ()
    page: int = 1
    page_size: int | None = None
    excluded: tuple[str, ...] = ()


class Composition(msgspec.Struct, frozen=True):
    """Several lists shown as one: `parts` in a row, then `fills` while they make no full page."""

    parts: tuple[ListQuery, ...]
    fills: tuple[ListQuery, ...]
    page: int
    page_size: int


class Page(msgspec.Struct, frozen=True, gc=False):
    """A list in OrderCloud's shape `{Meta, Items}`, as bytes, with its strong entity tag.

    Millions are kept: the garbage collector need not look at them.
    """

    body: bytes
    etag: str
    item_count: int
