"""`GET /placements/…` as a storefront sees it, and as OrderCloud and CDP see the gateway."""

import json
from collections.abc import Mapping

import pytest

from tests.answers import caches, ids, personalization
from tests.conftest import StartGateway
from tests.emulators import Cdp, OrderCloud

_HERO = """
placement: hero
resource: me/products
decision: {flow: hero, segment: persona}
rules:
  - name: watches
    when: {segment: [vip, loyal]}
    query: {categoryID: mens-watches, sortBy: ["!xp.rating", Name], pageSize: 4}
default: {query: {categoryID: featured, pageSize: 2}}
allow: [search, sortBy]
"""
_BY_ID = """
placement: by-id
resource: me/products
decision: {flow: hero}
rules:
  - name: picked
    when: {has: productIds}
    query: {ID: {from: productIds}}
    order: as-listed
default: {query: {categoryID: featured}}
"""
_EMBEDDED = """
placement: embedded
resource: me/products
decision: {flow: for_you, timeout: 5s}
rules:
  - {name: of-the-model, when: {has: products.Items}, page: {from: products}}
default: {query: {categoryID: featured}}
"""
_PLAIN = """
placement: plain
resource: me/categories
default: {query: {sortBy: [Name], pageSize: 3}}
"""
_ALL = {"hero.yaml": _HERO, "by-id.yaml": _BY_ID, "embedded.yaml": _EMBEDDED, "plain.yaml": _PLAIN}


def _fixed(resource: str, query: str) -> Mapping[str, str]:
    """Return a rules file whose default lists *query*."""
    return {"fixed.yaml": f"placement: fixed\nresource: {resource}\ndefault: {{query: {query}}}"}


async def test_the_segment_that_cdp_names_chooses_the_list_that_ordercloud_gives(
    gateway: StartGateway, ordercloud: OrderCloud, cdp: Cdp
) -> None:
    await cdp.decide("hero", {"persona": "vip"})
    shop = await gateway(_ALL)
    answer = await shop.get("/placements/hero", await ordercloud.token("alice"))
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    assert (body["Meta"]["PageSize"], len(body["Items"])) == (4, 4)
    assert all(product["PriceSchedule"] for product in body["Items"])
    assert personalization(answer) == {
        "placement": "hero",
        "rule": "watches",
        "segment": "vip",
        "decision": "fresh",
        "reason": "matched",
    }


async def test_the_flow_is_asked_about_the_guest_and_handed_the_shoppers_token(
    gateway: StartGateway, ordercloud: OrderCloud, cdp: Cdp
) -> None:
    shop = await gateway(_ALL)
    token = await ordercloud.token("alice")
    await shop.get("/placements/hero", token, {"user-agent": "Browser/1.0"})
    (call,) = await cdp.calls()
    assert call["headers"]["user-agent"] == "Browser/1.0"
    assert json.loads(call["body"]) == {
        "clientKey": "sandbox",
        "channel": "WEB",
        "language": "EN",
        "currencyCode": "USD",
        "pointOfSale": "demo",
        "friendlyId": "hero",
        "identifiers": {"id": "acme-alice", "provider": "ordercloud"},
        "params": {"ocToken": token},
    }


async def test_the_list_is_asked_for_with_the_shoppers_own_token_and_nothing_else_of_theirs(
    gateway: StartGateway, ordercloud: OrderCloud
) -> None:
    shop = await gateway(_ALL)
    token = await ordercloud.token("alice")
    await shop.get("/placements/plain", token, {"cookie": "a=b", "x-secret": "c"})
    (request,) = await ordercloud.seen("/v1/me/categories")
    assert request["headers"]["authorization"] == f"Bearer {token}"
    assert not {"cookie", "x-secret"} & request["headers"].keys()


