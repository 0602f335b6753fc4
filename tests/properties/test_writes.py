"""No write changes a list without purging it: the sandbox's OrderCloud is written to at random.

What its lists show before and after is held against what the mapping says of the write alone.
"""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.types import ASGIApp

from proxy.core import inplace, tags
from proxy.core.writes import Outdated, outdated_by
from proxy.model import ListQuery
from sandbox.ordercloud.app import build
from tests.emulators import OrderCloud

_SHOPPERS = (None, "alice", "carol")
_CATEGORY = "catalogs/{catalogID}/categories"
_GROUP = "buyers/{buyerID}/usergroups"
_LISTS = (
    "me/products?sortBy=ID&pageSize=100",
    "me/products?categoryID=mens-watches",
    "me/products?categoryID=shoes&depth=all&page=2&pageSize=2",
    "me/products?ID=p1|p2|made",
    "me/categories?depth=all&pageSize=100",
    "me/promotions",
)

Body = Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Call:
    """A call, with its route as webhooks tell of it."""

    verb: str
    route: str
    params: Mapping[str, str]
    body: Body = None

    @property
    def path(self) -> str:
        return self.route.format_map(self.params)


def _calls(verb: str, route: str, body: st.SearchStrategy[Body], **places: str) -> Any:
    """Give calls of one route; *places* hold the IDs to choose from."""
    params = {name: st.sampled_from(ids.split()) for name, ids in places.items()}
    return st.builds(Call, st.just(verb), st.just(route), st.fixed_dictionaries(params), body)


def _one(**values: Any) -> st.SearchStrategy[Body]:
    """Give a body with one of these properties."""
    return st.sampled_from([{name: value} for name, value in values.items()])


def _all(**choices: str | bool) -> st.SearchStrategy[Body]:
    """Give a body with all of these properties, each one of the words that it may be."""
    return st.fixed_dictionaries(
        {
            name: st.sampled_from(words.split()) if isinstance(words, str) else st.just(words)
            for name, words in choices.items()
        }
    )


_NONE: st.SearchStrategy[Body] = st.none()
_PRODUCTS = "p1 p2 p9 watch-1 watch-2"
_CATEGORIES = "mens-watches shoes boots featured vip-lounge"
_IN_CATALOG = {"catalogID": "demo-catalog", "categoryID": _CATEGORIES}
_PARTY = {"BuyerID": "acme globex"}
_CALLS = st.one_of(
    _calls("POST", "products", _all(ID="made", Name="Made", Active=True)),
    _calls(
        "PATCH",
        "products/{productID}",
        _one(Name="New", Active=False, DefaultPriceScheduleID="globex-10", xp={"colour": "new"}),
        productID=_PRODUCTS,
    ),
    _calls("DELETE", "products/{productID}", _NONE, productID=_PRODUCTS),
    _calls("POST", "products/assignments", _all(ProductID=_PRODUCTS, **_PARTY)),
    _calls(
        "DELETE",
        "products/{productID}/assignments/{buyerID}",
        _NONE,
        productID=_PRODUCTS,
        buyerID="acme globex",
    ),
    _calls(
        "POST", "catalogs/productassignments", _all(CatalogID="demo-catalog", ProductID=_PRODUCTS)
    ),
    _calls(
        "DELETE",
        "catalogs/{catalogID}/productassignments/{productID}",
        _NONE,
        catalogID="demo-catalog",
        productID=_PRODUCTS,
    ),
    _calls(
        "PATCH",
        "priceschedules/{priceScheduleID}",
        st.just({"PriceBreaks": [{"Quantity": 1, "Price": 77}]}),
        priceScheduleID="globex-1 globex-2 globex-21 vip-21 wholesale-21",
    ),
    _calls(
        "POST",
        f"{_CATEGORY}/productassignments",
        _all(CategoryID=_CATEGORIES, ProductID=_PRODUCTS),
        catalogID="demo-catalog",
    ),
    _calls(
        "DELETE",
        f"{_CATEGORY}/{{categoryID}}/productassignments/{{productID}}",
        _NONE,
        **_IN_CATALOG,
        productID=_PRODUCTS,
    ),
    _calls("POST", _CATEGORY, _all(ID="made", Name="Made", Active=True), catalogID="demo-catalog"),
    _calls(
        "PATCH",
        f"{_CATEGORY}/{{categoryID}}",
        _one(Name="New", Active=False, ParentID="bags"),
        **_IN_CATALOG,
    ),
    _calls("DELETE", f"{_CATEGORY}/{{categoryID}}", _NONE, **_IN_CATALOG),
    _calls(
        "POST",
        f"{_CATEGORY}/assignments",
        _all(CategoryID=_CATEGORIES, **_PARTY, Visible=False, ViewAllProducts=False),
        catalogID="demo-catalog",
    ),
    _calls(
        "PATCH", "catalogs/{catalogID}", _one(Name="New", Active=False), catalogID="demo-catalog"
    ),
    _calls("POST", "catalogs/assignments", _all(CatalogID="globex-catalog", BuyerID="acme")),
    _calls(
        "PATCH",
        "promotions/{promotionID}",
        _one(Name="New", Active=False, AllowAllBuyers=True),
        promotionID="welcome10 vip25 paused20 globex10",
    ),
    _calls("DELETE", "promotions/{promotionID}", _NONE, promotionID="welcome10 vip25"),
    _calls("POST", "promotions/assignments", _all(PromotionID="vip25 globex10", **_PARTY)),
    _calls(
        "POST",
        f"{_GROUP}/assignments",
        _all(UserGroupID="wholesale", UserID="alice guest-template"),
        buyerID="acme",
    ),
    _calls(
        "DELETE",
        f"{_GROUP}/{{userGroupID}}/assignments/{{userID}}",
        _NONE,
        buyerID="acme",
        userGroupID="vip",
        userID="alice",
    ),
    _calls("DELETE", f"{_GROUP}/{{userGroupID}}", _NONE, buyerID="acme", userGroupID="vip"),
    _calls("PATCH", "buyers/{buyerID}", _one(Name="New", Active=False), buyerID="acme globex"),
)


