"""OrderCloud, asked as the shopper: lists, and who the shopper is.

The host is the configured one; the path is a list resource that the rules know.
"""

import asyncio
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

import msgspec

from proxy.core import listing
from proxy.core.query import targets
from proxy.edge.http import Answer, Upstream
from proxy.errors import UNREADABLE, OrderCloudRefused, UpstreamBroken
from proxy.model import Json, ListQuery, Page, Profile, Shopper

T = TypeVar("T")

_OK = 200
_FORM = {"content-type": "application/x-www-form-urlencoded"}
_FIRST_ERROR = 400
_PAGES_MAX = 20
_ITEMS_MAX = 100 * _PAGES_MAX
_ERROR_HEADERS = ("content-type", "retry-after", "www-authenticate", "x-oc-logid")


class _Token(msgspec.Struct):
    access_token: str


class _Buyer(msgspec.Struct):
    ID: str


class _Locale(msgspec.Struct):
    Currency: str | None = None
    Language: str | None = None


class _Me(msgspec.Struct):
    ID: str
    Buyer: _Buyer
    Locale: _Locale | None = None


class _Group(msgspec.Struct):
    ID: str


class SignIn:
    """OrderCloud's token endpoint, used as a storefront with API client *client_id* uses it."""

    def __init__(self, auth: Upstream, client_id: str) -> None:
        self._auth = auth
        self._client_id = client_id

    async def fetch_token(self, username: str | None = None, password: str = "") -> str:
        """Sign *username* in, or an anonymous shopper; return the access token.

        Shape: POST /oauth/token grant_type=password|client_credentials -> {"access_token", …}.

        Raises:
            OrderCloudRefused: with OrderCloud's reason.
            UpstreamError: no usable answer.
        """
        form = {"client_id": self._client_id, "scope": "Shopper"}
        if username is None:
            form |= {"grant_type": "client_credentials"}
        else:
            form |= {"grant_type": "password", "username": username, "password": password}
        answer = await self._auth.request(
            "POST", "/oauth/token", headers=_FORM, content=urlencode(form).encode()
        )
        if answer.status != _OK:
            raise _refused(answer)
        return _decode(answer.body, _Token).access_token


class _Meta(msgspec.Struct):
    TotalPages: int


class _List(msgspec.Struct):
    Meta: _Meta
    Items: list[dict[str, Any]]


class OrderCloud:
    """The marketplace's API, called with the token of the shopper whom it is for."""

    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream

    async def fetch_list(self, query: ListQuery, shopper: Shopper) -> Page:
        """Fetch what *query* lists, as *shopper* sees it.

        Shape: GET /v1/{resource}?… -> {"Meta": {…}, "Items": […]}.

        Raises:
            OrderCloudRefused: OrderCloud's own error answer.
            UpstreamError: no usable answer.
        """
        first, *more = targets(query)
        if more:
            every = (self._get(target, shopper) for target in (first, *more))
            bodies = await asyncio.gather(*every)
        else:
            bodies = [await self._get(first, shopper)]
        try:
            if not query.order:
                return listing.read(bodies[0])
            size = query.page_size or len(query.order)
            return listing.arrange(bodies, query.order, page=query.page, page_size=size)
        except listing.NotAList as exc:
            raise UpstreamBroken(f"OrderCloud's answer is {exc}") from exc

    async def fetch_profile(self, shopper: Shopper) -> Profile:
        """Fetch who *shopper* is; the token tells neither buyer nor user ID.

        Shape: GET /v1/me -> {"ID", "Buyer": {"ID"}, …}.
        """
        me = _decode(await self._get("/v1/me", shopper), _Me)
        locale = me.Locale or _Locale()
        return Profile(me.Buyer.ID, me.ID, locale.Language, locale.Currency)

    async def fetch_groups(self, shopper: Shopper) -> frozenset[str]:
        """Fetch all user groups that *shopper* is in.

        Shape: GET /v1/me/usergroups -> {"Items": [{"ID"}, …]}.
        """
        listed = await self.fetch_all("me/usergroups", shopper)
        if len(listed) >= _ITEMS_MAX:
            raise UpstreamBroken("OrderCloud lists more user groups than are read")
        try:
            return frozenset(group.ID for group in msgspec.convert(listed, list[_Group]))
        except msgspec.ValidationError as exc:
            raise UpstreamBroken(
                f"OrderCloud's user groups are not what they should be: {exc}"
            ) from exc

    async def fetch_cart(self, shopper: Shopper) -> list[Json]:
        """Fetch the line items of the shopper's live cart; none where there is no cart.

        Shape: GET /v1/cart/lineitems -> {"Items": [{"ProductID", "Quantity", …}, …]}.
        """
        return [*await self.fetch_all("cart/lineitems", shopper)]

    async def fetch_product(self, product_id: str, shopper: Shopper) -> dict[str, Any]:
        """Fetch one product, with the price that *shopper* would pay.

        Shape: GET /v1/me/products/{id} -> {"Name", "xp", "PriceSchedule": {"PriceBreaks"}, …}.
        """
        target = f"/v1/me/products/{quote(product_id, safe='')}"
        return _decode(await self._get(target, shopper), dict[str, Any])

    async def fetch_all(self, path: str, shopper: Shopper) -> list[dict[str, Any]]:
        """Fetch all items of a list that belongs to *shopper*: the line items of an order, say.

        Shape: GET /v1/{path}?pageSize=100&page=… -> {"Meta": {"TotalPages"}, "Items": […]}.
        """
        items: list[dict[str, Any]] = []
        for page in range(1, _PAGES_MAX + 1):
            body = await self._get(f"/v1/{path}?pageSize=100&page={page}", shopper)
            listed = _decode(body, _List)
            items += listed.Items
            if page >= listed.Meta.TotalPages:
                break
        return items

    async def _get(self, target: str, shopper: Shopper) -> bytes:
        headers = {"authorization": f"Bearer {shopper.token}", "accept": "application/json"}
        answer = await self._upstream.request("GET", target, headers=headers)
        if answer.status == _OK:
            return answer.body
        if answer.status < _FIRST_ERROR:
            raise UpstreamBroken(f"OrderCloud answered {answer.status}, which no list call does")
        raise _refused(answer)


def _decode(body: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(body, type=kind)
    except UNREADABLE as exc:
        raise UpstreamBroken(f"OrderCloud's answer is not what it should be: {exc}") from exc


def _refused(answer: Answer) -> OrderCloudRefused:
    known = answer.headers
    headers = {name: known[name] for name in _ERROR_HEADERS if name in known}
    return OrderCloudRefused(status=answer.status, headers=headers, body=answer.body)
