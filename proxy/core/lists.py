"""OrderCloud's own lists where they pass through: which calls, and which answers, may be kept.

Pure. Only the lists of the catalogue, which writes are known to change; and no search, since that
is a shopper's own, and CDP is told of it.
Source: RFC 9111 sections 3 (what may be stored) and 5.2.1 (what a request may ask for).
"""

from collections.abc import Iterable

from proxy.core import inplace
from proxy.core.hops import Header
from proxy.model import ListQuery

_RESOURCES = frozenset({"me/products", "me/categories", "me/catalogs", "me/promotions"})
_API = "/v1/"
_OK = 200
_CHOOSES_VARIANT = frozenset({b"accept", b"accept-encoding", b"accept-language"})
_KEPT_APART = _CHOOSES_VARIANT | {b"authorization", b"origin"}
"""What an answer may vary by: scopes tell tokens apart, and origins concern CORS, which is ours."""

_ASKS_ANEW = frozenset({b"no-cache", b"no-store", b"max-age=0"})
_CONDITIONAL = (b"if-", b"range")


def listed(method: str, path: str, query: str, headers: Iterable[Header]) -> ListQuery | None:
    """Return what a call lists, if its answer may be one that is kept."""
    resource = path.removeprefix(_API)
    if method != "GET" or not path.startswith(_API) or resource not in _RESOURCES:
        return None
    params = inplace.params_of(query, resource)
    if any(params.get("search", ())) or any(map(_needs_ordercloud, headers)):
        return None
    return ListQuery(resource, tuple((name, one) for name, all_ in params.items() for one in all_))


def variant(headers: Iterable[Header]) -> list[Header]:
    """Return what of a request's headers may choose how its list is written."""
    return sorted(header for header in headers if header[0] in _CHOOSES_VARIANT)


def may_keep(status: int, headers: Iterable[Header]) -> bool:
    """Say whether an answer may be kept for the others of its scope."""
    return status == _OK and not any(map(_forbids, headers))


def _needs_ordercloud(header: Header) -> bool:
    """Say whether a request with this header wants OrderCloud's own answer of this moment."""
    name, value = header
    if name in {b"cache-control", b"pragma"}:
        return not _ASKS_ANEW.isdisjoint(_words(value))
    return name.startswith(_CONDITIONAL)


def _forbids(header: Header) -> bool:
    name, value = header
    if name == b"cache-control":
        return b"no-store" in _words(value)
    if name == b"vary":
        return not _KEPT_APART.issuperset(_words(value))
    return name == b"set-cookie"


def _words(value: bytes) -> list[bytes]:
    return [word.strip().lower() for word in value.split(b",")]