@pytest.mark.parametrize(
    ("resource", "query", "sent"),
    [
        ("me/products", "{ID: [p1, p2, p3]}", "ID=p1|p2|p3"),
        ("me/products", "{categoryID: mens-watches}", "categoryID=mens-watches"),
        (
            "me/promotions",
            "{xp.targetAudience: repeatCustomer}",
            "xp.targetAudience=repeatCustomer",
        ),
        (
            "me/products",
            '{xp.color: {not: Red}, sortBy: ["!xp.rating", Name], pageSize: 12}',
            "pageSize=12&sortBy=!xp.rating,Name&xp.color=!Red",
        ),
        ("me/categories", "{sortBy: [Name], pageSize: 5}", "pageSize=5&sortBy=Name"),
        (
            "me/promotions",
            '{xp.targetAudience: [vip, repeatCustomer], sortBy: ["!Priority"], pageSize: 3}',
            "pageSize=3&sortBy=!Priority&xp.targetAudience=vip|repeatCustomer",
        ),
    ],
)
async def test_ordercloud_receives_exactly_the_query_of_the_rule(
    gateway: StartGateway, ordercloud: OrderCloud, resource: str, query: str, sent: str
) -> None:
    shop = await gateway(_fixed(resource, query))
    answer = await shop.get("/placements/fixed", await ordercloud.token("alice"))
    assert answer.status_code == 200
    assert answer.json()["Items"]
    assert await ordercloud.lists() == [f"/v1/{resource}?{sent}"]


async def test_values_of_the_decision_fill_the_query_and_keep_their_order(
    gateway: StartGateway, ordercloud: OrderCloud, cdp: Cdp
) -> None:
    await cdp.decide("hero", {"productIds": ["p3", "p1", "unknown", "p2"]})
    shop = await gateway(_ALL)
    answer = await shop.get("/placements/by-id", await ordercloud.token())
    assert ids(answer) == ["p3", "p1", "p2"]
    assert answer.json()["Meta"]["TotalCount"] == 3
    lists = await ordercloud.seen("/v1/me/products")
    assert [one["query"] for one in lists] == ["ID=p3|p1|unknown|p2"]


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("page=1&pageSize=2", ["p3", "p1"]),
        ("page=2&pageSize=2", ["p2"]),
        ("page=3&pageSize=2", []),
        ("page=1", ["p3", "p1", "p2"]),
    ],
)
async def test_pages_are_cut_from_an_ordered_list(
    gateway: StartGateway,
    ordercloud: OrderCloud,
    cdp: Cdp,
    query: str,
    shown: list[str],
) -> None:
    await cdp.decide("hero", {"productIds": ["p3", "p1", "p2"]})
    shop = await gateway(_ALL)
    answer = await shop.get(f"/placements/by-id?{query}", await ordercloud.token())
    assert ids(answer) == shown
    assert answer.json()["Meta"]["TotalCount"] == 3


async def test_a_page_that_the_decision_model_fetched_with_the_token_is_passed_on(
    gateway: StartGateway, ordercloud: OrderCloud
) -> None:
    shop = await gateway(_ALL)
    token = await ordercloud.token("alice")
    answer = await shop.get("/placements/embedded", token)
    assert personalization(answer)["rule"] == "of-the-model"
    assert ids(answer)
    requests = await ordercloud.seen("/v1/me/products")
    assert [one["headers"]["authorization"] for one in requests] == [f"Bearer {token}"]


async def test_without_a_flow_the_default_is_listed_and_cdp_is_left_alone(
    gateway: StartGateway, ordercloud: OrderCloud, cdp: Cdp
) -> None:
    shop = await gateway(_ALL)
    answer = await shop.get("/placements/plain", await ordercloud.token())
    assert personalization(answer) == {
        "placement": "plain",
        "rule": "default",
        "decision": "fresh",
        "reason": "no-decision",
    }
    assert caches(answer) == {"page": "fwd=miss"}
    assert not await cdp.calls()


@pytest.mark.parametrize(
    ("query", "sent"),
    [
        ("page=2", "categoryID=featured&page=2&pageSize=2"),
        ("pageSize=5", "categoryID=featured&pageSize=5"),
        ("PAGESIZE=5&Page=2", "categoryID=featured&page=2&pageSize=5"),
        ("search=watch%20%26%20co", "categoryID=featured&pageSize=2&search=watch%20%26%20co"),
        ("SORTBY=!Name", "categoryID=featured&pageSize=2&sortBy=!Name"),
        ("categoryID=new&ID=p9&xp.margin=%3E0", "categoryID=featured&pageSize=2"),
        ("email=a%40b.c&identifiers=x", "categoryID=featured&pageSize=2"),
    ],
)
async def test_only_what_the_placement_allows_changes_the_list(
    gateway: StartGateway, ordercloud: OrderCloud, query: str, sent: str
) -> None:
    shop = await gateway(_ALL)
    answer = await shop.get(f"/placements/hero?{query}", await ordercloud.token())
    assert answer.status_code == 200
    assert await ordercloud.lists() == [f"/v1/me/products?{sent}"]


