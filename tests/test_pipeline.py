"""What a shopper sees when all goes well for others, and when nothing does: over real sockets."""

import time
from typing import Any

import pytest

from proxy.cache.cache import Served
from proxy.core.choose import Choice
from proxy.model import Decision, Freshness, ListQuery, Page, Reason
from proxy.pipeline import Personalized, Timings
from tests.answers import caches, ids, personalization, until
from tests.conftest import StartGateway
from tests.emulators import Cdp, OrderCloud
from tests.servers import Gateway

_RULES = {
    "hero.yaml": """
placement: hero
resource: me/products
decision: {flow: hero, segment: persona}
rules:
  - {name: watches, when: {segment: vip}, query: {categoryID: mens-watches}}
  - {name: deleted, when: {segment: lost}, query: {categoryID: no-longer-there}}
  - {name: of-the-model, when: {has: products}, page: {from: products}}
default: {query: {categoryID: featured}}
""",
    "always.yaml": """
placement: always
resource: me/products
decision: {flow: hero, segment: persona, cache: none}
rules:
  - {name: watches, when: {segment: vip}, query: {categoryID: mens-watches}}
default: {query: {categoryID: featured}}
""",
    "hasty.yaml": """
placement: hasty
resource: me/products
decision: {flow: hero, segment: persona, timeout: 50ms}
rules:
  - {name: watches, when: {segment: vip}, query: {categoryID: mens-watches}}
default: {query: {categoryID: featured}}
""",
    "grouped.yaml": """
placement: grouped
resource: me/products
rules:
  - {name: members, when: {group: vip}, query: {categoryID: vip-lounge}}
  - {name: guests, when: {anonymous: true}, query: {categoryID: new}}
default: {query: {categoryID: featured}}
""",
    "pinned.yaml": """
placement: pinned
resource: me/products
default:
  query: {categoryID: featured, pageSize: 8}
  pin: [p5]
  fill: {categoryID: sale}
""",
    "offers.yaml": "placement: offers\nresource: me/promotions\ndefault: {query: {}}",
    "list.yaml": "placement: list\nresource: me/products\ndefault: {query: {pageSize: 5}}",
}
_FEATURED = "/v1/me/products?categoryID=featured"
_WATCHES = "/v1/me/products?categoryID=mens-watches"


@pytest.fixture
async def shop(gateway: StartGateway) -> Gateway:
    return await gateway(_RULES)


class TestWithoutADecision:
    @pytest.mark.parametrize(
        ("fault", "reason"),
        [
            ({"status": 500}, "upstream-error"),
            ({"status": 503}, "upstream-error"),
            ({"status": 429}, "upstream-error"),
            ({"status": 302, "headers": {"location": "/"}}, "upstream-error"),
            ({"status": 404}, "flow-refused"),
            ({"drop": True}, "unreachable"),
            ({"truncate": 5}, "unreachable"),
            ({"body": "<html>"}, "garbage"),
            ({"body": '{"persona": "vi'}, "garbage"),
            ({"body": '"vip"'}, "garbage"),
            ({"body": "null"}, "garbage"),
            ({"body": ""}, "garbage"),
            ({"body": '{"message": "No flow executed"}'}, "no-flow"),
        ],
        ids=str,
    )
    async def test_the_default_is_shown_and_the_headers_say_why(
        self, shop: Gateway, ordercloud: OrderCloud, cdp: Cdp, fault: dict[str, Any], reason: str
    ) -> None:
        await cdp.decide("hero", {"persona": "vip"})
        await cdp.fail("/v2/callFlows", **fault)
        answer = await shop.get("/placements/hero", await ordercloud.token())
        assert answer.status_code == 200
        assert personalization(answer) == {
            "placement": "hero",
            "rule": "default",
            "decision": "fallback",
            "reason": reason,
            **({} if reason == "no-flow" else {"rung": "default"}),
        }
        assert await ordercloud.lists() == [_FEATURED]

    async def test_a_flow_that_is_not_live_is_no_fault(
        self, shop: Gateway, ordercloud: OrderCloud, cdp: Cdp
    ) -> None:
        token = await ordercloud.token()
        for _ in range(2):
            answer = await shop.get("/placements/hero", token)
            assert personalization(answer)["reason"] == "no-flow"
        assert len(await cdp.calls()) == 1

    async def test_a_decision_that_fits_no_rule_is_none_of_cdps_doing(
        self, shop: Gateway, ordercloud: OrderCloud, cdp: Cdp
    ) -> None:
        await cdp.decide("hero", {"persona": "unheard-of"})
        answer = await shop.get("/placements/hero", await ordercloud.token())
        assert personalization(answer) == {
            "placement": "hero",
            "rule": "default",
            "segment": "unheard-of",
            "decision": "fresh",
            "reason": "no-rule",
        }

    async def test_nobody_at_cdps_address(
        self, gateway: StartGateway, ordercloud: OrderCloud, unreachable: str
    ) -> None:
        shop = await gateway(_RULES, cdp={"url": unreachable})
        answer = await shop.get("/placements/hero", await ordercloud.token())
        assert (answer.status_code, personalization(answer)["reason"]) == (200, "unreachable")

    async def test_a_shopper_waits_no_longer_than_the_deadline(
        self, shop: Gateway, ordercloud: OrderCloud, cdp: Cdp
    ) -> None:
        await cdp.fail("/v2/callFlows", hang=True)
        started = time.monotonic()
        answer = await shop.get("/placements/hasty", await ordercloud.token())
        assert time.monotonic() - started < 3.0
        assert personalization(answer)["reason"] == "timeout"
        assert personalization(answer)["decision"] == "fallback"
        assert ids(answer)

    async def test_an_answer_that_comes_too_late_is_there_for_the_next_request(
        self, shop: Gateway, ordercloud: OrderCloud, cdp: Cdp
    ) -> None:
        await cdp.decide("hero", {"persona": "vip"})
        await cdp.fail("/v2/callFlows", latency_ms=300)
        token = await ordercloud.token()
        first = await shop.get("/placements/hasty", token)
        assert personalization(first)["reason"] == "timeout"
        answer = await until(
            lambda: shop.get("/placements/hasty", token),
            lambda answer: personalization(answer)["reason"] != "timeout",
        )
        assert personalization(answer)["rule"] == "watches"
        assert len(await cdp.calls()) == 1

    async def test_a_tenant_that_keeps_failing_is_left_alone(
        self, shop: Gateway, ordercloud: OrderCloud, cdp: Cdp
    ) -> None:
        await cdp.fail("/v2/callFlows", status=500)
        token = await ordercloud.token()
        answers = [await shop.get("/placements/always", token) for _ in range(10)]
        assert {answer.status_code for answer in answers} == {200}
        assert personalization(answers[-1])["reason"] == "circuit-open"
        assert len(await cdp.calls()) == 8


