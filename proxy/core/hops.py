"""Which headers cross the gateway, each way, when a call is passed through.

Headers are pairs of bytes in the order they came in, their names in lower case; what is repeated
stays repeated.
"""

from collections.abc import Iterable, Sequence
from typing import TypeAlias

Header: TypeAlias = tuple[bytes, bytes]

_OWS = b" \t"
"""No part of a value: RFC 9112 section 5.1. The SDK sends `Bearer ` where there is no token."""

_VIA = b"1.1 decision-proxy"
_HOP_BY_HOP = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
"""Headers about one connection. Source: RFC 9110 section 7.6.1."""

_FRAMING = frozenset({b"content-length"})
"""Says where a body ends, so that nobody may take it away by naming it in Connection."""

_SETTLED_HERE = frozenset({b"expect", b"forwarded", b"host", b"via"})
_CLAIMED = b"x-forwarded-"
_CLAIMS = frozenset(
    {
        b"x-host",
        b"x-http-host-override",
        b"x-http-method",
        b"x-http-method-override",
        b"x-method-override",
        b"x-original-host",
        b"x-original-url",
        b"x-rewrite-url",
    }
)
"""Other hosts, paths and methods than the request's own, which a front might believe in."""

_BODILESS = frozenset({204, 304})
"""Without a body by definition, so that a length would only be waited for."""

_WRITTEN_BY_SERVER = frozenset({b"date"})
_CORS = b"access-control-"
"""Which page may read an answer is for this gateway's own origin to say."""


def to_upstream(headers: Sequence[Header], *, peer: str | None) -> list[Header]:
    """Return what goes on to OrderCloud of a request that came from the address *peer*."""
    dropped = _ending_here(headers) | _SETTLED_HERE | _CLAIMS
    kept = [
        (name, value.strip(_OWS))
        for name, value in headers
        if name not in dropped and not name.startswith(_CLAIMED)
    ]
    kept.append((b"via", _listed(headers, b"via", _VIA)))
    if peer is not None:
        kept.append((b"x-forwarded-for", _listed(headers, b"x-forwarded-for", peer.encode())))
    return kept


def to_caller(headers: Sequence[Header], *, status: int) -> list[Header]:
    """Return what goes back to the caller of an answer of OrderCloud's with this status."""
    dropped = _ending_here(headers) | _WRITTEN_BY_SERVER
    if status in _BODILESS:
        dropped |= _FRAMING
    return [one for one in headers if one[0] not in dropped and not one[0].startswith(_CORS)]


def body_length(headers: Iterable[Header]) -> int | None:
    """Return the length that a body has by these headers; None where they leave it open."""
    return next((int(value) for name, value in headers if name == b"content-length"), None)


def is_framed(headers: Iterable[Header]) -> bool:
    """Say whether the body's end is marked in a way that is understood here: no other coding.

    Source: RFC 9112 section 6.1.
    """
    codings = [value for name, value in headers if name == b"transfer-encoding"]
    return not codings or [coding.strip(_OWS).lower() for coding in codings] == [b"chunked"]


def has_body(headers: Iterable[Header]) -> bool:
    """Say whether a request with these headers carries a body. Source: RFC 9112 section 6.3."""
    return any(
        name == b"transfer-encoding" or (name == b"content-length" and value.strip(b"0") != b"")
        for name, value in headers
    )


def _ending_here(headers: Iterable[Header]) -> frozenset[bytes]:
    """Return the names that end here: hop-by-hop by definition, or because Connection says so."""
    named = (
        token.strip().lower()
        for name, value in headers
        if name == b"connection"
        for token in value.split(b",")
    )
    return _HOP_BY_HOP.union(named) - _FRAMING


def _listed(headers: Iterable[Header], name: bytes, last: bytes) -> bytes:
    """Return the list in the header *name*, over all its lines, with *last* at its end."""
    return b", ".join([*(value for key, value in headers if key == name), last])
