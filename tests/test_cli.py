"""The commands as people run them: what they print, and their exit status."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from proxy import __version__, cli
from tests.conftest import StartGateway
from tests.servers import ADMIN_KEY
from tests.test_config import LEAST

ROOT = Path(__file__).parent.parent
HERO = """\
placement: hero
resource: me/products
decision: {flow: home_hero, segment: persona}
rules:
  - {name: vips, when: {segment: vip}, query: {categoryID: watches, sortBy: ["!xp.rating"]}}
  - {name: picked, when: {has: ids}, query: {ID: {from: ids}}, order: as-listed}
default: {query: {categoryID: featured}}
examples:
  - {given: {segment: vip}, expect: {rule: vips}}
"""
BROKEN = """\
placement: offers
resource: me/promotion
default: {query: {pageSize: 500}}
"""


@dataclass(frozen=True, slots=True)
class Run:
    """How a command ended, and what it said."""

    status: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True, slots=True)
class Shell:
    """A folder with a configuration and rules, and the command in it."""

    folder: Path
    capsys: pytest.CaptureFixture[str]

    def __call__(self, *arguments: str) -> Run:
        try:
            status = cli.main(arguments)
        except SystemExit as exc:
            status = int(exc.code or 0)
        said = self.capsys.readouterr()
        return Run(status, said.out, said.err)

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)


@pytest.fixture
def shell(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Shell:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    shell = Shell(tmp_path, capsys)
    shell.write("config.yaml", LEAST)
    shell.write("rules/hero.yaml", HERO)
    return shell


def test_check_says_that_nothing_is_wrong(shell: Shell) -> None:
    assert shell("check") == Run(0, "1 placement, no mistakes\n", "")


def test_check_names_every_mistake_with_its_place_and_its_mend(shell: Shell) -> None:
    shell.write("rules/offers.yaml", BROKEN)
    assert shell("check") == Run(
        1,
        "rules/offers.yaml:2:11: 'me/promotion' is not a list of OrderCloud's; "
        "did you mean 'me/promotions'?\n"
        "rules/offers.yaml:3:29: '500' cannot be pageSize; write a whole number from 1 to 100\n"
        "1 placement, 2 mistakes\n",
        "",
    )


def test_check_takes_another_folder(shell: Shell) -> None:
    shell.write("marketing/offers.yaml", BROKEN)
    assert shell("check", "marketing").status == 1
    assert shell("check", "marketing").lines[-1] == "no placements, 2 mistakes"


def test_check_gives_machines_the_same(shell: Shell) -> None:
    shell.write("rules/offers.yaml", BROKEN.replace("500", "50"))
    run = shell("check", "--json")
    assert run.status == 1
    assert run.json == {
        "placements": ["hero"],
        "problems": [
            {
                "file": "rules/offers.yaml",
                "line": 2,
                "column": 11,
                "what": "'me/promotion' is not a list of OrderCloud's",
                "mend": "did you mean 'me/promotions'?",
            }
        ],
        "notes": [],
    }


@pytest.mark.parametrize("command", ["check", "test", "explain hero --rules", "diff rules"])
def test_a_folder_that_is_not_there_is_a_usage_error(command: str, shell: Shell) -> None:
    run = shell(*command.split(), "missing")
    assert run.status == 2
    assert run.err.endswith("missing is not a folder\n")


def test_explain_says_rule_reason_and_request(shell: Shell) -> None:
    assert shell("explain", "hero", "--segment", "vip").lines == [
        "placement hero: rule 'vips' (matched)",
        "  rules/hero.yaml:5  vips: applies",
        "GET https://api.example/v1/me/products?categoryID=watches&sortBy=!xp.rating",
    ]


def test_explain_says_why_earlier_rules_do_not_apply(shell: Shell) -> None:
    shell.write("decision.json", '{"ids": ["b", "a"]}')
    assert shell("explain", "hero", "--decision", "decision.json").lines == [
        "placement hero: rule 'picked' (matched)",
        "  rules/hero.yaml:5  vips: no, segment is not given; wanted: 'vip'",
        "  rules/hero.yaml:6  picked: applies",
        "GET https://api.example/v1/me/products?ID=b|a",
        "then the gateway lists the items in the order of the IDs",
    ]


def test_explain_without_a_decision_explains_the_default(shell: Shell) -> None:
    assert shell("explain", "hero").lines[0] == "placement hero: rule 'default' (no-decision)"


def test_explain_gives_machines_the_same(shell: Shell) -> None:
    assert shell("explain", "hero", "--segment", "vip", "--json").json["requests"] == [
        "https://api.example/v1/me/products?categoryID=watches&sortBy=!xp.rating"
    ]


def test_explain_knows_the_placements_there_are(shell: Shell) -> None:
    assert shell("explain", "heroine") == Run(
        1, "", "no placement is called 'heroine'; known are: hero\n"
    )


def test_explain_asks_for_the_decision_where_a_segment_says_too_little(shell: Shell) -> None:
    shell.write("rules/hero.yaml", HERO.replace("segment: persona", 'segment: "personas[-1].name"'))
    assert shell("explain", "hero", "--segment", "vip") == Run(
        2,
        "",
        "'hero' does not read a segment from a plain path; "
        "give the flow's output with --decision FILE\n",
    )


@pytest.mark.parametrize(
    "text", ["{", "NaN", "\ud800".encode("utf-8", "surrogatepass"), "[" * 9999]
)
def test_explain_refuses_a_decision_that_the_gateway_could_not_read(
    text: str | bytes, shell: Shell
) -> None:
    (shell.folder / "decision.json").write_bytes(text if isinstance(text, bytes) else text.encode())
    run = shell("explain", "hero", "--decision", "decision.json")
    assert run.status == 2
    assert run.err.endswith("; give the flow's output with --decision FILE\n")


def test_explain_refuses_a_file_that_is_not_there(shell: Shell) -> None:
    run = shell("explain", "hero", "--decision", "missing.json")
    assert (run.status, "No such file" in run.err) == (2, True)


def test_explain_takes_a_moment(shell: Shell) -> None:
    scheduled = 'segment: vip}, schedule: {from: "2026-12-24"}, query'
    shell.write("rules/hero.yaml", HERO.replace("segment: vip}, query", scheduled))
    explained = ("explain", "hero", "--segment", "vip", "--at")
    assert "'default'" in shell(*explained, "2026-12-23T12:00Z").lines[0]
    assert "'vips'" in shell(*explained, "2026-12-24T12:00Z").lines[0]
    run = shell(*explained, "noon")
    assert (run.status, "noon is not a time" in run.err) == (2, True)


def test_explain_supposes_a_shopper_as_an_example_does(shell: Shell) -> None:
    member = "{name: members, when: {group: b2b}, schedule: {from: 2026-12-24}, query: {}}"
    shell.write("rules/hero.yaml", HERO.replace("rules:\n", f"rules:\n  - {member}\n"))
    given = "{group: [b2b, early], at: 2026-12-24 12:00}"
    assert shell("explain", "hero", "--given", given).lines[0] == (
        "placement hero: rule 'members' (matched)"
    )
    earlier = shell("explain", "hero", "--given", given, "--at", "2026-12-23T12:00Z")
    assert "'default'" in earlier.lines[0]


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("{segmnt: vip}", "--given:1:2: unknown key 'segmnt'; did you mean 'segment'?\n"),
        ("{at: noon}", "--given:1:6: 'noon' is not a time; write e.g. 2026-11-28 12:00\n"),
        ("vip", "--given:1:1: 'the file' is not a mapping; write `key: value` in it\n"),
    ],
)
def test_explain_refuses_a_shopper_that_no_example_could_give(
    given: str, found: str, shell: Shell
) -> None:
    assert shell("explain", "hero", "--given", given) == Run(1, "", found)


def test_explain_says_where_the_file_is_broken(shell: Shell) -> None:
    shell.write("rules/offers.yaml", BROKEN)
    run = shell("explain", "offers")
    assert run.status == 1
    assert run.err.splitlines() == [
        (
            "rules/offers.yaml:2:11: 'me/promotion' is not a list of OrderCloud's; "
            "did you mean 'me/promotions'?"
        ),
        "rules/offers.yaml:3:29: '500' cannot be pageSize; write a whole number from 1 to 100",
        "no placement is called 'offers'; known are: hero",
    ]
    assert shell("explain", "hero").err == ""


def test_test_runs_the_examples_of_the_files(shell: Shell) -> None:
    assert shell("test") == Run(0, "1 example, none failed\n", "")


def test_test_says_what_came_out_instead(shell: Shell) -> None:
    shell.write("rules/hero.yaml", HERO.replace("expect: {rule: vips}", "expect: {rule: picked}"))
    assert shell("test") == Run(
        1,
        "rules/hero.yaml:9: expected rule 'picked', got 'vips'\n1 example, 1 failed\n",
        "",
    )


def test_test_gives_machines_the_same(shell: Shell) -> None:
    assert shell("test", "--json").json == [
        {"place": "rules/hero.yaml:9", "placement": "hero", "wrong": None}
    ]


def test_diff_says_which_segments_get_another_list(shell: Shell) -> None:
    assert shell("diff", "rules", "rules") == Run(0, "no changes\n", "")
    shell.write("new/hero.yaml", HERO.replace("categoryID: watches", "categoryID: rings"))
    run = shell("diff", "rules", "new")
    assert run.status == 1
    assert run.out == (
        "hero, segment 'vip': /v1/me/products?categoryID=watches&sortBy=!xp.rating (vips) -> "
        "/v1/me/products?categoryID=rings&sortBy=!xp.rating (vips)\n"
        "1 change\n"
    )


def test_diff_gives_machines_the_same(shell: Shell) -> None:
    shell.write("new/hero.yaml", HERO.replace("categoryID: featured", "categoryID: new"))
    run = shell("diff", "rules", "new", "--json")
    assert (run.status, run.json["changes"]) == (
        1,
        [
            {
                "placement": "hero",
                "given": [{}],
                "before": "/v1/me/products?categoryID=featured (default)",
                "after": "/v1/me/products?categoryID=new (default)",
                "answers": None,
                "impacts": [],
            }
        ],
    )
    assert shell("diff", "rules", "rules", "--json").json["changes"] == []


TRAFFIC = """\
{"since": "2026-11-23T00:00:00Z", "until": "2026-11-23T12:00:00Z", "others": 0, "counted": [
  {"kind": {"placement": "hero", "rule": "vips", "segments": ["vip"]}, "answers": 30},
  {"kind": {"placement": "hero", "rule": "default"}, "answers": 70}]}
