"""`decision-proxy check --live`, as a user runs it against a tenant."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from proxy import cli
from tests.emulators import STOREFRONT, Cdp, OrderCloud
from tests.servers import free_socket, url_of

ROOT = Path(__file__).parent.parent
HERO = """\
placement: hero
resource: me/products
decision: {flow: home_hero, segment: persona}
rules:
  - {name: vips, when: {segment: vip}, query: {}}
  - {name: others, when: {segment: [loyal, repeatCustomer, browser, newVisitor]}, query: {}}
default: {query: {}}
"""


@dataclass(frozen=True, slots=True)
class Run:
    """How the command ended, and what it said."""

    status: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()


@dataclass(frozen=True, slots=True)
class Shell:
    """Runs the command in a folder of the test's own."""

    folder: Path
    capsys: pytest.CaptureFixture[str]

    async def check(self, rules: Mapping[str, str], *options: str) -> Run:
        for name, text in rules.items():
            (self.folder / "rules" / name).write_text(text)
        config, folder = str(self.folder / "config.yaml"), str(self.folder / "rules")
        arguments = ["check", folder, "--live", "--config", config, *options]
        status = await asyncio.to_thread(cli.main, arguments)
        said = self.capsys.readouterr()
        return Run(status, said.out.replace(f"{folder}/", ""), said.err)


def _config(ordercloud_url: str, cdp_url: str) -> str:
    return json.dumps(
        {
            "ordercloud": {"url": ordercloud_url, "clients": [STOREFRONT]},
            "cdp": {"url": cdp_url, "client_key": "sandbox", "point_of_sale": "demo"},
            "tenant": {"auth_url": cdp_url, "client_id": "sandbox-client"},
        }
    )