class TestLastGoodDecision:
    @pytest.mark.parametrize(
        ("fault", "reason"),
        [({"status": 500}, "upstream-error"), ({"drop": True}, "unreachable")],
    )
    async def test_it_stands_in_and_the_headers_say_why(
        self, shop: Gateway, ordercloud: OrderCloud, cdp: Cdp, fault: dict[str, Any], reason: str
    ) -> None:
        await cdp.decide("hero", {"persona": "vip"})
        token = await ordercloud.token()
        await shop.get("/placements/always", token)
        await cdp.fail("/v2/callFlows", **fault)
        answer = await shop.get("/placements/always", token)
        assert personalization(answer) == {
            "placement": "always",
            "rule": "watches",
            "segment": "vip",
            "decision": "stale",
            "reason": reason,
            "rung": "last-decision",
        }

    async def test_it_stands_in_for_one_that_is_late(
        self, gateway: StartGateway, ordercloud: OrderCloud, cdp: Cdp
    ) -> None:
        shop = await gateway(_RULES, cdp={"timeout": "200ms"})
        await cdp.decide("hero", {"persona": "vip"})
        token = await ordercloud.token()
        await until(
            lambda: shop.get("/placements/always", token),
            lambda answer: personalization(answer)["reason"] == "matched",
        )
        await cdp.fail("/v2/callFlows", hang=True)
        answer = await shop.get("/placements/always", token)
        assert personalization(answer)["rule"] == "watches"
        assert personalization(answer)["decision"] == "stale"
        assert personalization(answer)["reason"] == "timeout"

    async def test_it_is_never_another_shoppers(
        self, shop: Gateway, ordercloud: OrderCloud, cdp: Cdp
    ) -> None:
        await cdp.decide("hero", {"persona": "vip"})
        await shop.get("/placements/always", await ordercloud.token("alice"))
        await cdp.fail("/v2/callFlows", status=500)
        answer = await shop.get("/placements/always", await ordercloud.token("bob"))
        assert personalization(answer)["decision"] == "fallback"

    async def test_it_is_not_shown_once_it_is_too_old(
        self, gateway: StartGateway, ordercloud: OrderCloud, cdp: Cdp
    ) -> None:
        shop = await gateway(_RULES, cache={"decision_error": "0s"})
        await cdp.decide("hero", {"persona": "vip"})
        token = await ordercloud.token()
        await shop.get("/placements/always", token)
        await cdp.fail("/v2/callFlows", status=500)
        answer = await shop.get("/placements/always", token)
        assert personalization(answer)["decision"] == "fallback"