"""


@pytest.mark.parametrize(
    ("category", "more", "status"),
    [("watches", (), 0), ("rings", (), 1), ("rings", ("--yes",), 0), ("rings", ("--json",), 1)],
)
def test_diff_refuses_what_reaches_too_many(
    category: str, more: tuple[str, ...], status: int, shell: Shell
) -> None:
    shell.write("traffic.json", TRAFFIC)
    shell.write("new/hero.yaml", HERO.replace("categoryID: watches", f"categoryID: {category}"))
    run = shell("diff", "rules", "new", "--traffic", "traffic.json", *more)
    assert run.status == status
    refused = "refused: 30.0% of the recent answers would change; check.blast lets pass 20.0%; "
    assert run.err == (f"{refused}look again, then say --yes\n" if status else "")
    if not more and status:
        assert run.lines[-3:] == [
            "    30.0% of the recent answers",
            "30.0% of 100 answers since 2026-11-23 00:00 UTC change",
            "1 change",
        ]


def test_diff_lets_pass_what_the_configuration_lets_pass(shell: Shell) -> None:
    shell.write("traffic.json", TRAFFIC)
    shell.write("config.yaml", LEAST + "check: {blast: 0.3}\n")
    shell.write("new/hero.yaml", HERO.replace("categoryID: watches", "categoryID: rings"))
    assert shell("diff", "rules", "new", "--traffic", "traffic.json").status == 0


def test_diff_does_not_take_a_broken_file_for_one_that_is_gone_in_silence(shell: Shell) -> None:
    shell.write("new/hero.yaml", HERO)
    shell.write("new/offers.yaml", BROKEN)
    run = shell("diff", "rules", "new")
    assert (run.status, run.out) == (1, "no changes\n")
    assert run.err.startswith("new/offers.yaml:2:11: 'me/promotion' is not a list")


def test_test_says_which_files_are_broken(shell: Shell) -> None:
    shell.write("rules/offers.yaml", BROKEN)
    run = shell("test")
    assert (run.status, len(run.lines), run.lines[-1]) == (1, 3, "1 example, none failed")


def test_check_tells_rules_that_never_apply_and_notes_schedules(shell: Shell) -> None:
    more = """rules:
  - {name: first, when: {segment: vip}, query: {}}
  - {name: over, when: {segment: a}, schedule: {until: 2020-01-01}, query: {}}
