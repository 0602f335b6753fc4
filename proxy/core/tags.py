"""Tags: what a cached answer depends on, in words that a purge can name.

`product:ID`, `category:ID`, `promotion:ID`, `placement:NAME`, `scope:…`, `guest:…` and `all` are
for everybody; `catalog:`, `priceschedule:`, `resource:`, `flow:` and `shopper:` are the gateway's
own. Tags are the same in any case, as OrderCloud's IDs are. Entries hold them as hashes.
"""

import functools
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain

import msgspec

from proxy.core.resources import ID
from proxy.errors import UNREADABLE
from proxy.model import ListQuery, Shopper

ALL = "all"
"""The tag that every answer has."""

KINDS = (
    "product",
    "category",
    "promotion",
    "placement",
    "scope",
    "guest",
    "catalog",
    "priceschedule",
    "resource",
    "flow",
    "shopper",
)
"""What tags may be of; before the first colon of each."""

_HASH_BYTES = 8
_KNOWN = 16_384
"""So many tags' hashes are remembered: those of what is listed come up again and again."""

_BY_PARAMETER: Mapping[str, str] = {
    "catalogID": "catalog",
    "categoryID": "category",
    "productID": "product",
}
_BY_RESOURCE: Mapping[str, str] = {
    "me/products": "product",
    "me/categories": "category",
    "me/promotions": "promotion",
}


class _PriceSchedule(msgspec.Struct):
    ID: str | None = None


class _Item(msgspec.Struct):
    ID: str | None = None
    ParentID: str | None = None
    PriceSchedule: _PriceSchedule | None = None


class _List(msgspec.Struct):
    Items: list[_Item] = []


_read = msgspec.json.Decoder(_List).decode


def tag(kind: str, name: str) -> str:
    """Return the tag of what is called *name* among its *kind*."""
    return f"{kind}:{name}"


def kind_of(one: str) -> str:
    """Return what a tag is of; `all` is a kind of its own."""
    return one.partition(":")[0]


def mistake_in(text: str) -> str | None:
    """Return what is wrong with a tag that somebody wrote, and how to mend it; or None."""
    if text == ALL:
        return None
    kind, _, name = text.partition(":")
    if kind not in KINDS:
        return f"{text!r} is no tag; write all, or one of {', '.join(KINDS)}, a colon and its name"
    return None if name else f"{text!r} names nothing; write {kind}:NAME"


def name_of(shopper: Shopper) -> str:
    """Return what tells a shopper from others, whatever the client or rights of a token."""
    return shopper.anonymous_identifier or shopper.username


def of_shopper(shopper: Shopper) -> str:
    """Return the tag of what is kept for a shopper."""
    return tag("shopper", name_of(shopper))


def of_guest(browser_id: str, shopper: Shopper | None = None) -> list[str]:
    """Return the tags of what was decided for whoever is at a browser, and a shopper at any."""
    at_browser = tag("guest", browser_id)
    return [at_browser] if shopper is None else [at_browser, tag("guest", name_of(shopper))]


def pack(tags: Iterable[str]) -> bytes:
    """Return *tags* as an entry holds them: 8 bytes each, the same in every replica.

    Two tags that meet in one hash are purged together, which does no harm.
    """
    return b"".join(sorted(set(map(_digest, tags))))


def hashes(packed: bytes) -> Iterable[int]:
    """Return the tags of an entry as whole numbers, which mean something in this process only."""
    return memoryview(packed).cast("Q")


def hash_of(one: str) -> int:
    """Return the number that `hashes` gives for a tag."""
    return next(iter(hashes(_digest(one))))


def of_query(query: ListQuery) -> Iterator[str]:
    """Give the tags of what is listed, and of all that the query names, listed or not."""
    yield tag("resource", query.resource)
    kind = _BY_RESOURCE.get(query.resource)
    for name, text in query.params:
        if name in _BY_PARAMETER:
            yield tag(_BY_PARAMETER[name], text)
        elif name == "ID" and kind:
            yield from (tag(kind, one) for one in text.split("|") if ID.fullmatch(one))
    if kind:
        yield from (tag(kind, one) for one in query.order)


def of_items(resource: str, body: bytes) -> Iterator[str]:
    """Give the tags of the items in a list's *body*, and of what their fields show of others.

    A product shows its price schedule, and a product of several forms its parent; how many
    children a category has is told by the category, so its parent is one of them.
    """
    kind = _BY_RESOURCE.get(resource)
    if kind is None:
        return
    try:
        items = _read(body).Items
    except UNREADABLE:
        return
    yield from chain.from_iterable(_of_item(kind, item) for item in items)


def _of_item(kind: str, item: _Item) -> Iterator[str]:
    if item.ID is not None:
        yield tag(kind, item.ID)
    if item.ParentID is not None:
        yield tag(kind, item.ParentID)
    if item.PriceSchedule is not None and item.PriceSchedule.ID is not None:
        yield tag("priceschedule", item.PriceSchedule.ID)


@functools.lru_cache(maxsize=_KNOWN)
def _digest(one: str) -> bytes:
    return hashlib.blake2b(one.casefold().encode(), digest_size=_HASH_BYTES).digest()
