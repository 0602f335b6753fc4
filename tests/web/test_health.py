import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from proxy.core.placement import Placement
from proxy.core.rules import load
from proxy.errors import Problem
from proxy.ruleset import EMPTY, RuleSet
from proxy.web.health import Health
from tests.conftest import StartGateway
from tests.servers import ADMIN_KEY

_LIST = "placement: list\nresource: me/products\ndefault: {query: {}}"
_GOOD = {"list.yaml": _LIST}
_CLOSED = ["/metrics", "/config"]


def _rules(placements: Mapping[str, Placement], *problems: Problem) -> RuleSet:
    return RuleSet(placements, problems, "v1", 0.0, {})


def _health(rules: RuleSet, *, is_watching: bool = True) -> Health:
    return Health(rules=lambda: rules, is_watching=lambda: is_watching)


def _ready(health: Health) -> dict[str, bool]:
    return {name: part["ready"] for name, part in health.parts().items()}


@pytest.fixture
def some() -> Mapping[str, Placement]:
    return {"list": load(_LIST, "list.yaml")}


class TestParts:
    def test_all_is_ready(self, some: Mapping[str, Placement]) -> None:
        assert set(_ready(_health(_rules(some))).values()) == {True}

    def test_without_a_single_placement_rules_are_not(self) -> None:
        assert not _ready(_health(EMPTY))["rules"]

    def test_a_mistake_in_a_file_is_told_and_the_rest_serves(
        self, some: Mapping[str, Placement]
    ) -> None:
        problem = Problem("rules/b.yaml", 3, 7, "'x' is not a key", "remove it")
        rules = _health(_rules(some, problem)).parts()["rules"]
        assert rules["ready"]
        assert rules["problems"] == ["rules/b.yaml:3:7: 'x' is not a key; remove it"]

    def test_a_watcher_that_died_is_not(self, some: Mapping[str, Placement]) -> None:
        assert not _ready(_health(_rules(some), is_watching=False))["reload"]

    def test_who_is_going_asks_for_no_more_traffic(self, some: Mapping[str, Placement]) -> None:
        health = _health(_rules(some))
        health.drain()
        assert _ready(health) == {"rules": True, "reload": True, "server": False}


async def test_alive_means_that_the_process_answers(gateway: StartGateway) -> None:
    running = await gateway({})
    answer = await running.admin.get("/livez")
    assert (answer.status_code, answer.json()) == (200, {"status": "alive"})


async def test_ready_is_said_part_by_part(gateway: StartGateway) -> None:
    running = await gateway(_GOOD)
    answer = await running.admin.get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["status"] == "ready"
    assert answer.json()["parts"].keys() == {"rules", "reload", "server"}


async def test_an_outage_upstream_takes_no_traffic_away(
    gateway: StartGateway, unreachable: str
) -> None:
    running = await gateway(_GOOD, cdp={"url": unreachable}, ordercloud={"url": unreachable})
    assert (await running.admin.get("/readyz")).status_code == 200


async def test_not_ready_names_the_part(gateway: StartGateway) -> None:
    running = await gateway({"list.yaml": "placement: list\nresorce: me/products"})
    answer = await running.admin.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["status"] == "not ready"
    rules = answer.json()["parts"]["rules"]
    assert not rules["ready"]
    assert any("list.yaml:2:1: " in problem for problem in rules["problems"])


async def test_while_draining_it_is_alive_and_not_ready(gateway: StartGateway) -> None:
    running = await gateway(_GOOD)
    running.health.drain()
    assert (await running.admin.get("/readyz")).status_code == 503
    assert (await running.admin.get("/livez")).status_code == 200


@pytest.mark.parametrize("path", _CLOSED)
@pytest.mark.parametrize(
    "authorization",
    [None, "Bearer", "Bearer wrong", f"Bearer {ADMIN_KEY}x", f"Basic {ADMIN_KEY}", ADMIN_KEY],
)
async def test_the_rest_needs_the_admin_key(
    gateway: StartGateway, path: str, authorization: str | None
) -> None:
    running = await gateway(_GOOD)
    headers = {} if authorization is None else {"authorization": authorization}
    answer = await running.admin.get(path, headers=headers)
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json()["type"] == "urn:decision-proxy:admin-key"


@pytest.mark.parametrize("path", _CLOSED)
async def test_the_holder_of_the_key_is_let_in(gateway: StartGateway, path: str) -> None:
    assert (await (await gateway(_GOOD)).operate(path)).status_code == 200


@pytest.mark.parametrize("key", [None, ""])
@pytest.mark.parametrize("authorization", ["Bearer", "Bearer None"])
async def test_without_a_key_set_nobody_is(
    gateway: StartGateway, key: str | None, authorization: str
) -> None:
    running = await gateway(_GOOD, admin={"key": key})
    answer = await running.admin.get("/metrics", headers={"authorization": authorization})
    assert answer.status_code == 401
    assert "DECISION_PROXY__ADMIN__KEY" in answer.json()["detail"]


async def test_shoppers_reach_nothing_of_it(gateway: StartGateway) -> None:
    running = await gateway(_GOOD)
    for path in ("/livez", "/readyz", *_CLOSED):
        assert (await running.get(path, ADMIN_KEY)).status_code == 404


async def test_the_configuration_is_shown_without_its_secrets(
    gateway: StartGateway, tmp_path: Path
) -> None:
    tenant = {"client_id": "id", "client_secret": "secret-of-the-tenant"}
    running = await gateway(_GOOD, tenant=tenant)
    answer = await running.operate("/config")
    shown = answer.json()
    assert shown["rules"]["folder"] == str(tmp_path / "rules")
    assert shown["cdp"]["limit"] == 5.0
    assert shown["tenant"]["client_secret"] == "**********"
    assert "secret-of-the-tenant" not in json.dumps(shown)
    assert ADMIN_KEY not in json.dumps(shown)