"""
    shell.write("rules/hero.yaml", HERO.replace("rules:\n", more))
    run = shell("check")
    assert (run.status, run.lines) == (
        1,
        [
            (
                "rules/hero.yaml:7:1: 'vips' never applies: 'first' above it takes all of its "
                "shoppers; move it up, or narrow the other"
            ),
            (
                "note: rules/hero.yaml:6:1: 'over' does not apply: "
                "it ended 2020-01-02 00:00 (UTC); remove it"
            ),
            "1 placement, 1 mistake",
        ],
    )


def test_schema_is_that_of_the_rules_files(shell: Shell) -> None:
    run = shell("schema")
    assert (run.status, run.err) == (0, "")
    assert run.out == (ROOT / "schemas/rules.json").read_text()


def test_version_is_the_packages(shell: Shell) -> None:
    assert shell("--version") == Run(0, f"{__version__}\n", "")


COMMANDS = ("serve", "demo", "sandbox", "check", "test", "diff", "explain", "schema", "doctor")


def test_help_names_every_command(shell: Shell) -> None:
    run = shell("--help")
    assert run.status == 0
    assert all(f"    {command} " in run.out for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command: str, shell: Shell) -> None:
    run = shell(command, "--help")
    assert run.status == 0
    assert run.out.startswith(f"usage: decision-proxy {command} ")


@pytest.mark.parametrize("arguments", ["", "chekk", "check --jsno", "explain", "serve --port x"])
def test_a_usage_error_has_its_own_status(arguments: str, shell: Shell) -> None:
    run = shell(*arguments.split())
    assert (run.status, run.out) == (2, "")
    assert run.err.startswith("usage: decision-proxy")


@pytest.mark.parametrize("command", ["serve", "demo", "explain hero"])
def test_a_wrong_configuration_is_told_and_nothing_is_started(command: str, shell: Shell) -> None:
    shell.write("config.yaml", LEAST + "server: {prot: 80}")
    assert shell(*command.split()) == Run(
        1, "", "config.yaml:4:10: unknown key 'prot'; did you mean 'port'?\n"
    )


def test_a_configuration_that_is_not_there_is_told(shell: Shell) -> None:
    run = shell("serve", "--config", "missing.yaml")
    assert run.status == 1
    assert run.err.endswith("; name a file with --config\n")


def test_serve_says_that_its_rules_folder_is_missing(shell: Shell) -> None:
    shell.write(
        "config.yaml", LEAST + "rules: {folder: marketing}\nserver: {port: 0, admin_port: 0}"
    )
    assert shell("serve") == Run(1, "", "rules: marketing is not a folder; set rules.folder\n")


def installed() -> list[str]:
    return [str(Path(sys.executable).with_name("decision-proxy"))]


def as_module() -> list[str]:
    return [sys.executable, "-m", "proxy"]


@pytest.mark.parametrize("command", [installed, as_module])
def test_the_command_is_installed(command: Callable[[], list[str]]) -> None:
    done = subprocess.run(
        [*command(), "check", ROOT / "rules"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("placements, no mistakes\n")


@pytest.mark.parametrize(
    ("tags", "told"),
    [
        ([], "required: TAG"),
        (["nonsense"], "'nonsense' is no tag; write all, or one of product, category,"),
        (["product:"], "'product:' names nothing; write product:NAME"),
        (["all", "--soft", "--hard"], "not allowed with"),
    ],
)
def test_purge_refuses_what_is_no_tag(shell: Shell, tags: list[str], told: str) -> None:
    run = shell("purge", *tags)
    assert run.status == 2
    assert told in run.err


def test_purge_says_that_it_has_no_key(shell: Shell) -> None:
    run = shell("purge", "all")
    assert (run.status, run.out) == (1, "")
    assert run.err.startswith("admin.key: no admin key is set; set DECISION_PROXY__ADMIN__KEY")


async def test_purge_says_what_a_running_gateway_purged(
    shell: Shell, gateway: StartGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = str((await gateway({"hero.yaml": HERO})).admin.base_url)
    monkeypatch.setenv("DECISION_PROXY__ADMIN__KEY", ADMIN_KEY)
    purged = ("purge", "product:p1", "all", "--url", url)
    run = await asyncio.to_thread(shell, *purged)
    assert (run.status, run.out) == (0, "purged: product:p1, all\n")
    for option, soft in (("--json", False), ("--hard", False), ("--soft", True)):
        run = await asyncio.to_thread(shell, *purged, "--json", option)
        assert run.json == {"purged": ["product:p1", "all"], "soft": soft}


def test_webhook_prints_what_to_register(shell: Shell) -> None:
    run = shell("webhook", "https://shop.example", "--client", "a", "--client", "b")
    assert run.status == 0
    assert run.json["Url"] == "https://shop.example/webhooks/ordercloud"
    assert run.json["ApiClientIDs"] == ["a", "b"]
    assert "DECISION_PROXY__EVENTS__WEBHOOK_KEY" in run.json["HashKey"]