class TestOrderCloudSaysNo:
    @pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 429, 500, 503])
    async def test_its_answer_is_passed_on_byte_for_byte(
        self, shop: Gateway, ordercloud: OrderCloud, status: int
    ) -> None:
        body = '{"Errors": [ {"ErrorCode":"Any.Code", "Message":"Ärger", "Data":null}]}'
        passed_on = {
            "content-type": "application/json; charset=utf-8",
            "x-oc-logid": "e5a7",
            "retry-after": "7",
            "www-authenticate": "Bearer",
        }
        headers = {**passed_on, "set-cookie": "session=of-the-upstream"}
        await ordercloud.fail("/v1/me/products", status=status, body=body, headers=headers)
        answer = await shop.get("/placements/list", await ordercloud.token())
        assert answer.status_code == status
        assert answer.content == body.encode()
        assert {name: answer.headers[name] for name in passed_on} == passed_on
        assert "set-cookie" not in answer.headers
        assert answer.headers["cache-control"] == "private, no-store"
        assert not {"etag", "personalization"} & answer.headers.keys()

    async def test_a_query_that_it_refuses_gives_way_to_the_default(
        self, shop: Gateway, ordercloud: OrderCloud, cdp: Cdp
    ) -> None:
        await cdp.decide("hero", {"persona": "lost"})
        answer = await shop.get("/placements/hero", await ordercloud.token())
        assert answer.status_code == 200
        assert personalization(answer) == {
            "placement": "hero",
            "rule": "default",
            "segment": "lost",
            "decision": "fresh",
            "reason": "rule-refused",
            "rung": "default",
        }
        assert await ordercloud.lists() == [
            "/v1/me/products?categoryID=no-longer-there",
            _FEATURED,
        ]

    @pytest.mark.parametrize("status", [401, 403, 429, 500])
    async def test_no_other_query_is_tried_where_it_is_not_the_query(
        self, shop: Gateway, ordercloud: OrderCloud, cdp: Cdp, status: int
    ) -> None:
        await cdp.decide("hero", {"persona": "vip"})
        await ordercloud.fail("/v1/me/products", status=status)
        answer = await shop.get("/placements/hero", await ordercloud.token())
        assert answer.status_code == status
        assert await ordercloud.lists() == [_WATCHES]

    async def test_a_token_that_it_has_revoked_ends_at_its_401(
        self, shop: Gateway, ordercloud: OrderCloud
    ) -> None:
        token = await ordercloud.token("alice")
        headers = {"authorization": f"Bearer {token}"}
        (await ordercloud.http.delete("/v1/me/tokens", headers=headers)).raise_for_status()
        answer = await shop.get("/placements/list", token)
        assert answer.status_code == 401
        assert answer.json()["Errors"][0]["ErrorCode"] == "Auth.TokenRevoked"


class TestOrderCloudIsAway:
    @pytest.mark.parametrize(
        ("fault", "status", "code"),
        [
            ({"drop": True}, 502, "upstream-unreachable"),
            ({"truncate": 20}, 502, "upstream-unreachable"),
            ({"hang": True}, 504, "upstream-timeout"),
            ({"body_latency_ms": 5000}, 504, "upstream-timeout"),
            ({"body": "<html>"}, 502, "upstream-broken"),
            ({"body": '{"Items": 5}'}, 502, "upstream-broken"),
            ({"status": 204, "body": ""}, 502, "upstream-broken"),
            ({"status": 302, "headers": {"location": "/v1/me"}}, 502, "upstream-broken"),
        ],
        ids=str,
    )
    async def test_nothing_to_show_is_a_problem_that_says_so(
        self,
        gateway: StartGateway,
        ordercloud: OrderCloud,
        fault: dict[str, Any],
        status: int,
        code: str,
    ) -> None:
        shop = await gateway(_RULES, ordercloud={"limit": "500ms"})
        token = await ordercloud.token()
        await until(
            lambda: shop.get("/placements/offers", token), lambda one: one.status_code == 200
        )
        await ordercloud.fail("/v1/me/products", **fault)
        answer = await shop.get("/placements/list", token)
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["type"] == f"urn:decision-proxy:{code}"
        assert answer.headers["retry-after"] == "2"
        assert answer.headers["cache-control"] == "private, no-store"

    @pytest.mark.parametrize(
        "fault",
        [{"status": 500}, {"status": 429}, {"drop": True}, {"truncate": 20}, {"body": "<html>"}],
        ids=str,
    )
    async def test_the_last_page_is_shown_while_it_is_young_enough(
        self, gateway: StartGateway, ordercloud: OrderCloud, fault: dict[str, Any]
    ) -> None:
        shop = await gateway(_RULES, cache={"page_fresh": "0s", "page_revalidate": "0s"})
        token = await ordercloud.token()
        fresh = await shop.get("/placements/list", token)
        await ordercloud.fail("/v1/me/products", **fault)
        stale = await shop.get("/placements/list", token)
        assert (stale.status_code, stale.content) == (200, fresh.content)
        assert caches(stale) == {"page": "hit"}

    async def test_a_page_that_is_too_old_is_not_shown(
        self, gateway: StartGateway, ordercloud: OrderCloud
    ) -> None:
        lifetimes = {"page_fresh": "0s", "page_revalidate": "0s", "page_error": "0s"}
        shop = await gateway(_RULES, cache=lifetimes)
        token = await ordercloud.token()
        await shop.get("/placements/list", token)
        await ordercloud.fail("/v1/me/products", drop=True)
        assert (await shop.get("/placements/list", token)).status_code == 502

    async def test_a_stale_page_is_shown_at_once_and_renewed_behind(
        self, gateway: StartGateway, ordercloud: OrderCloud
    ) -> None:
        shop = await gateway(_RULES, cache={"page_fresh": "0s", "page_revalidate": "1h"})
        token = await ordercloud.token()
        await shop.get("/placements/list", token)
        await ordercloud.fail("/v1/me/products", hang=True)
        answer = await shop.get("/placements/list", token)
        assert (answer.status_code, caches(answer)) == (200, {"page": "hit"})
        await until(ordercloud.lists, lambda seen: len(seen) == 2)

    async def test_a_page_that_may_no_longer_be_seen_is_not_shown(
        self, gateway: StartGateway, ordercloud: OrderCloud
    ) -> None:
        shop = await gateway(_RULES, cache={"page_fresh": "0s", "page_revalidate": "0s"})
        token = await ordercloud.token()
        await shop.get("/placements/list", token)
        await ordercloud.fail("/v1/me/products", status=403)
        assert (await shop.get("/placements/list", token)).status_code == 403