async def test_what_the_shopper_asked_for_wins_over_the_rule(
    gateway: StartGateway, ordercloud: OrderCloud, cdp: Cdp
) -> None:
    await cdp.decide("hero", {"persona": "vip"})
    shop = await gateway(_ALL)
    await shop.get("/placements/hero?sortBy=Name&pageSize=7", await ordercloud.token())
    assert await ordercloud.lists() == [
        "/v1/me/products?categoryID=mens-watches&pageSize=7&sortBy=Name"
    ]


@pytest.mark.parametrize(
    "query",
    [
        "page=0",
        "page=-1",
        "page=x",
        "page=",
        "page=100001",
        "page=1.5",
        "page=%D9%A1",
        "page=000000001" + "9" * 5000,
        "pageSize=0",
        "pageSize=101",
        "pageSize=0000000105",
        "browserId=a/b",
        "browserId=" + "a" * 65,
        "search=" + "a" * 4096,
    ],
)
async def test_a_parameter_that_cannot_be_is_refused_as_a_problem(
    gateway: StartGateway, ordercloud: OrderCloud, query: str
) -> None:
    shop = await gateway(_ALL)
    answer = await shop.get(f"/placements/hero?{query}", await ordercloud.token())
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["type"] == "urn:decision-proxy:bad-request"
    assert problem["request_id"] == answer.headers["x-request-id"]
    assert not await ordercloud.lists()


async def test_an_unknown_placement_is_a_problem_that_names_the_known_ones(
    gateway: StartGateway, ordercloud: OrderCloud
) -> None:
    shop = await gateway(_ALL)
    answer = await shop.get("/placements/nowhere", await ordercloud.token())
    assert answer.status_code == 404
    assert answer.json()["type"] == "urn:decision-proxy:unknown-placement"
    assert "by-id, embedded, hero, plain" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/placements/hero?browserId={id}", {}),
        ("/placements/hero?BROWSERID={id}", {}),
        ("/placements/hero", {"x-browser-id": "{id}"}),
        ("/placements/hero", {"cookie": "other=1; bid_sandbox={id}"}),
        ("/placements/hero", {"cookie": "sc_cid={id}"}),
        ("/placements/hero?browserId={id}", {"x-browser-id": "other", "cookie": "sc_cid=third"}),
        ("/placements/hero", {"x-browser-id": "{id}", "cookie": "sc_cid=third"}),
        ("/placements/hero", {"cookie": "bid_sandbox=not/one; sc_cid={id}"}),
    ],
)
async def test_the_browser_id_reaches_cdp_from_query_header_or_cookie(
    gateway: StartGateway, ordercloud: OrderCloud, cdp: Cdp, path: str, headers: dict[str, str]
) -> None:
    browser_id = "a38b230c-11eb-4cf9-8d5d-274e9f344925"
    shop = await gateway(_ALL)
    given = {name: value.format(id=browser_id) for name, value in headers.items()}
    await shop.get(path.format(id=browser_id), await ordercloud.token("alice"), given)
    (call,) = await cdp.calls()
    body = json.loads(call["body"])
    assert body["browserId"] == browser_id
    assert "identifiers" not in body


async def test_where_the_shopper_is_comes_from_the_front_proxy_s_headers(
    gateway: StartGateway, ordercloud: OrderCloud, cdp: Cdp
) -> None:
    shop = await gateway(_ALL, cdp={"geo_headers": {"country": "x-country", "city": "x-city"}})
    headers = {"x-country": "IE", "x-region": "L"}
    await shop.get("/placements/hero", await ordercloud.token(), headers)
    (call,) = await cdp.calls()
    assert json.loads(call["body"])["params"]["geo"] == {"country": "IE"}


