"""OrderCloud's own lists, kept for a moment: byte for byte, by scope, not when told not to."""

import asyncio
import gzip
import time
from collections.abc import Mapping

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route

from tests.answers import until
from tests.conftest import StartGateway
from tests.emulators import STOREFRONT, OrderCloud
from tests.issuer import Issuer
from tests.servers import ADMIN_KEY, Gateway, Servers

_RULES = {
    "bound.yaml": """
placement: bound
resource: me/categories
route: GET /v1/me/categories
default: {query: {pageSize: 2}}
""",
}
_PRODUCTS = "/v1/me/products?pageSize=3"
_KEPT = {"lists": "30s"}


@pytest.fixture
async def shop(gateway: StartGateway) -> Gateway:
    return await gateway(_RULES, cache=_KEPT)


def status(answer: httpx2.Response) -> str:
    return answer.headers.get("cache-status", "")


async def asked(ordercloud: OrderCloud) -> int:
    return len(await ordercloud.seen("/v1/me/products"))


async def test_it_is_ordercloud_s_answer_byte_for_byte(
    shop: Gateway, ordercloud: OrderCloud
) -> None:
    token = await ordercloud.token()
    direct = await ordercloud.http.get(_PRODUCTS, headers={"authorization": f"Bearer {token}"})
    answers = [await shop.get(_PRODUCTS, token) for _ in range(2)]
    own = {"age", "cache-status", "x-request-id", "x-oc-logid", "date", "server", "vary"}
    for answer in answers:
        assert (answer.status_code, answer.content) == (200, direct.content)
        for name in set(direct.headers) - own:
            if not name.startswith("access-control-"):
                assert answer.headers[name] == direct.headers[name]
    assert "fwd=miss;stored" in status(answers[0])
    assert status(answers[1]).startswith("decision-proxy;hit;ttl=")
    assert answers[1].headers["x-oc-logid"] == answers[0].headers["x-oc-logid"]
    assert await asked(ordercloud) == 2


async def test_who_did_not_log_in_shares_it_and_users_do_not(
    shop: Gateway, ordercloud: OrderCloud
) -> None:
    for user, hits in ((None, [False, True]), ("alice", [False, False])):
        users = (user, None) if user is None else (user, "bob")
        answers = [await shop.get(_PRODUCTS, await ordercloud.token(one)) for one in users]
        assert ["hit" in status(answer) for answer in answers] == hits


async def test_promotions_are_the_shopper_s_own(shop: Gateway, ordercloud: OrderCloud) -> None:
    tokens = [await ordercloud.token() for _ in range(2)]
    for token, is_hit in ((tokens[0], False), (tokens[1], False), (tokens[0], True)):
        assert ("hit" in status(await shop.get("/v1/me/promotions", token))) is is_hit


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        (_PRODUCTS, {"cache-control": "no-cache"}),
        (_PRODUCTS, {"pragma": "no-cache"}),
        (_PRODUCTS, {"if-none-match": '"x"'}),
        ("/v1/me/products?search=watch", {}),
        ("/v1/me/orders", {}),
        ("/v1/me", {}),
        ("/v1/me/products/watch-1", {}),
    ],
)
async def test_what_is_not_to_be_kept_is_passed_through_each_time(
    shop: Gateway, ordercloud: OrderCloud, path: str, headers: Mapping[str, str]
) -> None:
    token = await ordercloud.token("alice")
    before = len(await ordercloud.seen("/v1/me"))
    for _ in range(2):
        answer = await shop.get(path, token, headers)
        assert (answer.status_code, status(answer)) == (200, "")
    assert len(await ordercloud.seen("/v1/me")) == before + 2


async def test_a_call_that_a_placement_is_bound_to_is_its(
    shop: Gateway, ordercloud: OrderCloud
) -> None:
    answer = await shop.get("/v1/me/categories", await ordercloud.token())
    assert 'placement="bound"' in answer.headers["personalization"]


async def test_refusals_are_ordercloud_s_own(shop: Gateway, ordercloud: OrderCloud) -> None:
    token = await ordercloud.token()
    for path, bearer, code in ((_PRODUCTS, "x.y.z", 401), ("/v1/me/products?page=0", token, 400)):
        for _ in range(2):
            answer = await shop.get(path, bearer)
            assert (answer.status_code, status(answer)) == (code, "")
            assert answer.json()["Errors"]


