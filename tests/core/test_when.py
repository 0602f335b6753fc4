"""`when:` as marketers write it: every key and form, every mistake, and what it asks of whom."""

from collections.abc import Mapping

import pytest

from proxy.core.choose import choose
from proxy.model import Asked, Facts, Json, Profile
from tests.answers import personalization
from tests.conftest import StartGateway
from tests.core.making import NOON, decided, mistakes, slot
from tests.emulators import OrderCloud
from tests.servers import Gateway

EVERYBODY = "this holds for everybody; say for whom, or make it the default"
KNOWN_FORMS = "known are: between, gt, gte, like, lt, lte, missing, not"
PATH = "write e.g. persona, offer.ids or products[].id"
VALUE = "write text, a number, true or false"

ALICE = Profile("acme", "alice", "en-US", "USD")
KNOWN = Facts(NOON, is_anonymous=False, profile=ALICE, groups=frozenset({"vip", "early"}))


def applies(
    when: str,
    output: Json = None,
    *,
    facts: Facts = KNOWN,
    query: Mapping[str, str] | None = None,
    more: str = "",
) -> bool:
    """Say whether a rule with *when* applies."""
    where = slot(f"[{{name: r, when: {when}, query: {{}}}}]", more=more)
    return choose(where, decided(output), Asked(query=query or {}), facts).rule == "r"


class TestKeys:
    @pytest.mark.parametrize(
        ("when", "holding", "failing"),
        [
            ("{segment: vip}", ["vip", ["new", "vip"]], ["VIP", "vi", None, [], {"vip": 1}]),
            ("{segment: [vip, loyal]}", ["vip", "loyal"], ["new"]),
            ("{segment: 7}", [7, "7", 7.0], [77, True]),
            ("{segment: true}", [True, "true"], [1, False]),
            ("{segment: NO}", ["NO"], [False, "no"]),
            ("{segment: 010}", ["010"], [10, 8]),
        ],
    )
    def test_segment(self, when: str, holding: list[Json], failing: list[Json]) -> None:
        assert [value for value in holding if not applies(when, {"persona": value})] == []
        assert [value for value in failing if applies(when, {"persona": value})] == []

    @pytest.mark.parametrize(
        ("when", "output", "is_so"),
        [
            ("{has: offer}", {"offer": {"id": 1}}, True),
            ("{has: offer.id}", {"offer": {"id": 1}}, True),
            ("{has: 'offers[0].id'}", {"offers": [{"id": 1}]}, True),
            ("{has: [offer, ids]}", {"offer": 1, "ids": [1]}, True),
            ("{has: [offer, ids]}", {"offer": 1, "ids": []}, False),
            ("{has: offer}", None, False),
        ],
    )
    def test_has(self, when: str, output: Json, *, is_so: bool) -> None:
        assert applies(when, output) is is_so

    @pytest.mark.parametrize(
        ("form", "holding", "failing"),
        [
            ("gold", ["gold", ["a", "gold"]], ["silver", None]),
            ("[gold, silver]", ["gold", "silver"], ["bronze"]),
            ("{not: gold}", ["silver", None], ["gold", ["silver", "gold"]]),
            ("{not: [gold, silver]}", ["bronze"], ["gold", "silver"]),
            ("{gt: 5}", [5.1, "6"], [5, "4", "many", None]),
            ("{gte: 5, lt: 10}", [5, 9.9], [4.9, 10]),
            ("{lte: 2026-03-01}", ["2026-02-28"], ["2026-03-02"]),
            ("{between: [5, 10]}", [5, 7.5, 10], [4.9, 10.1]),
            ("{like: 'go*'}", ["gold", "go"], ["ego"]),
            ("{missing: true}", [None, "", [], {}], ["gold", 0, False, {"a": 1}]),
            ("{missing: false}", ["gold", 0, False, {"a": 1}], [None, "", [], {}]),
            ("{missing: false, not: gold}", ["silver"], ["gold", None]),
        ],
    )
    def test_output(self, form: str, holding: list[Json], failing: list[Json]) -> None:
        when = f"{{output: {{tier: {form}}}}}"
        assert [value for value in holding if not applies(when, {"tier": value})] == []
        assert [value for value in failing if applies(when, {"tier": value})] == []

    def test_output_reads_any_path(self) -> None:
        when = "{output: {'offer.price.amount': {lt: 10}, 'max(scores)': {gt: 5}}}"
        assert applies(when, {"offer": {"price": {"amount": 9}}, "scores": [1, 6]})
        assert not applies(when, {"offer": {"price": 9}, "scores": [6]})

    @pytest.mark.parametrize(
        ("form", "holding", "failing"),
        [
            ("m", ["m"], ["M", "s", ""]),
            ("[s, m]", ["s", "m"], ["l"]),
            ("{gt: 5}", ["6"], ["5", "x"]),
            ("{like: '*shoe*'}", ["red shoes"], ["shirt"]),
            ("{missing: true}", [""], ["m"]),
            ("{missing: false}", ["m"], [""]),
            ("{not: m}", ["s", ""], ["m"]),
        ],
    )
    def test_request(self, form: str, holding: list[str], failing: list[str]) -> None:
        when = f"{{request: {{Size: {form}}}}}"
        assert [text for text in holding if not applies(when, query={"size": text})] == []
        assert [text for text in failing if applies(when, query={"size": text})] == []

    @pytest.mark.parametrize(
        ("when", "is_so"),
        [
            ("{anonymous: false}", True),
            ("{anonymous: true}", False),
            ("{buyer: acme}", True),
            ("{buyer: [globex, acme]}", True),
            ("{buyer: globex}", False),
            ("{group: early}", True),
            ("{group: [none, vip]}", True),
            ("{group: none}", False),
            ("{language: en-US}", True),
            ("{language: en}", False),
            ("{currency: [EUR, USD]}", True),
            ("{currency: EUR}", False),
        ],
    )
    def test_shopper(self, when: str, *, is_so: bool) -> None:
        assert applies(when) is is_so

    def test_nothing_is_said_of_a_shopper_who_is_not_known(self) -> None:
        keys = ("anonymous: true", "anonymous: false", "buyer: acme", "group: vip", "language: en")
        assert not any(applies(f"{{{key}}}", facts=Facts(NOON)) for key in keys)

    def test_time_is_that_of_the_files_time_zone(self) -> None:
        """It is noon in UTC: 07:00 in New York."""
        morning = "{time: {hours: 06:00-08:00}}"
        assert applies(morning, more="timezone: America/New_York")
        assert not applies(morning)
        assert applies("{time: {hours: 06:00-08:00, timezone: America/New_York}}")
        assert not applies("{time: {days: sun}}")

    @pytest.mark.parametrize(
        ("when", "is_so"),
        [
            ("{segment: vip, buyer: acme}", True),
            ("{segment: vip, buyer: globex}", False),
            ("{all: [{segment: vip}, {buyer: acme}]}", True),
            ("{all: [{segment: vip}, {buyer: globex}]}", False),
            ("{any: [{segment: new}, {buyer: acme}]}", True),
            ("{any: [{segment: new}, {buyer: globex}]}", False),
            ("{not: {segment: new}}", True),
            ("{not: {segment: vip}}", False),
            ("{not: {segment: vip, buyer: globex}}", True),
            ("{segment: vip, not: {any: [{buyer: globex}, {group: none}]}}", True),
            ("{segment: vip, any: [{buyer: globex}, {all: [{group: vip}, {has: tier}]}]}", True),
        ],
    )
    def test_combinations(self, when: str, *, is_so: bool) -> None:
        assert applies(when, {"persona": "vip", "tier": 1}) is is_so