async def test_nobody_can_ask_cdp_about_somebody_else_by_email_or_identifier(
    gateway: StartGateway, ordercloud: OrderCloud, cdp: Cdp
) -> None:
    shop = await gateway(_ALL)
    query = "email=carol@globex.example&identifiers=globex-carol&identifiers[id]=globex-carol"
    await shop.get(f"/placements/hero?{query}", await ordercloud.token("alice"))
    (call,) = await cdp.calls()
    assert "carol" not in call["body"]
    assert json.loads(call["body"])["identifiers"]["id"] == "acme-alice"


async def test_every_header_of_the_contract_is_there(
    gateway: StartGateway, ordercloud: OrderCloud, cdp: Cdp
) -> None:
    await cdp.decide("hero", {"persona": "vip"})
    shop = await gateway(_ALL)
    token = await ordercloud.token("alice")
    first = await shop.get("/placements/hero", token)
    second = await shop.get("/placements/hero", token, {"x-request-id": "mine-1"})
    assert first.headers["etag"].startswith('"')
    assert first.headers["etag"] == second.headers["etag"]
    assert first.headers["cache-control"] == "private, no-cache"
    assert first.headers["vary"] == ("Authorization, X-Browser-Id, Cookie, Accept-Encoding, Origin")
    assert first.headers["age"] == "0"
    assert len(first.headers["x-request-id"]) == 32
    assert second.headers["x-request-id"] == "mine-1"
    timed = [part.split(";dur=")[0] for part in first.headers["server-timing"].split(", ")]
    assert timed == ["verify", "decision", "list", "total"]
    assert caches(first) == {"decision": "fwd=miss", "page": "fwd=miss"}
    assert caches(second) == {"decision": "hit", "page": "hit"}
    assert personalization(second)["decision"] == "cached"


@pytest.mark.parametrize("written", ["{etag}", "W/{etag}", '"other", {etag}', "*"])
async def test_an_unchanged_list_is_not_sent_again(
    gateway: StartGateway, ordercloud: OrderCloud, written: str
) -> None:
    shop = await gateway(_ALL)
    token = await ordercloud.token()
    first = await shop.get("/placements/plain", token)
    known = written.format(etag=first.headers["etag"])
    again = await shop.get("/placements/plain", token, {"if-none-match": known})
    assert (again.status_code, again.content) == (304, b"")
    kept = ("etag", "cache-control", "vary", "personalization", "cache-status")
    assert kept[:3] == tuple(
        name for name in kept[:3] if first.headers[name] == again.headers[name]
    )
    assert all(name in again.headers for name in kept)


async def test_a_changed_list_is_sent(gateway: StartGateway, ordercloud: OrderCloud) -> None:
    shop = await gateway(_ALL)
    headers = {"if-none-match": '"of-another-list"'}
    answer = await shop.get("/placements/plain", await ordercloud.token(), headers)
    assert answer.status_code == 200
    assert answer.content


async def test_head_answers_as_get_does_without_the_body(
    gateway: StartGateway, ordercloud: OrderCloud
) -> None:
    shop = await gateway(_ALL)
    authorization = {"authorization": f"Bearer {await ordercloud.token()}"}
    got = await shop.shop.get("/placements/plain", headers=authorization)
    head = await shop.shop.head("/placements/plain", headers=authorization)
    assert (head.status_code, head.content) == (200, b"")
    for name in ("etag", "content-length", "content-type", "personalization"):
        assert (name in head.headers) == (name in got.headers)
    assert head.headers["content-length"] == str(len(got.content))


async def test_items_and_meta_are_the_very_bytes_that_ordercloud_wrote(
    gateway: StartGateway, ordercloud: OrderCloud
) -> None:
    shop = await gateway(_ALL)
    token = await ordercloud.token()
    answer = await shop.get("/placements/plain", token)
    headers = {"authorization": f"Bearer {token}"}
    direct = await ordercloud.http.get("/v1/me/categories?pageSize=3&sortBy=Name", headers=headers)
    assert answer.content == direct.content


