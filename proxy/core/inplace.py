"""What an OrderCloud list call asks for by itself, where a placement is bound to it.

A call that says which items it wants (a search, IDs, a category) is a list of the shopper's own
and is left alone: docs/decisions/0007-personalized-in-place.md.
"""

import re
from collections import defaultdict
from urllib.parse import parse_qsl

from proxy.core.placement import Placement
from proxy.core.query import PAGE_SIZE_MAX
from proxy.core.resources import RESOURCES
from proxy.model import Asked, Visitor

_CHOOSES_ITEMS = frozenset({"categoryid", "id", "productid", "search"})
_PAGE = re.compile(r"[1-9][0-9]{0,5}")
_PAGING = ("page", "pageSize")


def asked(query: str, placement: Placement, visitor: Visitor) -> Asked | None:
    """Return what the call with this query string asks of *placement*; None: leave it alone.

    So it is also with paging that OrderCloud would refuse, and refuses in its own words.
    """
    params = params_of(query, placement.resource)
    if any(_chooses_items(name) and any(values) for name, values in params.items()):
        return None
    paging = [params.pop(name, ()) for name in _PAGING]
    if not all(map(_is_number, paging)):
        return None
    page, page_size = (int(values[0]) if values else None for values in paging)
    if page_size is not None and page_size > PAGE_SIZE_MAX:
        return None
    folded = {name.casefold(): name for name in params}
    looked_at = {name: params[folded[name]][0] for name in placement.query_names & folded.keys()}
    return Asked(
        page=page,
        page_size=page_size,
        params={
            name: values
            for name, values in params.items()
            if name.casefold() not in looked_at or _is_ordercloud(name, placement.resource)
        },
        query=looked_at,
        visitor=visitor,
    )


def params_of(query: str, resource: str) -> dict[str, tuple[str, ...]]:
    """Return every value of each parameter; OrderCloud's own names are known in any case."""
    spelling = {name.casefold(): name for name in (*RESOURCES[resource].parameters, *_PAGING)}
    spelling["id"] = "ID"
    params: defaultdict[str, tuple[str, ...]] = defaultdict(tuple)
    for name, text in parse_qsl(query, keep_blank_values=True):
        params[spelling.get(name.casefold(), name)] += (text,)
    return dict(params)


def _is_ordercloud(name: str, resource: str) -> bool:
    """Say whether OrderCloud knows this parameter, rather than only our rules."""
    known = RESOURCES[resource]
    return name in known.parameters or known.why_no_filter(name) is None


def _chooses_items(name: str) -> bool:
    return not _CHOOSES_ITEMS.isdisjoint(name.casefold().split("|"))


def _is_number(values: tuple[str, ...]) -> bool:
    """Say whether these values of a parameter are none, or one number from 1."""
    return not values or (len(values) == 1 and _PAGE.fullmatch(values[0]) is not None)