@pytest.fixture
def shell(
    ordercloud: OrderCloud,
    cdp: Cdp,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Shell:
    monkeypatch.setenv("DECISION_PROXY__TENANT__CLIENT_SECRET", "sandbox-secret")
    (tmp_path / "rules").mkdir()
    (tmp_path / "config.yaml").write_text(_config(ordercloud.url, cdp.url))
    return Shell(tmp_path, capsys)


async def test_rules_that_fit_the_tenant_have_no_mistakes(shell: Shell) -> None:
    run = await shell.check({"hero.yaml": HERO})
    assert (run.status, run.lines, run.err) == (0, ["1 placement, no mistakes"], "")


async def test_a_flow_that_the_tenant_does_not_have_is_told_with_the_nearest_name(
    shell: Shell,
) -> None:
    run = await shell.check({"hero.yaml": HERO.replace("home_hero", "homehero")})
    assert run.status == 1
    assert run.lines == [
        "hero.yaml:3:1: CDP has no flow 'homehero'; did you mean 'home_hero'?",
        "1 placement, 1 mistake",
    ]


async def test_a_key_that_the_flow_never_puts_out_is_told_with_the_nearest_name(
    shell: Shell,
) -> None:
    run = await shell.check({"hero.yaml": HERO.replace("segment: persona", "segment: personna")})
    assert run.status == 1
    assert run.lines[0] == (
        "hero.yaml:3:1: the flow 'home_hero' never puts out 'personna'; did you mean 'persona'?"
    )


async def test_a_segment_that_no_table_emits_is_told_with_the_nearest_name(shell: Shell) -> None:
    run = await shell.check({"hero.yaml": HERO.replace("repeatCustomer", "repeatCustomers")})
    assert run.status == 1
    assert run.lines[0] == (
        "hero.yaml:6:1: the flow 'home_hero' never names the segment 'repeatCustomers'; "
        "did you mean 'repeatCustomer'?"
    )


async def test_a_value_of_the_tables_that_no_rule_handles_is_a_note_and_no_mistake(
    shell: Shell,
) -> None:
    run = await shell.check({"hero.yaml": HERO.replace("browser, ", "")})
    assert run.status == 0
    assert run.lines == [
        (
            "note: hero.yaml:3:1: the flow 'home_hero' also names 'browser', which no rule "
            "handles; those shoppers see the default"
        ),
        "1 placement, no mistakes",
    ]


@pytest.mark.parametrize(
    ("definition", "said"),
    [
        ({"status": "PAUSED"}, "is not live in CDP, but PAUSED"),
        ({"status": "DRAFT"}, "is not live in CDP, but DRAFT"),
        ({"type": "TRIGGERED_V3", "trigger": "ABANDONED_CART"}, "is started by events"),
    ],
)
async def test_a_flow_that_does_not_run_for_placements_is_a_note(
    shell: Shell, cdp: Cdp, definition: dict[str, Any], said: str
) -> None:
    output = {"output": {"persona": "vip"}}
    answer = await cdp.http.put("/_sandbox/flows/other", json={**output, **definition})
    answer.raise_for_status()
    text = "placement: slot\nresource: me/products\ndecision: {flow: other}\ndefault: {query: {}}"
    run = await shell.check({"slot.yaml": text})
    assert run.status == 0
    assert run.lines[0].startswith(f"note: slot.yaml:3:1: the flow 'other' {said}")


async def test_mistakes_in_the_files_themselves_are_told_too(shell: Shell) -> None:
    broken = HERO.replace("resource: me/products", "resource: me/product")
    misfit = HERO.replace("home_hero", "homehero").replace("placement: hero", "placement: two")
    run = await shell.check({"broken.yaml": broken, "misfit.yaml": misfit})
    assert run.status == 1
    assert [line.partition(":")[0] for line in run.lines[:-1]] == ["broken.yaml", "misfit.yaml"]
    assert run.lines[-1] == "1 placement, 2 mistakes"


async def test_machines_get_problems_and_notes_with_their_places(shell: Shell) -> None:
    files = {
        "hero.yaml": HERO.replace("browser, ", ""),
        "two.yaml": HERO.replace("home_hero", "homehero").replace(": hero", ": two"),
    }
    run = await shell.check(files, "--json")
    found = json.loads(run.out)
    assert run.status == 1
    assert found["placements"] == ["hero", "two"]
    assert found["problems"] == [
        {
            "file": "two.yaml",
            "line": 3,
            "column": 1,
            "what": "CDP has no flow 'homehero'",
            "mend": "did you mean 'home_hero'?",
        }
    ]
    assert [(one["file"], one["line"]) for one in found["notes"]] == [("hero.yaml", 3)]


async def test_what_the_catalogue_lacks_is_told_beside_what_the_tenant_does(shell: Shell) -> None:
    run = await shell.check({"hero.yaml": HERO.replace("query: {}}", "query: {ID: gone}}", 1)})
    assert (run.status, run.err) == (1, "")
    assert run.lines == [
        (
            "hero.yaml:5:1: 'vips': the list is empty for anonymous shoppers; "
            "widen it, or make the items visible"
        ),
        (
            "hero.yaml:5:1: 'vips': 'gone' is not there for anonymous shoppers; "
            "remove it, or make it visible"
        ),
        "1 placement, 2 mistakes",
    ]


async def test_without_a_tenant_only_the_catalogue_is_looked_at(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DECISION_PROXY__TENANT__CLIENT_SECRET")
    run = await shell.check({"hero.yaml": HERO.replace("home_hero", "no_such_flow")})
    assert (run.status, run.lines) == (
        0,
        [
            (
                "note: tenant: flows were not compared with CDP; set tenant.client_id, "
                "and DECISION_PROXY__TENANT__CLIENT_SECRET"
            ),
            "1 placement, no mistakes",
        ],
    )


async def test_a_marketplace_out_of_reach_ends_the_check(shell: Shell, cdp: Cdp) -> None:
    with free_socket() as nobody:
        (shell.folder / "config.yaml").write_text(_config(url_of(nobody), cdp.url))
        run = await shell.check({"hero.yaml": HERO})
    assert (run.status, run.out) == (1, "")
    assert "OrderCloud" in run.err


async def test_wrong_credentials_end_the_check_with_what_to_set(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DECISION_PROXY__TENANT__CLIENT_SECRET", "not-the-secret")
    run = await shell.check({"hero.yaml": HERO})
    assert (run.status, run.out) == (1, "")
    assert run.err == "the tenant answered 401 to tenant.client_id\n"


async def test_a_tenant_out_of_reach_ends_the_check(shell: Shell, ordercloud: OrderCloud) -> None:
    with free_socket() as nobody:
        config = _config(ordercloud.url, url_of(nobody))
        (shell.folder / "config.yaml").write_text(config)
        run = await shell.check({"hero.yaml": HERO})
    assert (run.status, run.out) == (1, "")
    assert run.err.startswith("the tenant's sign-in cannot be reached")


async def test_without_a_configuration_the_check_says_how_to_name_one(shell: Shell) -> None:
    (shell.folder / "config.yaml").unlink()
    run = await shell.check({"hero.yaml": HERO})
    assert run.status == 1
    assert "name a file with --config" in run.err


async def test_the_shipped_rules_fit_the_shipped_sandbox(ordercloud: OrderCloud, cdp: Cdp) -> None:
    """The command of the README, in a process of its own."""
    settings = {
        "TENANT__CLIENT_SECRET": "sandbox-secret",
        "TENANT__AUTH_URL": cdp.url,
        "CDP__URL": cdp.url,
        "ORDERCLOUD__URL": ordercloud.url,
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "proxy", "check", "--live"),
        cwd=ROOT,
        env={f"DECISION_PROXY__{name}": value for name, value in settings.items()},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert (process.returncode, err) == (0, b"")
    assert out.decode().splitlines() == ["6 placements, no mistakes"]