async def test_an_unusual_user_agent_is_no_reason_to_fail(
    gateway: StartGateway, ordercloud: OrderCloud, cdp: Cdp
) -> None:
    await cdp.decide("hero", {"persona": "vip"})
    shop = await gateway(_ALL)
    headers = {b"authorization": f"Bearer {await ordercloud.token('alice')}".encode()}
    answer = await shop.shop.get(
        "/placements/hero", headers={**headers, b"user-agent": b"Br\xf6wser/1.0"}
    )
    assert answer.status_code == 200
    assert personalization(answer)["reason"] == "matched"


class TestSeveralAtOnce:
    async def test_one_answer_holds_the_list_of_each_placement(
        self, gateway: StartGateway, ordercloud: OrderCloud, cdp: Cdp
    ) -> None:
        await cdp.decide("hero", {"persona": "vip", "productIds": ["p2", "p1"]})
        shop = await gateway(_ALL)
        token = await ordercloud.token("alice")
        answer = await shop.get("/placements?names=hero,by-id,plain", token)
        assert answer.status_code == 200
        lists = answer.json()
        assert list(lists) == ["hero", "by-id", "plain"]
        assert [item["ID"] for item in lists["by-id"]["Items"]] == ["p2", "p1"]
        single = await shop.get("/placements/hero", token)
        assert lists["hero"] == single.json()

    async def test_placements_of_one_flow_share_its_execution(
        self, gateway: StartGateway, ordercloud: OrderCloud, cdp: Cdp
    ) -> None:
        shop = await gateway(_ALL)
        await shop.get("/placements?names=hero,by-id", await ordercloud.token("alice"))
        assert len(await cdp.calls()) == 1

    async def test_each_is_explained_in_one_header(
        self, gateway: StartGateway, ordercloud: OrderCloud, cdp: Cdp
    ) -> None:
        await cdp.decide("hero", {"persona": "vip"})
        shop = await gateway(_ALL)
        answer = await shop.get("/placements?names=hero,plain", await ordercloud.token("alice"))
        hero, plain = answer.headers["personalization"].split(", ")
        assert hero.startswith('"hero";placement="hero";rule="watches";segment="vip"')
        assert plain.startswith('"plain";placement="plain";rule="default"')
        assert answer.headers["cache-control"] == "private, no-cache"
        assert answer.headers["age"] == "0"

    async def test_what_fails_is_a_problem_beside_the_lists_of_the_others(
        self, gateway: StartGateway, ordercloud: OrderCloud
    ) -> None:
        await ordercloud.fail("/v1/me/products", status=404, body='{"Errors": []}')
        shop = await gateway(_ALL)
        answer = await shop.get("/placements?names=hero,nowhere,plain", await ordercloud.token())
        assert answer.status_code == 200
        lists = answer.json()
        assert lists["plain"]["Items"]
        assert (lists["nowhere"]["status"], lists["nowhere"]["type"]) == (
            404,
            "urn:decision-proxy:unknown-placement",
        )
        assert lists["hero"]["type"] == "urn:decision-proxy:ordercloud-refused"
        assert lists["hero"]["ordercloud"] == {"Errors": []}
        assert lists["hero"]["request_id"] == answer.headers["x-request-id"]

    async def test_without_a_good_token_nothing_is_shown(self, gateway: StartGateway) -> None:
        shop = await gateway(_ALL)
        answer = await shop.get("/placements?names=hero,plain")
        assert answer.status_code == 401
        assert answer.json()["type"] == "urn:decision-proxy:invalid-token"

    @pytest.mark.parametrize(
        "names", ["", "names=", "names=,", "names=" + ",".join(map(str, range(21)))]
    )
    async def test_one_to_twenty_are_named(
        self, gateway: StartGateway, ordercloud: OrderCloud, names: str
    ) -> None:
        shop = await gateway(_ALL)
        answer = await shop.get(f"/placements?{names}", await ordercloud.token())
        assert answer.status_code == 400
        assert answer.json()["type"] == "urn:decision-proxy:bad-request"

    async def test_a_bad_parameter_is_the_callers_mistake_in_every_part(
        self, gateway: StartGateway, ordercloud: OrderCloud
    ) -> None:
        shop = await gateway(_ALL)
        answer = await shop.get("/placements?names=hero,plain&page=0", await ordercloud.token())
        assert {part["status"] for part in answer.json().values()} == {400}