@pytest.fixture(scope="module")
def app() -> ASGIApp:
    return build(base_url="http://oc.test", products=30)


@pytest.fixture
async def ordercloud(app: ASGIApp) -> AsyncIterator[OrderCloud]:
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://oc.test") as http:
        yield OrderCloud(http)


class Watched:
    """A marketplace, and what shoppers see in it."""

    def __init__(self, ordercloud: OrderCloud, bearers: list[dict[str, str]]) -> None:
        self._ordercloud = ordercloud
        self._bearers = bearers

    async def shown(self) -> dict[tuple[int, str], bytes]:
        """Return what each shopper gets of each list."""
        return {
            (number, path): (await self._ordercloud.http.get(f"/v1/{path}", headers=bearer)).content
            for number, bearer in enumerate(self._bearers)
            for path in _LISTS
        }

    async def write(self, call: Call, admin: Mapping[str, str]) -> Outdated | None:
        """Write, and return what the mapping makes of it; None where it was refused."""
        answer = await self._ordercloud.http.request(
            call.verb, f"/v1/{call.path}", json=call.body, headers=admin
        )
        if not answer.is_success:
            return None
        answered = answer.json() if answer.content else None
        route = f"v1/{call.route}"
        return outdated_by(call.verb, route, call.params, asked=call.body, answered=answered)


def _tags_of(path: str, body: bytes) -> set[str]:
    """Return the tags that the page of a list has."""
    resource, _, query = path.partition("?")
    params = inplace.params_of(query, resource)
    asked = ListQuery(resource, tuple((name, one) for name, all_ in params.items() for one in all_))
    found = (*tags.of_query(asked), *tags.of_items(resource, body))
    return {one.casefold() for one in found}


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(calls=st.lists(_CALLS, min_size=1, max_size=3))
async def test_every_list_that_a_write_changes_is_purged(
    ordercloud: OrderCloud, calls: list[Call]
) -> None:
    await ordercloud.reset()
    tokens = [await ordercloud.token(user) for user in _SHOPPERS]
    watched = Watched(ordercloud, [{"authorization": f"Bearer {token}"} for token in tokens])
    admin = {"authorization": f"Bearer {await ordercloud.admin_token()}"}
    before = await watched.shown()
    for call in calls:
        outdated = await watched.write(call, admin)
        after = await watched.shown()
        changed = [which for which in before if before[which] != after[which]]
        purged = {one.casefold() for one in (outdated.hard | outdated.soft if outdated else ())}
        missed = [one for one in changed if not purged & _tags_of(one[1], before[one])]
        assert missed == [], (call, purged)
        before = after
