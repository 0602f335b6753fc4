"""OrderCloud's own lists under `/v1/me/`, kept for a moment for those who may share them."""

import asyncio
from dataclasses import dataclass
from functools import partial
from itertools import chain

from starlette.requests import Request
from starlette.responses import Response

from proxy.cache.cache import Cache, Fetched, Served
from proxy.core import codings, hops, listing, lists, tags
from proxy.core.freshness import Lifetime, Terms
from proxy.core.hops import Header
from proxy.core.keys import key_of
from proxy.core.scope import Sharing, own_scope, reach, scope_tags
from proxy.edge.stream import Received, Sent, Streams
from proxy.errors import TokenError
from proxy.model import ListQuery, Scope, Shopper
from proxy.pipeline import Verifier
from proxy.scopes import Scopes
from proxy.web import fields
from proxy.web.passthrough import target_of
from proxy.web.written import Written

_BODY_MAX_BYTES = 4 * 1024 * 1024
_WRITTEN_ANEW = frozenset({b"age", b"cache-status", b"content-length"})


class NotKept(ValueError):
    """OrderCloud's answer is not one to be kept."""


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer of OrderCloud's as it came: its headers, and its body in its content coding."""

    headers: tuple[Header, ...]
    body: bytes


class Lists:
    """Answers list calls with what OrderCloud told the same scope up to *fresh_s* ago."""

    def __init__(
        self,
        streams: Streams,
        verifier: Verifier,
        scopes: Scopes,
        cache: Cache[Kept],
        *,
        fresh_s: float,
        limit_s: float,
    ) -> None:
        self._streams = streams
        self._verifier = verifier
        self._scopes = scopes
        self._cache = cache
        self._terms = Terms(Lifetime(fresh_s))
        self._limit_s = limit_s

    async def in_place(self, request: Request) -> Response | None:
        """Answer a list call as OrderCloud has; None: leave it to OrderCloud.

        So it is with every other call, with one that wants OrderCloud's answer of this moment, and
        where the answer is none to be kept: an error, say.

        Raises:
            UpstreamError: OrderCloud gives no answer.
        """
        raw_query: bytes = request.scope["query_string"]
        headers: list[Header] = request.scope["headers"]
        query = lists.listed(
            request.method, request.scope["path"], raw_query.decode("ascii"), headers
        )
        authorization = request.headers.getlist("authorization")
        if query is None or len(authorization) != 1:
            return None
        try:
            shopper = await self._verifier.verify(authorization[0])
            scope = await self._scope(shopper, query.resource)
            key = key_of("list", scope, query.resource, raw_query, lists.variant(headers))
            fetch = partial(self._fetch, request, query, scope, shopper)
            return _response(await self._cache.get(key, fetch, self._terms))
        except (TokenError, NotKept):
            return None

    async def _scope(self, shopper: Shopper, resource: str) -> Scope:
        sharing = reach(shopper, resource, Sharing.ANONYMOUS)
        shared = await self._scopes.shared(shopper, sharing)
        return shared.scope if shared else own_scope(shopper)

    async def _fetch(
        self, request: Request, query: ListQuery, scope: Scope, shopper: Shopper
    ) -> Fetched[Kept]:
        peer = request.client.host if request.client else None
        headers = hops.to_upstream(request.scope["headers"], peer=peer)
        sent = Sent("GET", target_of(request.scope), headers, None)
        async with self._streams.exchange(sent) as received, asyncio.timeout(self._limit_s):
            if not lists.may_keep(received.status, received.headers):
                raise NotKept
            kept = Kept(_headers(received), await _body(received))
        found = chain(tags.of_query(query), tags.of_items(query.resource, _listed(kept)))
        return Fetched(kept, tags=tags.pack([*found, *scope_tags(scope, shopper)]))


def _headers(received: Received) -> tuple[Header, ...]:
    crossing = hops.to_caller(received.headers, status=received.status)
    return tuple(header for header in crossing if header[0] not in _WRITTEN_ANEW)


async def _body(received: Received) -> bytes:
    body = bytearray()
    async for chunk in received.body:
        body += chunk
        if len(body) > _BODY_MAX_BYTES:
            raise NotKept
    return bytes(body)


def _listed(kept: Kept) -> bytes:
    """Return the body as the list that it has to be, without its content coding."""
    named = dict(kept.headers).get(b"content-encoding", b"").decode("latin-1")
    try:
        body = codings.decoded(kept.body, named, max_bytes=_BODY_MAX_BYTES)
        listing.parse(body)
    except ValueError as exc:
        raise NotKept from exc
    return body


def _response(served: Served[Kept]) -> Response:
    kept = served.value
    status = fields.cache_member("list", served.freshness, served.ttl_s)
    headers = [
        *kept.headers,
        (b"age", b"%d" % served.age_s),
        (b"cache-status", status.encode()),
    ]
    return Written(headers, kept.body)