@pytest.mark.parametrize(
    "products", ["none", {"Items": "none"}, [{"ID": "p1"}], {"Meta": {}}, {"Items": None}, 5]
)
async def test_a_page_of_the_model_that_is_none_gives_way_to_the_default(
    shop: Gateway, ordercloud: OrderCloud, cdp: Cdp, products: object
) -> None:
    await cdp.decide("hero", {"products": products})
    answer = await shop.get("/placements/hero", await ordercloud.token())
    assert answer.status_code == 200
    assert personalization(answer)["rule"] == "default"
    assert personalization(answer)["reason"] == "bad-page"
    assert await ordercloud.lists() == [_FEATURED]


class TestWhatRulesAskAboutTheShopper:
    @pytest.mark.parametrize(
        ("user", "rule"), [("alice", "members"), ("bob", "default"), (None, "guests")]
    )
    async def test_groups_come_from_ordercloud(
        self, shop: Gateway, ordercloud: OrderCloud, user: str | None, rule: str
    ) -> None:
        answer = await shop.get("/placements/grouped", await ordercloud.token(user))
        assert personalization(answer)["rule"] == rule
        assert len(await ordercloud.seen("/v1/me/usergroups")) == 1

    async def test_what_was_learnt_is_kept_for_a_while(
        self, shop: Gateway, ordercloud: OrderCloud
    ) -> None:
        token = await ordercloud.token("alice")
        for _ in range(2):
            await shop.get("/placements/grouped", token)
        assert len(await ordercloud.seen("/v1/me/usergroups")) == 1

    async def test_what_cannot_be_learnt_holds_for_no_rule(
        self, shop: Gateway, ordercloud: OrderCloud
    ) -> None:
        await ordercloud.fail("/v1/me/usergroups", status=500)
        answer = await shop.get("/placements/grouped", await ordercloud.token("alice"))
        assert (answer.status_code, personalization(answer)["rule"]) == (200, "default")


async def test_a_list_of_several_is_cached_piece_by_piece(
    shop: Gateway, ordercloud: OrderCloud
) -> None:
    token = await ordercloud.token()
    first = await shop.get("/placements/pinned", token)
    second = await shop.get("/placements/pinned", token)
    assert ids(first)[0] == "p5"
    assert len(ids(first)) == 8
    assert (caches(first), caches(second)) == ({"page": "fwd=miss"}, {"page": "hit"})
    assert second.content == first.content
    assert len(await ordercloud.lists()) == 2


def test_what_was_known_before_the_list_came_is_older_by_as_long() -> None:
    done = Personalized(
        placement="hero",
        choice=Choice("default", None, Reason.MATCHED, ListQuery("me/products", ())),
        decision=Decision("vip", Reason.MATCHED, Freshness.CACHED, age_s=20.0),
        page=Served(Page(b"{}", '""', 0), Freshness.FRESH, 3.0, 57.0),
        timings=Timings({"verify": 1.0, "decision": 2.0, "list": 3.0}),
    )
    assert done.age_s == 23.0
