"""OrderCloud's list bodies: read, put in order, cut into pages. Items stay the bytes they were.

No price or text inside an item is ever parsed and written anew.
"""

import hashlib
from collections.abc import Sequence
from typing import Any

import msgspec

from proxy.model import Json, Page


class _List(msgspec.Struct):
    Items: list[msgspec.Raw]
    Meta: dict[str, msgspec.Raw] = {}


class _Item(msgspec.Struct):
    ID: str


_read_list = msgspec.json.Decoder(_List).decode
_read_item = msgspec.json.Decoder(_Item).decode
_write = msgspec.json.encode


class NotAList(ValueError):
    """The body is not a list in OrderCloud's shape."""


def read(body: bytes) -> Page:
    """Check that *body* is OrderCloud's list shape and keep it as it is.

    Raises:
        NotAList: it is not.
    """
    return _page(body, len(_parse(body).Items))


def arrange(bodies: Sequence[bytes], order: Sequence[str], *, page: int, page_size: int) -> Page:
    """Join list *bodies*, put their items in the *order* of IDs, and cut one page out.

    IDs are the same in any case, as OrderCloud has it; each counts once. What OrderCloud did not
    list (unknown, inactive, invisible) leaves no gap.

    Raises:
        NotAList: a body is not a list, or an item has no ID.
    """
    lists = [_parse(body) for body in bodies]
    by_id = {_id_of(item).casefold(): item for one in lists for item in one.Items}
    wanted = dict.fromkeys(one.casefold() for one in order)
    items = [by_id[one] for one in wanted if one in by_id]
    return _window(items, lists[0].Meta if lists else {}, page=page, page_size=page_size)


def embedded(found: Json, *, page: int | None, page_size: int | None) -> Page:
    """Return the list that a decision holds; whole, unless a page of it was asked for.

    Raises:
        NotAList: what was found is not a list in OrderCloud's shape.
    """
    one = _parse(_write(found))
    if page is None and page_size is None and one.Meta:
        return _page(_write({"Meta": one.Meta, "Items": one.Items}), len(one.Items))
    size = page_size or max(1, len(one.Items))
    return _window(one.Items, one.Meta, page=page or 1, page_size=size)


def _parse(body: bytes) -> _List:
    try:
        return _read_list(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as exc:
        raise NotAList(f"not a list in OrderCloud's shape: {exc}") from exc


def _id_of(item: msgspec.Raw) -> str:
    try:
        return _read_item(item).ID
    except msgspec.DecodeError as exc:
        raise NotAList(f"an item has no ID: {exc}") from exc


def _window(
    items: list[msgspec.Raw], meta: dict[str, msgspec.Raw], *, page: int, page_size: int
) -> Page:
    start = (page - 1) * page_size
    shown = items[start : start + page_size]
    counted: dict[str, Any] = {
        "Page": page,
        "PageSize": page_size,
        "TotalCount": len(items),
        "TotalPages": -(-len(items) // page_size),
        "ItemRange": [start + 1, start + len(shown)],
        "NextPageKey": None,
    }
    return _page(_write({"Meta": {**meta, **counted}, "Items": shown}), len(shown))


def _page(body: bytes, item_count: int) -> Page:
    digest = hashlib.blake2b(body, digest_size=12).hexdigest()
    return Page(body, f'"{digest}"', item_count)