async def test_an_outage_is_told(shop: Gateway, ordercloud: OrderCloud) -> None:
    await ordercloud.fail("/v1/me/products", drop=True)
    answer = await shop.get(_PRODUCTS, await ordercloud.token())
    assert answer.status_code == 502
    assert answer.json()["Errors"][0]["ErrorCode"] == "Gateway.UpstreamUnreachable"


async def test_a_crowd_makes_one_call(shop: Gateway, ordercloud: OrderCloud) -> None:
    await ordercloud.fail("/v1/me/products", latency_ms=100)
    tokens = [await ordercloud.token() for _ in range(10)]
    answers = await asyncio.gather(*(shop.get(_PRODUCTS, token) for token in tokens))
    assert {answer.status_code for answer in answers} == {200}
    assert await asked(ordercloud) == 1


async def test_a_purge_reaches_it(shop: Gateway, ordercloud: OrderCloud) -> None:
    token = await ordercloud.token()
    [first, *_] = (await shop.get(_PRODUCTS, token)).json()["Items"]
    headers = {"authorization": f"Bearer {ADMIN_KEY}"}
    for tag, word in (("product:other", "hit"), (f"product:{first['ID']}", "fwd=miss")):
        await shop.admin.post("/purge", json={"tags": [tag]}, headers=headers)
        assert word in status(await shop.get(_PRODUCTS, token))


async def test_nothing_is_kept_unless_configured(
    gateway: StartGateway, ordercloud: OrderCloud
) -> None:
    shop, token = await gateway(_RULES), await ordercloud.token()
    for _ in range(2):
        assert status(await shop.get(_PRODUCTS, token)) == ""
    assert await asked(ordercloud) == 2


async def test_it_lasts_as_long_as_configured(
    gateway: StartGateway, ordercloud: OrderCloud
) -> None:
    shop, token = await gateway(_RULES, cache={"lists": "50ms"}), await ordercloud.token()
    await shop.get(_PRODUCTS, token)

    async def again() -> str:
        return status(await shop.get(_PRODUCTS, token))

    await until(again, lambda said: "fwd=miss" in said)


_LIST = b'{"Meta": {}, "Items": [{"ID": "p1"}]}'


class Behind:
    """A gateway in front of an OrderCloud that lists products as a test says."""

    def __init__(self, answer: Response) -> None:
        self.answer = answer
        self.asked = 0
        self.issuer = Issuer(now=time.time())
        self.gateway: Gateway | None = None

    async def open(self, servers: Servers, gateway: StartGateway) -> "Behind":
        routes = [Route("/v1/me/products", self._list), Mount("/", self.issuer.app())]
        self.issuer.audience = await servers.serve(Starlette(routes=routes))
        at = {"url": self.issuer.audience, "clients": [STOREFRONT]}
        self.gateway = await gateway({}, cache=_KEPT, ordercloud=at)
        return self

    async def get(self) -> httpx2.Response:
        assert self.gateway is not None
        return await self.gateway.get("/v1/me/products", self.issuer.token())

    async def _list(self, _: Request) -> Response:
        self.asked += 1
        return self.answer


async def test_a_compressed_list_is_kept_as_it_came_and_purged_by_what_it_shows(
    gateway: StartGateway, servers: Servers
) -> None:
    packed = Response(gzip.compress(_LIST), headers={"content-encoding": "gzip"})
    behind = await Behind(packed).open(servers, gateway)
    answers = [await behind.get() for _ in range(2)]
    assert {answer.headers["content-encoding"] for answer in answers} == {"gzip"}
    assert {answer.content for answer in answers} == {_LIST}
    assert behind.asked == 1
    assert behind.gateway is not None
    headers = {"authorization": f"Bearer {ADMIN_KEY}"}
    await behind.gateway.admin.post("/purge", json={"tags": ["product:p1"]}, headers=headers)
    await behind.get()
    assert behind.asked == 2


@pytest.mark.parametrize(
    "answer",
    [
        Response(b"not a list"),
        Response(b"{}", headers={"content-encoding": "unheard-of"}),
        Response(_LIST, headers={"set-cookie": "a=b"}),
        Response(_LIST, headers={"cache-control": "no-store"}),
        Response(b" " * (5 * 1024 * 1024) + _LIST),
    ],
    ids=["no list", "unknown coding", "cookie", "no-store", "large"],
)
async def test_what_may_not_be_kept_comes_through_each_time(
    gateway: StartGateway, servers: Servers, answer: Response
) -> None:
    behind = await Behind(answer).open(servers, gateway)
    for _ in range(2):
        said = await behind.get()
        assert (said.status_code, status(said)) == (200, "")
        assert said.headers.get("set-cookie") == answer.headers.get("set-cookie")