class TestMistakes:
    """Each is told at its place, with how to mend it; the `when` starts at 6:11."""

    @pytest.mark.parametrize(
        ("when", "found"),
        [
            ("{}", f"6:11: {EVERYBODY}"),
            ("", "6:10: there is no value; write one, or remove the key"),
            ("vip", "6:11: 'when' is not a mapping; write `key: value` in it"),
            ("{segmnt: vip}", "6:12: unknown key 'segmnt'; did you mean 'segment'?"),
            ("{segment: }", "6:21: there is no value; write one, or remove the key"),
            ("{segment: []}", "6:21: this list is empty; name at least one"),
            (
                "{segment: ''}",
                "6:21: there is no text between the quotes; write some, or remove it",
            ),
            (
                "{segment: [vip, '']}",
                "6:27: there is no text between the quotes; write some, or remove it",
            ),
            ("{segment: {a: b}}", "6:21: 'segment' cannot be this; see docs/rules.md"),
            (
                "{anonymous: yes}",
                "6:23: 'anonymous': input should be a valid boolean; write true or false",
            ),
            ("{any: []}", "6:17: this list is empty; name at least one"),
            ("{all: [{}]}", f"6:18: {EVERYBODY}"),
            ("{any: {segment: vip}}", "6:17: 'any': input should be a valid list"),
            ("{not: {}}", f"6:17: {EVERYBODY}"),
            ("{has: 'a['}", f"6:17: 'a[' is not a path into the decision; {PATH}"),
            ("{output: {'a[': 1}}", f"6:27: 'a[' is not a path into the decision; {PATH}"),
            (
                "{output: {a: {}}}",
                "6:24: there is no condition; write e.g. {gt: 5} or {missing: true}",
            ),
            ("{output: {a: []}}", "6:24: this list is empty; name at least one value"),
            ("{output: {a: }}", f"6:24: this is not a value; {VALUE}"),
            ("{output: {a: [[1]]}}", f"6:24: this is not a value; {VALUE}"),
            ("{output: {a: {more: 5}}}", f"6:31: 'more' is not a condition; {KNOWN_FORMS}"),
            ("{output: {a: {lk: 5}}}", "6:29: 'lk' is not a condition; did you mean 'like'?"),
            ("{output: {a: {lke: 5}}}", "6:30: 'lke' is not a condition; did you mean 'like'?"),
            ("{output: {a: {from: b}}}", f"6:31: 'from' is not a condition; {KNOWN_FORMS}"),
            ("{output: {a: {gt: [5]}}}", f"6:29: this is not a value; {VALUE}"),
            (
                "{output: {a: {between: 5}}}",
                "6:34: between takes two values; write {between: [10, 20]}",
            ),
            (
                "{output: {a: {between: [1, 2, 3]}}}",
                "6:34: between takes two values; write {between: [10, 20]}",
            ),
            ("{output: {a: {between: [1, {}]}}}", f"6:38: this is not a value; {VALUE}"),
            (
                "{output: {a: {missing: yes}}}",
                "6:34: 'yes' is not true or false; write {missing: true}",
            ),
            ("{request: {q: {missing: 1}}}", "6:35: 1 is not true or false; write {missing: true}"),
            ("{request: {q: {not: }}}", f"6:31: this is not a value; {VALUE}"),
            ("{time: {}}", "6:18: this names no time; write from, until, days or hours"),
            (
                "{time: {timezone: Europe/Paris}}",
                "6:18: this names no time; write from, until, days or hours",
            ),
            (
                "{time: {timezone: Paris, days: mon}}",
                "6:29: 'Paris' is not a time zone; write e.g. Europe/London or America/New_York",
            ),
            (
                "{time: {days: [mon, fri-sun]}}",
                "6:31: 'fri-sun' cannot be read; write e.g. [mon, fri]",
            ),
            ("{time: {days: []}}", "6:25: this list is empty; name at least one"),
            ("{time: {hours: 9-5}}", "6:26: '9-5' cannot be read; write e.g. 09:00-17:30"),
            (
                "{time: {from: 27.11.2026}}",
                "6:25: '27.11.2026' cannot be read; write e.g. 2026-11-27 09:00",
            ),
            (
                "{time: {until: 9999-12-31}}",
                "6:26: '9999-12-31' cannot be read; write e.g. 2026-11-30",
            ),
            (
                "{time: {from: 2026-11-30, until: 2026-11-27}}",
                "6:44: this ends before it starts; swap the two",
            ),
        ],
    )
    def test_a_mistake_is_told(self, when: str, found: str) -> None:
        (mistake,) = mistakes(
            "placement: slot\nresource: me/products\ndefault: {query: {}}\n"
            f"rules:\n  - name: r\n    when: {when}\n    query: {{}}\n"
        )
        assert mistake == found


