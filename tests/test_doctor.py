"""`decision-proxy doctor`: what it finds, against running services and against none."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from proxy import config, doctor
from proxy.doctor import Finding
from tests.emulators import STOREFRONT, Cdp, OrderCloud
from tests.redis import RedisServer, running_redis
from tests.servers import free_socket, running_gateway

HERO = "placement: hero\nresource: me/products\ndefault: {query: {}}\n"


def free_port() -> int:
    with free_socket() as listener:
        return int(listener.getsockname()[1])


class Site:
    """A folder with a configuration that is fine, to be spoilt."""

    def __init__(self, folder: Path, ordercloud: str, cdp: str) -> None:
        self.folder = folder
        self.settings: dict[str, dict[str, Any]] = {
            "server": {"port": free_port(), "admin_port": free_port()},
            "ordercloud": {"url": ordercloud, "clients": [STOREFRONT]},
            "cdp": {"url": cdp, "client_key": "sandbox", "point_of_sale": "demo"},
            "cache": {"pages": "8MiB", "decisions": "8MiB"},
        }
        (folder / "rules").mkdir()
        (folder / "rules" / "hero.yaml").write_text(HERO)

    @property
    def path(self) -> Path:
        path = self.folder / "config.yaml"
        path.write_text(yaml.safe_dump(self.settings))
        return path

    async def examine(self, **sections: Mapping[str, Any]) -> dict[str, Finding]:
        """Return the findings by part, with some settings changed."""
        for name, section in sections.items():
            self.settings[name] = {**self.settings.get(name, {}), **section}
        return {finding.part: finding for finding in await doctor.examine(self.path)}


@pytest.fixture(autouse=True)
def admin_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DECISION_PROXY__ADMIN__KEY", "a-key-that-is-long-enough")


@pytest.fixture
def site(tmp_path: Path, ordercloud: OrderCloud, cdp: Cdp) -> Site:
    return Site(tmp_path, ordercloud.url, cdp.url)


@pytest.fixture
def lonely(tmp_path: Path) -> Site:
    """Return a site whose services nobody runs."""
    return Site(tmp_path, f"http://127.0.0.1:{free_port()}", f"http://127.0.0.1:{free_port()}")


def bad(findings: Mapping[str, Finding]) -> set[str]:
    return {part for part, finding in findings.items() if not finding.is_fine}


async def test_everything_is_fine_against_running_services(site: Site) -> None:
    findings = await site.examine()
    assert bad(findings) == set()
    assert findings["rules"].seen.startswith("1 placement")
    assert findings["OrderCloud"].seen == f"{site.settings['ordercloud']['url']} answers"
    assert findings["token keys"].seen == f"an anonymous token of {STOREFRONT} verifies"
    assert findings["CDP"].seen == f"{site.settings['cdp']['url']} runs flows"


async def test_a_doctors_visit_is_recorded_for_no_guest(site: Site, cdp: Cdp) -> None:
    await site.examine()
    (call,) = await cdp.calls()
    assert '"decision_proxy_doctor"' in call["body"]


async def test_services_that_nobody_runs_are_told_with_what_to_do(lonely: Site) -> None:
    findings = await lonely.examine()
    assert bad(findings) == {"OrderCloud", "CDP"}
    assert findings["OrderCloud"].mend == (
        "check ordercloud.url, and that this machine may reach it"
    )
    assert findings["CDP"].mend == "check cdp.url; until CDP answers, shoppers see the defaults"


async def test_a_wrong_configuration_is_all_that_is_told(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("server: {prot: 1}\n")
    findings = await doctor.examine(path)
    assert {finding.part for finding in findings} == {"configuration"}
    assert "unknown key 'prot'; did you mean 'port'?" in "\n".join(f.seen for f in findings)


async def test_a_missing_admin_key_is_told_with_a_good_one(
    lonely: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DECISION_PROXY__ADMIN__KEY")
    finding = (await lonely.examine())["admin key"]
    assert finding.is_fine
    assert finding.seen == "not set, so metrics and config stay closed"
    assert finding.mend.startswith("set DECISION_PROXY__ADMIN__KEY, e.g. to ")


async def test_without_webhooks_it_is_told_when_edits_show(
    lonely: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    without = (await lonely.examine())["webhooks"]
    assert "shows after cache.page_fresh" in without.seen
    assert "decision-proxy webhook prints what to register" in without.mend
    monkeypatch.setenv("DECISION_PROXY__EVENTS__WEBHOOK_KEY", "a-key")
    assert (await lonely.examine())["webhooks"].mend == ""


async def test_a_short_admin_key_is_told_where_others_may_try_it(
    lonely: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DECISION_PROXY__ADMIN__KEY", "short")
    assert (await lonely.examine())["admin key"].is_fine
    findings = await lonely.examine(server={"admin_host": "0.0.0.0"})  # noqa: S104 - a setting
    assert not findings["admin key"].is_fine


async def test_a_port_that_something_else_uses_is_told(lonely: Site) -> None:
    with free_socket() as taken:
        taken.listen()
        port = taken.getsockname()[1]
        finding = (await lonely.examine(server={"port": port}))["port"]
    assert finding.seen == f"cannot listen on 127.0.0.1:{port}: Address already in use"
    assert finding.mend == "stop what uses it, or set server.port"


async def test_a_running_gateway_is_known_by_its_port(site: Site) -> None:
    with free_socket() as unused:
        port = unused.getsockname()[1]
    async with running_gateway(config.load(site.path)) as gateway:
        admin = int(str(gateway.admin.base_url.port))
        finding = (await site.examine(server={"port": port, "admin_port": admin}))["admin port"]
    assert finding.seen == f"127.0.0.1:{admin} is served by a running gateway"


async def test_mistakes_in_rules_are_counted_and_the_first_is_shown(lonely: Site) -> None:
    (lonely.folder / "rules" / "hero.yaml").write_text("placement: hero\n")
    finding = (await lonely.examine())["rules"]
    assert finding.seen.startswith("2 mistakes; the first is ")
    assert finding.mend == f"run: decision-proxy check {lonely.folder / 'rules'}"


async def test_a_folder_without_rules_is_told(lonely: Site) -> None:
    (lonely.folder / "rules" / "hero.yaml").unlink()
    assert "defines no placement" in (await lonely.examine())["rules"].seen
    assert "is not a folder" in (await lonely.examine(rules={"folder": "no"}))["rules"].seen


async def test_caches_larger_than_the_machine_are_told(lonely: Site) -> None:
    finding = (await lonely.examine(cache={"pages": "9999GiB"}))["cache"]
    assert finding.mend == "lower cache.pages and cache.decisions"


async def test_a_place_where_no_snapshot_can_be_written_is_told(lonely: Site) -> None:
    (lonely.folder / "taken").write_text("no folder")
    good = await lonely.examine(cache={"snapshot": "state/snapshot"})
    bad = await lonely.examine(cache={"snapshot": "taken/snapshot"})
    assert good["snapshot"].is_fine
    assert (bad["snapshot"].is_fine, bool(bad["snapshot"].mend)) == (False, True)


async def test_a_client_without_anonymous_shoppers_leaves_the_keys_unchecked(site: Site) -> None:
    finding = (await site.examine(ordercloud={"clients": ["admin-client"]}))["token keys"]
    assert finding.is_fine
    assert finding.seen.startswith("not checked: admin-client gives no anonymous token (HTTP 4")


async def test_a_token_that_the_settings_refuse_is_told(site: Site) -> None:
    finding = (await site.examine(ordercloud={"issuers": ["https://other.example"]}))["token keys"]
    assert finding.seen == (
        f"a token of {STOREFRONT} was refused: the token's issuer (iss) is not accepted here"
    )
    assert finding.mend == "check ordercloud.issuers, audiences, clients and user_types"


async def test_a_host_that_is_no_ordercloud_is_told(site: Site) -> None:
    url = site.settings["cdp"]["url"]
    finding = (await site.examine(ordercloud={"url": url}))["OrderCloud"]
    assert finding.seen == f"{url} answered 404 to a call without a token, not 401"
    assert finding.mend == "is ordercloud.url an OrderCloud API?"


@pytest.mark.parametrize("wrong", [{"client_key": "other"}, {"point_of_sale": "other"}])
async def test_a_tenant_that_does_not_know_us_is_told(wrong: dict[str, str], site: Site) -> None:
    finding = (await site.examine(cdp=wrong))["CDP"]
    assert not finding.is_fine
    assert finding.mend.startswith("check cdp.client_key and cdp.point_of_sale")


async def test_redis_that_answers_is_fine(site: Site, tmp_path: Path) -> None:
    async with running_redis(tmp_path) as server:
        findings = await site.examine(redis=server.section)
        assert findings["Redis"] == Finding("Redis", True, f"{server.node} answers")


async def test_redis_that_is_nowhere_is_told(lonely: Site, tmp_path: Path) -> None:
    findings = await lonely.examine(redis=RedisServer(tmp_path).section)
    assert not findings["Redis"].is_fine
    assert "redis.nodes" in findings["Redis"].mend


@pytest.mark.parametrize(
    ("policy", "persists", "is_fine"),
    [("allkeys-lru", "yes", False), ("volatile-lru", "yes", True), ("volatile-lru", "no", False)],
)
async def test_redis_that_may_forget_events_is_told(
    lonely: Site, tmp_path: Path, policy: str, persists: str, *, is_fine: bool
) -> None:
    options = ("--maxmemory", "50mb", "--maxmemory-policy", policy, "--appendonly", persists)
    async with running_redis(tmp_path, *options) as server:
        findings = await lonely.examine(redis=server.section, events={"outbox": "redis"})
    assert findings["Redis"].is_fine is is_fine


def test_a_finding_is_one_line_or_two() -> None:
    assert Finding("rules", True, "seen").as_text() == "ok   rules: seen"
    assert Finding("rules", False, "seen", "mend").as_text() == "BAD  rules: seen\n     mend"