_ASKING = """
placement: slot
resource: me/categories
rules:
  - {{name: known, when: {when}, query: {{}}}}
default: {{query: {{}}}}
"""


async def _ask(
    gateway: StartGateway, ordercloud: OrderCloud, when: str, user: str | None
) -> tuple[Gateway, str]:
    """Start a gateway with one rule; return it and *user*'s token."""
    shop = await gateway({"slot.yaml": _ASKING.format(when=when)})
    return shop, await ordercloud.token(user)


async def _rule(shop: Gateway, token: str, query: str = "") -> str:
    answer = await shop.get(f"/placements/slot{query}", token)
    assert answer.status_code == 200
    return personalization(answer)["rule"]


async def _asked_about(ordercloud: OrderCloud) -> list[str]:
    """Return which of the shopper's own facts OrderCloud was asked for."""
    paths = [one["path"] for one in await ordercloud.seen("/v1/me")]
    return sorted(path for path in paths if path in {"/v1/me", "/v1/me/usergroups"})


class TestOverTheWire:
    @pytest.mark.parametrize(
        ("when", "user", "rule", "asked"),
        [
            ("{buyer: acme}", "alice", "known", ["/v1/me"]),
            ("{buyer: acme}", "carol", "default", ["/v1/me"]),
            ("{buyer: acme}", None, "known", ["/v1/me"]),
            ("{not: {buyer: acme}}", "carol", "known", ["/v1/me"]),
            ("{group: vip}", "alice", "known", ["/v1/me", "/v1/me/usergroups"]),
            ("{group: vip}", "bob", "default", ["/v1/me", "/v1/me/usergroups"]),
            ("{group: vip}", None, "default", ["/v1/me", "/v1/me/usergroups"]),
            ("{group: vip, buyer: acme}", "alice", "known", ["/v1/me", "/v1/me/usergroups"]),
            ("{anonymous: true}", None, "known", []),
            ("{anonymous: true}", "alice", "default", []),
            ("{anonymous: false}", "alice", "known", []),
        ],
    )
    async def test_what_the_token_does_not_tell_is_asked_for_once_and_remembered(
        self,
        gateway: StartGateway,
        ordercloud: OrderCloud,
        *,
        when: str,
        user: str | None,
        rule: str,
        asked: list[str],
    ) -> None:
        shop, token = await _ask(gateway, ordercloud, when, user)
        for _ in range(3):
            assert await _rule(shop, token) == rule
        assert await _asked_about(ordercloud) == asked

    async def test_language_and_currency_are_those_of_the_shoppers_locale(
        self, gateway: StartGateway, ordercloud: OrderCloud
    ) -> None:
        token = await ordercloud.token("alice")
        headers = {"authorization": f"Bearer {token}"}
        locale = (await ordercloud.http.get("/v1/me", headers=headers)).json()["Locale"]
        when = f"{{language: {locale['Language']}, currency: {locale['Currency']}}}"
        shop, token = await _ask(gateway, ordercloud, when, "alice")
        assert await _rule(shop, token) == "known"

    async def test_each_shopper_is_asked_about_with_their_own_token(
        self, gateway: StartGateway, ordercloud: OrderCloud
    ) -> None:
        shop, alices = await _ask(gateway, ordercloud, "{buyer: acme}", "alice")
        carols = await ordercloud.token("carol")
        rules = [await _rule(shop, alices), await _rule(shop, carols), await _rule(shop, alices)]
        assert rules == ["known", "default", "known"]
        sent = [one["headers"]["authorization"] for one in await ordercloud.seen("/v1/me")]
        assert [f"Bearer {alices}", f"Bearer {carols}"] == list(dict.fromkeys(sent))

    @pytest.mark.parametrize("when", ["{buyer: acme}", "{not: {buyer: globex}}", "{group: vip}"])
    @pytest.mark.parametrize(
        "fault", [{"status": 500}, {"drop": True}, {"body": "[]"}, {"status": 403}]
    )
    async def test_what_ordercloud_does_not_tell_is_unknown_until_it_does(
        self,
        gateway: StartGateway,
        ordercloud: OrderCloud,
        *,
        when: str,
        fault: dict[str, object],
    ) -> None:
        await ordercloud.fail("/v1/me/categories", latency_ms=0)
        await ordercloud.fail("/v1/me", **fault)
        shop, token = await _ask(gateway, ordercloud, when, "alice")
        assert await _rule(shop, token) == "default"
        await ordercloud.recover()
        assert await _rule(shop, token) == "known"

    @pytest.mark.parametrize("query", ["?size=m", "?SIZE=m", "?Size=m&size=s"])
    async def test_request_parameters_match_in_any_case_and_the_first_counts(
        self, gateway: StartGateway, ordercloud: OrderCloud, query: str
    ) -> None:
        shop, token = await _ask(gateway, ordercloud, "{request: {sIZE: m}}", None)
        assert await _rule(shop, token, query) == "known"
        assert await _rule(shop, token, "?size=s&size=m") == "default"

    async def test_two_rules_may_write_a_parameter_differently(
        self, gateway: StartGateway, ordercloud: OrderCloud
    ) -> None:
        when = "{any: [{request: {size: m}}, {request: {Size: l}}]}"
        shop, token = await _ask(gateway, ordercloud, when, None)
        assert await _rule(shop, token, "?size=m") == "known"
        assert await _rule(shop, token, "?size=l") == "known"

    async def test_parameters_of_rules_are_not_handed_to_ordercloud(
        self, gateway: StartGateway, ordercloud: OrderCloud
    ) -> None:
        shop, token = await _ask(gateway, ordercloud, "{request: {size: m}}", None)
        await _rule(shop, token, "?size=m")
        assert await ordercloud.lists() == ["/v1/me/categories"]
